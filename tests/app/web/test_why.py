"""Below an answer: what its search found, and where an expected document was lost."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.app.web.fake_service import QUESTION, Service, document
from tests.app.web.steps import ask, open_page
from tests.app.web.test_looks import scrolls

pytestmark = pytest.mark.browser


def _hit(number: int, text: str, **scores: float) -> dict[str, Any]:
    return {
        "chunk_id": f"c{number}",
        "document_id": "d1",
        "title": "𠮷祥条例",
        "heading_path": ["第二条"],
        "text": text,
        "score": 1.0,
        "scores": scores,
    }


HITS = [
    _hit(1, "记录应当保存五年。", words=7.25, raw=0.91, fused=1.125),
    _hit(2, "<img src=x onerror=alert(1)>", raw=0.8, fused=0.5),
]
LOST = {
    "chunk_id": "c9",
    "document_id": "d2",
    "title": "附则",
    "rank": None,
    "lost_at": "fusion",
    "advice": "找到了，但合并排序后排第 41 位。",
    "stages": [
        {"stage": "words", "rank": None, "score": None, "limit": None, "passed": False},
        {"stage": "raw", "rank": 41, "score": 0.4321, "limit": None, "passed": True},
        {"stage": "fusion", "rank": 41, "score": 0.1, "limit": 16, "passed": False},
    ],
}


def open_why(page: Page, service: Service) -> None:
    service.documents = [document(), document("d2", "附则")]
    service.hits = HITS
    open_page(page, service)
    ask(page)
    page.get_by_role("button", name="为什么是这些段落").click()


def test_why_shows_the_passages_with_the_scores_of_the_stages_that_ran(
    page: Page, service: Service
) -> None:
    open_why(page, service)
    table = page.get_by_role("table", name="检索到的段落及各步得分")
    expect(table.locator("th")).to_have_text(["名次", "段落", "按词", "按语义（原文）", "合并"])
    expect(table.locator("tbody tr").first.locator("td.figure")).to_have_text(
        ["7.25", "0.91", "1.125"]
    )
    expect(table.locator("tbody tr").last.locator("td.figure").first).to_have_text("–")
    expect(page.locator(".why img")).to_have_count(0)
    assert service.asked[-1] == {"query": QUESTION, "collection": "default", "history": []}
    page.click("#language")
    expect(page.locator(".why th").nth(1)).to_have_text("Passage")
    toggle = page.get_by_role("button", name="Why these passages")
    expect(toggle).to_have_attribute("aria-expanded", "true")
    toggle.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".why")).to_be_hidden()
    expect(toggle).to_have_attribute("aria-expanded", "false")


def test_why_tells_where_an_expected_document_was_lost(page: Page, service: Service) -> None:
    service.explained = LOST
    open_why(page, service)
    page.get_by_label("应该找到的资料").fill("附则")
    page.keyboard.press("Enter")
    expect(page.locator(".why-advice")).to_have_text(LOST["advice"])
    table = page.get_by_role("table", name="《附则》在检索各步的名次")
    expect(table.locator("tbody tr").nth(1)).to_have_text("按语义（原文）410.432是")
    expect(table.locator("tr.lost")).to_have_count(2)
    assert service.asked[-1]["expected_document_id"] == "d2"
    page.locator(".why-passage").first.click()
    expect(page.locator(".why-advice")).to_have_count(1)
    assert service.asked[-1]["expected_chunk_id"] == "c1"
    assert service.asked[-1]["query"] == QUESTION


def test_why_unknown_document_is_said_in_words(page: Page, service: Service) -> None:
    open_why(page, service)
    page.get_by_label("应该找到的资料").fill("no such id")
    page.get_by_role("button", name="查看它在哪一步丢失").click()
    expect(page.locator(".why-told")).to_have_text("这个资料库里没有这份资料。")
    assert service.asked[-1]["expected_document_id"] == "no such id"


def test_why_search_that_failed_can_be_tried_again(page: Page, service: Service) -> None:
    service.hits = HITS
    open_page(page, service)
    ask(page)
    expect(page.locator(".answer")).to_have_attribute("data-outcome", "answered")
    service.problem = {"status": 503, "title": "Overloaded", "detail": "", "code": "overloaded"}
    page.get_by_role("button", name="为什么是这些段落").click()
    expect(page.locator(".why .problem")).to_contain_text("服务繁忙")
    page.locator(".why").get_by_role("button", name="重试").click()
    expect(page.locator(".why-passage")).to_have_count(2)


def test_why_on_a_phone_scrolls_its_tables_and_not_the_page(page: Page, service: Service) -> None:
    page.set_viewport_size({"width": 360, "height": 720})
    service.explained = LOST
    open_why(page, service)
    page.locator(".why-passage").first.click()
    expect(page.locator(".why-advice")).to_be_visible()
    assert not scrolls(page)
    page.set_viewport_size({"width": 1360, "height": 860})
