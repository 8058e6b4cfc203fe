import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.answer_events import AnswerEvent, AnswerRequest, DoneEvent, SentenceEvent
from generation.errors import GeneratorUnavailable
from generation.records import Outcome, Turn
from tests.app.asgi_call import AsgiCall
from tests.app.service_fakes import (
    CITATION,
    FakeModels,
    SlowAnswer,
    answer,
    assert_problem,
    sent_events,
    until,
)

CITED = {
    "sentence": 0,
    "document_id": "d1",
    "revision": "r1",
    "title": "劳动合同法",
    "page": 3,
    "start": 10,
    "end": 14,
    "quote": "试用期限",
}


async def test_ask_json_returns_the_answer_with_its_citations(client: httpx.AsyncClient) -> None:
    response = await client.post("/ask", json={"question": "试用期多长？"})
    assert response.status_code == 200
    assert response.json() == {
        "answer": "一个月。",
        "outcome": "answered",
        "confidence": 0.87,
        "citations": [CITED],
        "script_id": None,
        "trace_id": response.headers["x-request-id"],
        "timings_ms": {"search": 1.5},
        "handover": False,
        "stage": None,
    }


async def test_ask_all_fields_reach_the_answering_path(
    client: httpx.AsyncClient, models: FakeModels
) -> None:
    body = {
        "question": "  试用期多长？\n",
        "collection": "法规",
        "session_id": "s1",
        "history": [{"role": "user", "content": "你好"}],
        "stage": "closing",
        "strategy": "extract",
        "top_k": 3,
    }
    response = await client.post("/ask", json=body)
    assert models.asked == [
        AnswerRequest(
            question="试用期多长？",
            collection="法规",
            history=(Turn("user", "你好"),),
            session_id="s1",
            stage="closing",
            strategy="extract",
            top_k=3,
            trace_id=response.headers["x-request-id"],
        )
    ]


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.FALLBACK, Outcome.SCRIPT])
async def test_ask_that_ends_without_an_answer_is_still_200(
    client: httpx.AsyncClient, models: FakeModels, outcome: Outcome
) -> None:
    models.say = lambda request: iter([DoneEvent(answer(request.trace_id, outcome=outcome))])
    response = await client.post("/ask", json={"question": "?"})
    assert response.status_code == 200
    assert response.json()["outcome"] == outcome


async def test_ask_stream_sends_each_sentence_then_its_citations_then_done(
    client: httpx.AsyncClient, models: FakeModels
) -> None:
    def say(request: AnswerRequest) -> Iterator[AnswerEvent]:
        yield SentenceEvent(0, "一。\n第二行", (CITATION, CITATION))
        yield SentenceEvent(1, "二。", ())
        yield DoneEvent(answer(request.trace_id, text="一。\n第二行二。"))

    models.say = say
    response = await client.post("/ask", json={"question": "?", "stream": True})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    events = sent_events(response.text)
    names = [name for name, _ in events]
    assert names == ["sentence", "citation", "citation", "sentence", "done"]
    assert events[0][1] == {"index": 0, "text": "一。\n第二行"}
    assert events[1][1] == CITED
    assert events[-1][1]["answer"] == "一。\n第二行二。"
    assert events[-1][1]["trace_id"] == response.headers["x-request-id"]


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (GeneratorUnavailable("m", "away"), "generator_unavailable", 503),
        (RuntimeError("secret text of a document"), "internal_error", 500),
    ],
)
async def test_ask_that_breaks_tells_a_problem_whole_or_as_an_event(
    client: httpx.AsyncClient, models: FakeModels, error: Exception, code: str, status: int
) -> None:
    def say(request: AnswerRequest) -> Iterator[AnswerEvent]:
        yield SentenceEvent(0, "一。", ())
        raise error

    models.say = say
    whole = await client.post("/ask", json={"question": "?"})
    assert_problem(whole, status, code)
    assert "一。" not in whole.text
    assert "secret" not in whole.text
    streamed = await client.post("/ask", json={"question": "?", "stream": True})
    events = sent_events(streamed.text)
    assert [name for name, _ in events] == ["sentence", "error"]
    assert (events[1][1]["code"], events[1][1]["status"]) == (code, status)
    assert "secret" not in streamed.text


