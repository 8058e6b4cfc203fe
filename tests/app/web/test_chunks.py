"""The chunks panel: where a document was cut, how sure that is, and what each piece says."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.app.web.fake_service import Service, chunk, document, key, stored_text
from tests.app.web.steps import open_page

pytestmark = pytest.mark.browser

FIRST = "𠮷祥条例😀\n第一条 总则\n为了规范存储，制定本条例。"
SECOND = "第二条 期限\n记录应当保存五年。期满后销毁。"
THIRD = "<img src=x onerror=alert(1)>\n类别 | 年限"
CUT = [
    chunk(0, FIRST, key("heading", "𠮷祥条例😀"), key("keyphrase", "规范存储")),
    chunk(1, SECOND, key("heading", "𠮷祥条例😀"), key("entity", "五年"), coherence=0.12),
    chunk(2, THIRD, key("keyphrase", "<img src=x onerror=alert(1)>"), coherence=0.871),
]


def open_chunks(page: Page, service: Service, chunks: list[dict[str, Any]]) -> None:
    service.documents = [document()]
    service.chunks = chunks
    open_page(page, service)
    page.get_by_role("button", name="《𠮷祥条例》的分块").click()
    expect(page.locator("#chunks-title")).to_be_focused()


def test_chunks_show_each_border_with_its_probability_and_the_text_as_text(
    page: Page, service: Service
) -> None:
    open_chunks(page, service, CUT)
    expect(page.locator("#chunks-count")).to_have_text("共 3 块")
    expect(page.locator(".chunk-text")).to_have_text([FIRST, SECOND, THIRD])
    expect(page.locator(".chunk-path").first).to_have_text("𠮷祥条例😀")
    expect(page.locator("#chunks img")).to_have_count(0)
    expect(page.locator(".chunk >> nth=0").locator(".chunk-border")).to_have_count(0)
    expect(page.locator(".chunk-border")).to_have_text(
        ["接续概率 12%此处换了话题", "接续概率 87%话题未变，因标题、版面或长度在此切开"]
    )
    expect(page.locator("meter").last).to_have_js_property("value", 0.871)
    page.click("#language")
    expect(page.locator(".chunk-percent").first).to_have_text("Goes on: 12%")
    expect(page.locator(".chunk >> nth=1").locator(".key-kind")).to_have_text(
        ["Headings", "Entities"]
    )
    page.keyboard.press("Escape")
    expect(page.locator("#chunks")).to_be_hidden()
    expect(page.get_by_role("button", name="Chunks of “𠮷祥条例”")).to_be_focused()


def test_key_marks_its_span_until_it_is_chosen_again(page: Page, service: Service) -> None:
    open_chunks(page, service, CUT)
    entity = page.get_by_role("button", name="五年", exact=True)
    entity.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#chunks mark")).to_have_text("五年")
    expect(entity).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("document.querySelector('#chunks mark').previousSibling.data") == (
        "第二条 期限\n记录应当保存"
    )
    # Code points outside the basic plane stand before it.
    page.get_by_role("button", name="规范存储").click()
    expect(page.locator("#chunks mark")).to_have_text("规范存储")
    # A heading stands in the chunk before.
    page.locator(".chunk >> nth=1").get_by_role("button", name="𠮷祥条例😀").click()
    expect(page.locator(".chunk >> nth=0").locator("mark")).to_have_text("𠮷祥条例😀")
    expect(page.locator("#chunks mark")).to_have_count(1)
    expect(entity).to_have_attribute("aria-pressed", "false")
    page.locator(".chunk >> nth=1").get_by_role("button", name="𠮷祥条例😀").click()
    expect(page.locator("#chunks mark")).to_have_count(0)
    expect(page.locator(".chunk-text")).to_have_text([FIRST, SECOND, THIRD])


def test_long_document_pages_in_and_starts_anew_at_a_new_revision(
    page: Page, service: Service
) -> None:
    many = [chunk(number, SECOND) for number in range(120)]
    open_chunks(page, service, many)
    expect(page.locator(".chunk")).to_have_count(50)
    expect(page.locator("#chunks-hint")).to_be_hidden()
    page.click("#chunk-more")
    expect(page.locator(".chunk")).to_have_count(100)
    expect(page.locator(".chunk >> nth=50").locator("h3")).to_be_focused()
    service.chunks = [{**one, "revision": "r2"} for one in many]
    page.click("#chunk-more")
    expect(page.locator(".chunk")).to_have_count(50)
    expect(page.locator("#chunk-more")).to_be_visible()


def test_chunks_and_source_take_each_others_place(page: Page, service: Service) -> None:
    service.text = stored_text()
    open_chunks(page, service, [])
    page.click(".document-open")
    expect(page.locator("#source-text")).to_contain_text("第一条 总则")
    expect(page.locator("#chunks")).to_be_hidden()
    page.get_by_role("button", name="《𠮷祥条例》的分块").click()
    expect(page.locator("#source")).to_be_hidden()
    expect(page.locator("#chunks")).to_be_visible()
    page.route("**/chunks?*", lambda route: route.abort())
    page.click("#chunks-close")
    page.get_by_role("button", name="《𠮷祥条例》的分块").click()
    expect(page.locator("#chunks-notice")).to_contain_text("连接不上服务")
    page.unroute("**/chunks?*")
    service.chunks = CUT
    page.click("#chunks-notice button")
    expect(page.locator(".chunk")).to_have_count(3)
