"""Collections, uploads and documents on the chat page."""

import threading

import pytest
from playwright.sync_api import Page, expect

from tests.app.web.fake_service import Service, document, job
from tests.app.web.steps import open_page, upload

pytestmark = pytest.mark.browser


def test_unreachable_list_is_said_and_can_be_retried(page: Page, service: Service) -> None:
    page.route("**/documents?*", lambda route: route.abort())
    open_page(page, service)
    expect(page.locator("#document-problem")).to_contain_text("连接不上服务")
    service.documents = [document()]
    page.unroute("**/documents?*")
    page.click("#document-problem button")
    expect(page.locator(".document-title")).to_have_text("𠮷祥条例")


@pytest.mark.parametrize("streams", [True, False], ids=["events", "polling"])
def test_upload_shows_progress_and_ends_searchable(
    page: Page, service: Service, streams: bool
) -> None:
    service.streams_jobs = streams
    service.hold = threading.Event() if streams else None
    service.jobs = [job("running"), job("done", progress=1.0)]
    open_page(page, service)
    upload(page, "甲.txt")
    row = page.locator(".upload")
    expect(row.locator(".upload-status")).to_have_text("计算向量 50%，约剩 12 秒")
    expect(row.locator("progress")).to_have_js_property("value", 0.5)
    service.documents = [document("d9", "甲")]
    if service.hold is not None:
        service.hold.set()
    expect(row).to_have_attribute("data-state", "done")
    expect(page.locator(".document-title")).to_have_text("甲")
    assert service.received == [("甲.txt", "default")]


def test_many_files_are_all_sent_and_one_failure_stays_with_its_reason(
    page: Page, service: Service
) -> None:
    problem = {"status": 415, "title": "Unsupported", "detail": "No parser for this file."}
    service.uploads = [problem]
    open_page(page, service)
    upload(page, *(f"{number}.txt" for number in range(7)))
    expect(page.locator(".upload[data-state=done]")).to_have_count(6)
    failed = page.locator(".upload[data-state=failed]")
    expect(failed).to_contain_text("不支持这种文件。 No parser for this file.")
    page.click("#uploads-clear")
    expect(page.locator(".upload")).to_have_count(1)
    failed.get_by_role("button", name="重试").click()
    expect(page.locator(".upload")).to_have_attribute("data-state", "done")


def test_failed_job_shows_its_reason(page: Page, service: Service) -> None:
    service.jobs = [job("failed", reason="The file holds no text.")]
    open_page(page, service)
    upload(page, "a.txt")
    expect(page.locator(".upload-reason")).to_have_text(
        "文件里没有可以索引的文字。 The file holds no text."
    )
    page.click("#language")
    expect(page.locator(".upload-reason")).to_have_text("The file holds no text.")


def test_duplicate_upload_names_the_document_it_repeats(page: Page, service: Service) -> None:
    service.documents = [document()]
    service.uploads = [{"status": "duplicate", "job_id": None, "duplicate_of": "d1"}]
    open_page(page, service)
    upload(page, "a.txt")
    expect(page.locator(".upload-status")).to_have_text("内容与《𠮷祥条例》相同，没有重复收录")


def test_dropped_file_goes_to_the_chosen_collection(page: Page, service: Service) -> None:
    open_page(page, service)
    page.click("#collection-add")
    page.fill("#collection-name", "法规")
    page.press("#collection-name", "Enter")
    page.evaluate(
        """const transfer = new DataTransfer();
        transfer.items.add(new File(["x"], "拖.txt"));
        document.getElementById("drop").dispatchEvent(new DragEvent("drop",
        {dataTransfer: transfer, bubbles: true, cancelable: true}))"""
    )
    expect(page.locator(".upload")).to_have_attribute("data-state", "done")
    assert service.received == [("拖.txt", "法规")]
    page.reload()
    expect(page.locator("#collection")).to_have_value("法规")


def test_reload_goes_on_following_what_is_under_way(page: Page, service: Service) -> None:
    service.hold = threading.Event()
    service.jobs = [job("running"), job("done", progress=1.0)]
    open_page(page, service)
    upload(page, "a.txt")
    expect(page.locator(".upload")).to_have_attribute("data-state", "running")
    page.reload()
    service.hold.set()
    expect(page.locator(".upload")).to_have_attribute("data-state", "done")


def test_delete_asks_first_and_then_removes(page: Page, service: Service) -> None:
    service.documents = [document()]
    open_page(page, service)
    remove = page.get_by_role("button", name="删除《𠮷祥条例》")
    remove.click()
    page.get_by_role("dialog").get_by_role("button", name="取消").click()
    assert service.deleted == []
    remove.click()
    expect(page.locator("#confirm-detail")).to_contain_text("将被永久删除")
    page.get_by_role("dialog").get_by_role("button", name="删除", exact=True).click()
    expect(page.locator(".document")).to_have_count(0)
    assert service.deleted == ["d1"]


def test_cancelled_upload_stops_and_can_be_retried(page: Page, service: Service) -> None:
    service.streams_jobs = False
    service.jobs = [job("running")]
    open_page(page, service)
    upload(page, "a.txt")
    page.get_by_role("button", name="取消 a.txt").click()
    expect(page.locator(".upload-status")).to_have_text("已取消")
    service.jobs[:] = [job("done", progress=1.0)]
    page.get_by_role("button", name="重试").click()
    expect(page.locator(".upload")).to_have_attribute("data-state", "done")