async def test_ask_whose_path_never_says_done_is_500(
    client: httpx.AsyncClient, models: FakeModels
) -> None:
    models.say = lambda _: iter([SentenceEvent(0, "不可外泄。", ())])
    response = await client.post("/ask", json={"question": "?"})
    assert_problem(response, 500, "internal_error")
    assert "不可外泄" not in response.text
    streamed = await client.post("/ask", json={"question": "?", "stream": True})
    assert [name for name, _ in sent_events(streamed.text)] == ["sentence", "error"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "question"),
        ({"question": ""}, "question"),
        ({"question": " \u3000\n"}, "question"),
        ({"question": "问" * 2001}, "question"),
        ({"question": "a\0b"}, "question"),
        ({"question": 5}, "question"),
        ({"question": "?", "top_k": 0}, "top_k"),
        ({"question": "?", "top_k": 101}, "top_k"),
        ({"question": "?", "collection": "a b"}, "collection"),
        ({"question": "?", "collecton": "a"}, "collecton"),
        ({"question": "?", "session_id": "\0"}, "session_id"),
        ({"question": "?", "history": [{"role": "system", "content": "x"}]}, "role"),
        ({"question": "?", "history": [{"role": "user", "content": "x"}] * 51}, "history"),
        ({"question": "?", "stream": "maybe"}, "stream"),
    ],
)
async def test_ask_invalid_body_is_422_naming_the_member(
    client: httpx.AsyncClient, models: FakeModels, body: dict[str, Any], where: str
) -> None:
    problem = assert_problem(await client.post("/ask", json=body), 422, "invalid_request")
    assert where in problem["errors"][0]["loc"]
    assert problem["errors"][0]["msg"]
    assert models.asked == []


@pytest.mark.parametrize("body", [rb'{"question":"\ud800"}', rb'{"question":"?","\udc00":1}'])
async def test_ask_lone_surrogate_is_422(client: httpx.AsyncClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = await client.post("/ask", content=body, headers=headers)
    assert_problem(response, 422, "invalid_request")


async def test_ask_question_of_2000_characters_passes(client: httpx.AsyncClient) -> None:
    response = await client.post("/ask", json={"question": "🙂" * 2000})
    assert response.status_code == 200


@pytest.mark.parametrize("body", [b'{"question":', b"\xff\xfe", b"", b"[" * 100_000])
async def test_ask_malformed_json_is_a_4xx_problem(client: httpx.AsyncClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = await client.post("/ask", content=body, headers=headers)
    assert response.status_code == (400 if body else 422)
    assert_problem(response, response.status_code, response.json()["code"])


async def test_ask_form_body_is_415(client: httpx.AsyncClient) -> None:
    response = await client.post("/ask", data={"question": "?"})
    assert_problem(response, 415, "unsupported_content_type")


@pytest.mark.parametrize("stream", [True, False])
async def test_ask_client_leaving_closes_the_answer(
    app: FastAPI, models: FakeModels, stream: bool
) -> None:
    slow = SlowAnswer()
    models.say = slow
    call = AsgiCall(app, "/ask", {"question": "?", "stream": stream})
    await until(lambda: slow.asking.acquire(blocking=False))
    slow.permit.release()
    await until(lambda: slow.asking.acquire(blocking=False))
    if stream:
        await until(lambda: b"event: sentence" in call.body)
    call.disconnect()
    await asyncio.sleep(0.05)
    assert not slow.closed.is_set()
    slow.permit.release()
    await until(slow.closed.is_set)
    await call.finished
    assert slow.permit.acquire(blocking=False) is False


async def test_ask_client_leaving_while_waiting_never_starts_the_answer(
    app: FastAPI, models: FakeModels
) -> None:
    slow = SlowAnswer()
    models.say = slow
    busy = [AsgiCall(app, "/ask", {"question": "?"}) for _ in range(2)]
    await until(lambda: slow.asking.acquire(blocking=False))
    await until(lambda: slow.asking.acquire(blocking=False))
    waiting = AsgiCall(app, "/ask", {"question": "?", "stream": True})
    await asyncio.sleep(0.05)
    waiting.disconnect()
    await waiting.finished
    for call in busy:
        call.disconnect()
    slow.permit.release(2)
    for call in busy:
        await call.finished
    await asyncio.sleep(0.05)
    assert len(models.asked) == 2


async def test_ask_saturated_is_503_while_health_and_documents_answer(
    app: FastAPI, client: httpx.AsyncClient, models: FakeModels
) -> None:
    slow = SlowAnswer()
    models.say = slow
    busy = [AsgiCall(app, "/ask", {"question": "?"}) for _ in range(3)]
    await until(lambda: slow.asking.acquire(blocking=False))
    await until(lambda: slow.asking.acquire(blocking=False))
    assert not slow.asking.acquire(blocking=False)
    for stream in (True, False):
        response = await client.post("/ask", json={"question": "?", "stream": stream})
        assert_problem(response, 503, "overloaded")
        assert int(response.headers["retry-after"]) > 0
    assert_problem(await client.post("/search", json={"query": "?"}), 503, "overloaded")
    async with asyncio.timeout(1):
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/documents")).status_code == 200
    for call in busy:
        call.disconnect()
    slow.permit.release(100_000)
    for call in busy:
        await call.finished
    models.say = lambda request: iter([DoneEvent(answer(request.trace_id))])
    assert (await client.post("/ask", json={"question": "?"})).status_code == 200
