"""Locked files and archives in the upload list of the chat page."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.app.web.fake_service import Service, job
from tests.app.web.steps import open_page, upload

pytestmark = pytest.mark.browser

LOCKED = {
    "status": 422,
    "title": "The document could not be ingested",
    "detail": "The document needs a password. Send it in the field `password`.",
    "code": "password_required",
}
WRONG = job("failed", reason="The password does not open it.", code="wrong_password")


def entry(name: str, status: str = "queued", **more: Any) -> dict[str, Any]:
    return {"name": name, "status": status, "job_id": None, **more}


def unlock(page: Page, password: str) -> None:
    page.get_by_label("a.pdf 的密码").fill(password)
    page.get_by_role("button", name="用密码重新上传").click()


def test_locked_file_refused_by_the_service_is_sent_again_with_the_password(
    page: Page, service: Service
) -> None:
    service.uploads = [LOCKED]
    open_page(page, service)
    upload(page, "a.pdf")
    expect(page.locator(".upload-reason")).to_have_text("文件有密码，打不开。")
    unlock(page, "芝麻 open")
    expect(page.locator(".upload")).to_have_attribute("data-state", "done")
    expect(page.locator(".upload-password")).to_be_hidden()
    assert service.passwords == ["", "芝麻 open"]


def test_locked_file_whose_job_fails_takes_passwords_until_one_opens_it(
    page: Page, service: Service
) -> None:
    locked = job("failed", reason="It needs a password.", code="password_required")
    service.ends = {"j1": locked, "j2": WRONG}
    service.uploads = [entry("a.pdf", job_id="j1"), entry("a.pdf", job_id="j2")]
    open_page(page, service)
    upload(page, "a.pdf")
    unlock(page, "wrong")
    expect(page.locator(".upload-reason")).to_have_text("密码不对，打不开这个文件。")
    unlock(page, "right")
    expect(page.locator(".upload")).to_have_attribute("data-state", "done")
    assert service.passwords == ["", "wrong", "right"]


def test_password_is_sent_once_and_kept_nowhere(page: Page, service: Service) -> None:
    service.ends = {"j1": WRONG}
    service.uploads = [LOCKED, entry("a.pdf", job_id="j1")]
    open_page(page, service)
    upload(page, "a.pdf")
    unlock(page, "opensesame")
    expect(page.locator(".upload-reason")).to_have_text("密码不对，打不开这个文件。")
    expect(page.get_by_label("a.pdf 的密码")).to_have_value("")
    stored = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "opensesame" not in stored + page.content()
    page.get_by_role("button", name="重试").click()
    expect(page.locator(".upload")).to_have_attribute("data-state", "done")
    assert service.passwords == ["", "opensesame", ""]


def test_file_that_fails_otherwise_asks_for_no_password(page: Page, service: Service) -> None:
    service.jobs = [job("failed", reason="The file holds no text.")]
    open_page(page, service)
    upload(page, "a.txt")
    expect(page.locator(".upload")).to_have_attribute("data-state", "failed")
    expect(page.locator(".upload-password")).to_be_hidden()


def test_archive_shows_every_file_with_what_became_of_it(page: Page, service: Service) -> None:
    rejected = {"code": "unsupported_media", "reason": "No parser for programs."}
    service.ends = {
        "j2": job("running", progress=0.25),
        "j3": job("failed", reason="No text."),
    }
    service.uploads = [
        [
            entry("甲/一.txt", job_id="j1"),
            entry("甲/二.txt", job_id="j2"),
            entry("三.pdf", job_id="j3"),
            entry("四.exe", "rejected", **rejected),
            entry("五.txt", "duplicate", duplicate_of="d1"),
        ]
    ]
    service.streams_jobs = False
    open_page(page, service)
    upload(page, "全部.zip")
    row, parts = page.locator(".upload"), page.locator(".upload-part")
    summary = "5 个文件：1 个可以提问，1 个已在库中，1 个处理中，2 个失败"
    expect(row.locator("> .upload-status")).to_have_text(summary)
    expect(row).to_have_attribute("data-state", "running")
    expect(row.locator("> progress")).to_have_js_property("value", (4 + 0.25) / 5)
    expect(parts.locator(".upload-part-name")).to_have_text(
        ["甲/一.txt", "甲/二.txt", "三.pdf", "四.exe", "五.txt"]
    )
    expect(parts.nth(1).locator(".upload-status")).to_have_text("计算向量 25%，约剩 12 秒")
    expect(parts.nth(2)).to_contain_text("文件里没有可以索引的文字。 No text.")
    expect(parts.nth(3)).to_contain_text("不支持这种文件。 No parser for programs.")
    service.ends["j2"] = job("done", progress=1.0)
    expect(row).to_have_attribute("data-state", "failed")
    page.click("#language")
    expect(row.locator("> .upload-status")).to_have_text(
        "5 files: 2 ready, 1 already here, 2 failed"
    )


def test_long_archive_is_counted_and_names_what_failed(page: Page, service: Service) -> None:
    service.ends = {"j7": job("failed", reason="No text.")}
    service.uploads = [[entry(f"{at}.txt", job_id=f"j{at}") for at in range(40)]]
    open_page(page, service)
    upload(page, "all.zip")
    expect(page.locator(".upload > .upload-status")).to_have_text(
        "40 个文件：39 个可以提问，1 个失败"
    )
    expect(page.locator(".upload-part-name")).to_have_text(["7.txt"])


def test_archive_of_rejected_files_tells_why_for_each(page: Page, service: Service) -> None:
    errors = [
        {"loc": ["body", "file", 0, "a.exe"], "msg": "No parser.", "code": "unsupported_media"},
        {"loc": ["body", "file", 1, "b.txt"], "msg": "Locked.", "code": "password_required"},
    ]
    problem = {"status": 422, "title": "No file was taken in", "detail": "See `errors`."}
    service.uploads = [{**problem, "code": "all_files_rejected", "errors": errors}]
    open_page(page, service)
    upload(page, "a.pdf")
    expect(page.locator(".upload-part-name")).to_have_text(["a.exe", "b.txt"])
    unlock(page, "secret")
    expect(page.locator(".upload")).to_have_attribute("data-state", "done")
    expect(page.locator(".upload-part")).to_have_count(0)
    assert service.passwords == ["", "secret"]


def test_archive_under_way_is_followed_on_after_a_reload(page: Page, service: Service) -> None:
    service.ends = {f"j{at}": job("running") for at in range(3)}
    service.streams_jobs = False
    service.uploads = [[entry(f"{at}.txt", job_id=f"j{at}") for at in range(3)]]
    open_page(page, service)
    upload(page, "all.zip")
    expect(page.locator(".upload-part[data-state=running]")).to_have_count(3)
    page.reload()
    expect(page.locator(".upload-name")).to_have_text("all.zip")
    expect(page.locator(".upload-part-name")).to_have_text(["0.txt", "1.txt", "2.txt"])
    service.ends = {}
    expect(page.locator(".upload")).to_have_attribute("data-state", "done")


def test_cancel_stops_every_file_of_an_archive(page: Page, service: Service) -> None:
    service.jobs = [job("running")]
    service.streams_jobs = False
    service.uploads = [[entry(f"{at}.txt", job_id=f"j{at}") for at in range(2)]]
    open_page(page, service)
    upload(page, "all.zip")
    page.get_by_role("button", name="取消 all.zip").click()
    expect(page.locator(".upload > .upload-status")).to_have_text("2 个文件：2 个已取消")
