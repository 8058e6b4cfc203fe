"""The source panel: exactly what was cited, or an honest word."""

import pytest
from playwright.sync_api import Page, expect

from tests.app.web.fake_service import QUOTE, TEXT, Service, answered, citation, final, stored_text
from tests.app.web.steps import ask_and_open_source

pytestmark = pytest.mark.browser


def test_citation_click_marks_exactly_the_quoted_characters(page: Page, service: Service) -> None:
    service.text = stored_text()
    ask_and_open_source(page, service)
    expect(page.locator("#source mark")).to_have_text(QUOTE)
    expect(page.locator("#source-proof")).to_have_text("与引文逐字一致")
    expect(page.locator("#source-page")).to_have_text("第 2 页")
    expect(page.locator("#source mark")).to_be_in_viewport()
    before = page.evaluate("document.querySelector('#source mark').previousSibling")
    assert before is None
    expect(page.locator("#source-download")).to_have_attribute("href", "documents/d1/source")
    page.click(".cite >> nth=1")
    expect(page.locator("#source mark")).to_have_text("期满后销毁。")


def test_citation_over_several_blocks_marks_each_part(page: Page, service: Service) -> None:
    long = citation("期满后销毁。\n<img src=x onerror=alert(1)>\n类别 | 年")
    service.events = [answered()[0], ("done", final("记录要保存五年。", citations=[long]))]
    service.text = stored_text()
    ask_and_open_source(page, service)
    expect(page.locator("#source mark")).to_have_text(
        ["期满后销毁。", "<img src=x onerror=alert(1)>", "类别", "年"]
    )


def test_document_text_is_shown_as_text_never_as_markup(page: Page, service: Service) -> None:
    alerts: list[str] = []
    page.on("dialog", lambda dialog: alerts.append(dialog.message))
    service.text = stored_text()
    ask_and_open_source(page, service)
    shown = page.locator("#source-text")
    expect(shown).to_contain_text("<img src=x onerror=alert(1)>")
    expect(shown.locator("img")).to_have_count(0)
    expect(shown.locator("h3")).to_have_text("𠮷祥条例😀")
    expect(shown.locator("h4")).to_have_text(["第一条 总则", "第二条 期限"])
    expect(shown.locator("td")).to_have_text(["类别", "年限", "电子记录", "五年"])
    assert alerts == []


def test_new_revision_is_said_and_the_moved_quote_found(page: Page, service: Service) -> None:
    service.text = stored_text("r2", "新增一条。\n" + TEXT)
    ask_and_open_source(page, service)
    expect(page.locator("#source-notice")).to_contain_text("这份资料在回答之后已经更新")
    expect(page.locator("#source mark")).to_have_text(QUOTE)
    expect(page.locator("#source-proof")).to_be_empty()


@pytest.mark.parametrize("text", ["全文已经改写。", f"{QUOTE}附则。{QUOTE}"], ids=["gone", "twice"])
def test_new_revision_without_a_certain_place_marks_nothing(
    page: Page, service: Service, text: str
) -> None:
    service.text = stored_text("r2", text)
    ask_and_open_source(page, service)
    expect(page.locator("#source-notice blockquote")).to_have_text(QUOTE)
    expect(page.locator("#source mark")).to_have_count(0)


def test_deleted_document_is_said_with_what_was_cited(page: Page, service: Service) -> None:
    ask_and_open_source(page, service)
    expect(page.locator("#source-notice")).to_contain_text("这份资料已被删除")
    expect(page.locator("#source-notice blockquote")).to_have_text(QUOTE)


def test_escape_closes_the_source_and_returns_the_focus(page: Page, service: Service) -> None:
    service.text = stored_text()
    ask_and_open_source(page, service)
    expect(page.locator("#source mark")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#source")).to_be_hidden()
    expect(page.locator(".cite").first).to_be_focused()
