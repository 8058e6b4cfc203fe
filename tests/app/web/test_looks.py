"""Words, widths and colours of the chat page, and what its files may hold."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.app.web.fake_service import WEB, Service, document, stored_text
from tests.app.web.steps import ask, open_page

pytestmark = pytest.mark.browser


def test_page_without_documents_says_what_to_do(page: Page, service: Service) -> None:
    open_page(page, service)
    expect(page.locator("#empty-text")).to_have_text(
        "先上传文件，再提问：每句回答都会标出原文出处。"
    )
    expect(page.locator("#empty-upload")).to_be_visible()
    expect(page.locator(".example")).to_have_count(0)


def test_language_switch_changes_every_word_and_is_remembered(page: Page, service: Service) -> None:
    service.documents = [document()]
    open_page(page, service)
    ask(page)
    expect(page.locator(".answer")).to_have_attribute("data-outcome", "answered")
    page.click("#language")
    expect(page.locator(".badge")).to_have_text("Evidenced")
    expect(page.locator(".answer-facts")).to_have_text("Confidence 87%1.2 s")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.reload()
    expect(page.locator("#question")).to_have_attribute("placeholder", "Ask your documents…")
    expect(page.locator("#document-count")).to_have_text("1 document")
    chrome = page.evaluate(
        """[...document.querySelectorAll("[data-text], [data-label]")].map((element) =>
        `${element.dataset.text ? element.textContent : ""} ${element.ariaLabel ?? ""}`).join()"""
    )
    assert re.findall("[\u4e00-\u9fff]+", chrome.replace("祥条例", "").replace("𠮷", "")) == []


def test_phone_width_has_a_drawer_and_a_page_that_does_not_scroll(
    page: Page, service: Service
) -> None:
    page.set_viewport_size({"width": 360, "height": 720})
    service.documents = [document(title="很长的标题" * 12)]
    service.text = stored_text()
    open_page(page, service)
    expect(page.locator("#library")).to_be_hidden()
    assert not scrolls(page)
    page.click("#library-toggle")
    expect(page.locator("#library")).to_be_visible()
    expect(page.locator("#library-close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#library")).to_be_hidden()
    ask(page, "很长的问题" * 300)
    expect(page.locator("#send")).to_be_in_viewport(ratio=1)
    page.click(".cite >> nth=0")
    expect(page.locator("#source mark")).to_be_in_viewport()
    assert not scrolls(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_of_words_reach_the_aa_contrast(page: Page, service: Service, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_page(page, service)
    pairs = [
        *((ink, ground) for ink in ("ink", "muted") for ground in ("ground", "surface", "raised")),
        *((f"{name}", f"{name}-soft") for name in ("accent", "good", "warn", "bad")),
        *((name, "surface") for name in ("accent", "good", "warn", "bad")),
        ("on-accent", "accent"),
        ("on-mark", "mark"),
        ("ink", "accent-soft"),
        ("surface", "bad"),
    ]
    for ink, ground in pairs:
        first, second = sorted(luminance(page, name) for name in (ink, ground))
        assert (second + 0.05) / (first + 0.05) >= 4.5, (ink, ground)


def scrolls(page: Page) -> bool:
    """Return whether the page itself is longer or wider than the window."""
    found: bool = page.evaluate(
        """[document.documentElement, document.body].some((element) =>
        element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight)"""
    )
    return found


def luminance(page: Page, name: str) -> float:
    """Return the relative luminance of a colour of the style sheet, as WCAG 2 defines it."""
    value = page.evaluate(
        "(name) => getComputedStyle(document.documentElement).getPropertyValue(name)", f"--{name}"
    )
    parts = [int(value.strip()[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_files_of_the_page_hold_nothing_inline_and_nothing_from_elsewhere() -> None:
    for path in WEB.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://", text), path.name
        unsafe = r"innerHTML|insertAdjacentHTML|document\.write|\beval\("
        assert not re.search(unsafe, text), path.name
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=\"", text), path.name
