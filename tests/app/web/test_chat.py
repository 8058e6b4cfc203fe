"""Questions and answers on the chat page."""

import threading

import pytest
from playwright.sync_api import Page, expect

from tests.app.web.fake_service import QUESTION, QUOTE, Service, answered, final
from tests.app.web.steps import ask, open_page

pytestmark = pytest.mark.browser


def test_answer_streams_sentences_with_numbered_evidence(page: Page, service: Service) -> None:
    open_page(page, service)
    ask(page)
    answer = page.locator(".answer")
    expect(answer).to_have_attribute("data-outcome", "answered")
    expect(answer.locator(".answer-text")).to_have_text("记录要保存五年。1之后销毁。2")
    expect(answer.locator(".badge")).to_have_text("有据")
    expect(answer.locator(".answer-facts")).to_have_text("置信度 87%用时 1.2 秒")
    expect(answer.locator(".source-row")).to_have_count(2)
    expect(answer.locator(".cite").first).to_have_attribute(
        "aria-label", "依据 1：𠮷祥条例，第 2 页"
    )
    expect(page.locator("#announcer")).to_contain_text("之后销毁。")


def test_answer_appears_sentence_by_sentence_and_can_be_stopped(
    page: Page, service: Service
) -> None:
    service.hold = threading.Event()
    open_page(page, service)
    ask(page)
    expect(page.locator(".answer-text")).to_have_text("记录要保存五年。")
    page.click("#stop")
    expect(page.locator(".badge")).to_have_text("已停止，回答不完整")
    expect(page.locator("#send")).to_be_visible()
    service.hold.set()
    ask(page, "还有呢？")
    expect(page.locator(".answer").last).to_have_attribute("data-outcome", "answered")
    assert service.asked[1]["history"] == []


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_events_arriving_byte_by_byte_read_the_same(
    page: Page, service: Service, line_end: str
) -> None:
    lines = [
        ": ping",
        "",
        "event: sentence",
        "data: 记录𠮷",
        "data:😀",
        "id: 1",
        "",
        "data: x",
        "",
        "y",
    ]
    open_page(page, service)
    events = page.evaluate(
        """async (bytes) => {
            const { serverEvents } = await import("/static/events.js");
            const body = new ReadableStream({
                start(controller) {
                    for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
                    controller.close();
                },
            });
            const events = [];
            for await (const event of serverEvents(body)) events.push(event);
            return events;
        }""",
        list(line_end.join(lines).encode()),
    )
    assert events == [
        {"event": "sentence", "data": "记录𠮷\n😀"},
        {"event": "message", "data": "x"},
    ]


def test_follow_up_question_carries_the_conversation(page: Page, service: Service) -> None:
    open_page(page, service)
    ask(page)
    expect(page.locator(".answer")).to_have_attribute("data-outcome", "answered")
    ask(page, "为什么？")
    expect(page.locator(".answer")).to_have_count(2)
    expect(page.locator(".answer").last).to_have_attribute("data-outcome", "answered")
    assert service.asked[0] == {
        "question": QUESTION,
        "collection": "default",
        "history": [],
        "stream": True,
    }
    assert service.asked[1]["history"] == [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": "记录要保存五年。之后销毁。"},
    ]


@pytest.mark.parametrize(
    ("outcome", "badge"),
    [("refused", "依据不足，未作答"), ("fallback", "兜底答复"), ("script", "标准话术")],
)
def test_outcome_other_than_answered_is_named(
    page: Page, service: Service, outcome: str, badge: str
) -> None:
    service.events = [("done", final("现有资料没有提到这个问题。", outcome))]
    open_page(page, service)
    ask(page)
    expect(page.locator(".badge")).to_have_text(badge)
    expect(page.locator(".answer-text")).to_have_text("现有资料没有提到这个问题。")
    expect(page.locator(".unsupported-mark")).to_have_count(0)


def test_final_word_of_the_service_replaces_what_was_streamed(page: Page, service: Service) -> None:
    service.events = [*answered()[:2], ("done", final("此问题请联系工作人员。", "script"))]
    open_page(page, service)
    ask(page)
    expect(page.locator(".answer-text")).to_have_text("此问题请联系工作人员。")
    expect(page.locator(".source-row")).to_have_count(0)


def test_sentence_without_citation_is_marked(page: Page, service: Service) -> None:
    service.events = [
        ("sentence", {"index": 0, "text": "记录要保存五年。"}),
        ("done", final("记录要保存五年。")),
    ]
    open_page(page, service)
    ask(page)
    expect(page.locator(".unsupported-mark")).to_have_text("无出处")


def test_enter_while_composing_chinese_does_not_send(page: Page, service: Service) -> None:
    open_page(page, service)
    page.fill("#question", "jilu")
    page.evaluate(
        """document.getElementById("question").dispatchEvent(new KeyboardEvent("keydown",
        {key: "Enter", isComposing: true, bubbles: true, cancelable: true}))"""
    )
    page.press("#question", "Shift+Enter")
    assert service.asked == []
    expect(page.locator("#question")).to_have_value("jilu\n")


def test_problem_document_is_shown_and_the_question_can_be_retried(
    page: Page, service: Service
) -> None:
    service.problem = {"status": 503, "title": "Busy", "detail": "All workers are taken."}
    open_page(page, service)
    ask(page)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("服务繁忙或尚未就绪。All workers are taken.请在 7 秒后重试。")
    alert.get_by_role("button", name="重试").click()
    expect(page.locator(".answer")).to_have_count(1)
    expect(page.locator(".answer")).to_have_attribute("data-outcome", "answered")


def test_error_event_keeps_what_was_vetted_and_says_it_is_incomplete(
    page: Page, service: Service
) -> None:
    problem = {"status": 500, "title": "Failed", "detail": "The generator went away."}
    service.events = [*answered()[:2], ("error", problem)]
    open_page(page, service)
    ask(page)
    expect(page.get_by_role("alert")).to_contain_text("The generator went away.")
    expect(page.locator(".badge")).to_have_text("中断，回答不完整")
    expect(page.locator(".sentence")).to_have_count(1)


def test_stream_that_ends_early_is_said_to_be_incomplete(page: Page, service: Service) -> None:
    service.events = answered()[:2]
    open_page(page, service)
    ask(page)
    expect(page.get_by_role("alert")).to_contain_text("连接不上服务")


def test_network_failure_is_said_and_can_be_retried(page: Page, service: Service) -> None:
    open_page(page, service)
    page.route("**/ask", lambda route: route.abort())
    ask(page)
    expect(page.get_by_role("alert")).to_contain_text("连接不上服务，请检查网络后重试。")
    page.unroute("**/ask")
    page.get_by_role("button", name="重试").click()
    expect(page.locator(".answer")).to_have_attribute("data-outcome", "answered")


def test_copy_takes_the_answer_with_its_evidence(page: Page, service: Service) -> None:
    open_page(page, service)
    ask(page)
    page.get_by_role("button", name="复制").click()
    expect(page.get_by_role("button", name="已复制")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == (
        "记录要保存五年。[1]之后销毁。[2]\n\n"
        f"[1] 𠮷祥条例 第 2 页: {QUOTE}\n[2] 𠮷祥条例 第 2 页: 期满后销毁。"
    )
