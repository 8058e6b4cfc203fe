import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import openai
import pytest
import uvicorn
from fastapi import FastAPI

from app.answer_events import AnswerEvent, AnswerRequest, DoneEvent, SentenceEvent
from app.answer_question import Answerer, AnswerSettings
from generation.compliance import Candidate, Gate
from generation.confidence import Calibration
from generation.errors import GeneratorUnavailable
from generation.records import Outcome, Turn, Verdict
from generation.scripts import Stage, load_scripts, pick_script
from ingestion.store.catalog import Catalog
from retrieval.records import SearchResult
from tests.app.asgi_call import AsgiCall
from tests.app.service_fakes import (
    CITATION,
    PASSAGE,
    FakeModels,
    SlowAnswer,
    answer,
    until,
)
from tests.ingestion.catalog_samples import add

CHAT = "/v1/chat/completions"
CITED = {
    "sentence": 0,
    "document_id": "d1",
    "revision": "r1",
    "title": "劳动合同法",
    "page": 3,
    "start": 10,
    "end": 14,
    "quote": "试用期限",
    "number": 1,
}
SAYS_NOTHING = {
    "temperature": 0.2,
    "max_tokens": 16,
    "top_p": 1,
    "n": 1,
    "user": "u1",
    "tools": [],
    "stop": None,
    "seed": 7,
    "response_format": {"type": "text"},
}


def chat(*messages: str | dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a body; plain strings are user messages."""
    told = [{"role": "user", "content": m} if isinstance(m, str) else m for m in messages]
    return {"model": "youju", "messages": told} | more


def assert_error(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check that a response is an error in OpenAI's form; return it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert set(response.json()) == {"error"}
    error: dict[str, Any] = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    assert error["code"] == code
    assert error["type"] == ("server_error" if status >= 500 else "invalid_request_error")
    return error


def chunks(body: str) -> list[Any]:
    """Return the data of each event of a stream: parsed, but for `[DONE]`."""
    found: list[Any] = []
    for block in body.split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith(":")]
        if lines:
            (line,) = lines
            data = line.removeprefix("data: ")
            found.append(data if data == "[DONE]" else json.loads(data))
    return found


def content_of(sent: list[Any]) -> str:
    return "".join(
        choice["delta"].get("content", "")
        for chunk in sent
        if chunk != "[DONE]"
        for choice in chunk["choices"]
    )


def two_sentences(request: AnswerRequest) -> Iterator[AnswerEvent]:
    later = replace(CITATION, sentence=1, start=20, end=24)
    again = replace(CITATION, sentence=1)
    yield SentenceEvent(0, "一个月。", (CITATION,))
    yield SentenceEvent(1, "一年以上的，两个月。", (later, again))
    citations = (CITATION, later, again)
    yield DoneEvent(replace(answer(request.trace_id), citations=citations))


async def test_chat_whole_returns_the_answer_with_marks_and_citations(
    client: httpx.AsyncClient, models: FakeModels
) -> None:
    before = int(time.time())
    response = await client.post(CHAT, json=chat("试用期多长？"))
    assert response.status_code == 200
    trace_id = response.headers["x-request-id"]
    reply = response.json()
    assert before <= reply.pop("created") <= time.time()
    assert reply == {
        "id": f"chatcmpl-{trace_id}",
        "object": "chat.completion",
        "model": "youju",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "一个月。 [1]",
                    "citations": [CITED],
                },
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        "outcome": "answered",
        "confidence": 0.87,
        "trace_id": trace_id,
    }
    assert models.asked == [
        AnswerRequest("试用期多长？", "default", (), None, None, None, None, trace_id)
    ]


async def test_chat_stream_sends_a_chunk_a_sentence_then_the_end_then_done(
    client: httpx.AsyncClient, models: FakeModels
) -> None:
    models.say = two_sentences
    response = await client.post(CHAT, json=chat("?", stream=True))
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    trace_id = response.headers["x-request-id"]
    sent = chunks(response.text)
    assert sent.pop() == "[DONE]"
    for chunk in sent:
        assert chunk.pop("id") == f"chatcmpl-{trace_id}"
        assert chunk.pop("object") == "chat.completion.chunk"
        assert chunk.pop("model") == "youju"
    assert len({chunk.pop("created") for chunk in sent}) == 1
    first, second, last = sent
    delta = {"role": "assistant", "content": "一个月。 [1]"}
    assert first == {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    delta = {"content": " 一年以上的，两个月。 [2][1]"}
    assert second == {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    citations = last.pop("citations")
    assert citations[0] == CITED
    assert [(one["sentence"], one["start"], one["number"]) for one in citations] == [
        (0, 10, 1),
        (1, 20, 2),
        (1, 10, 1),
    ]
    assert last == {
        "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
        "outcome": "answered",
        "confidence": 0.87,
        "trace_id": trace_id,
    }


async def test_chat_stream_says_what_the_whole_answer_says(
    client: httpx.AsyncClient, models: FakeModels
) -> None:
    models.say = two_sentences
    whole = (await client.post(CHAT, json=chat("?"))).json()
    streamed = chunks((await client.post(CHAT, json=chat("?", stream=True))).text)
    assert content_of(streamed) == whole["choices"][0]["message"]["content"]
    assert streamed[-2]["citations"] == whole["choices"][0]["message"]["citations"]


async def test_chat_stream_with_usage_sends_it_last(client: httpx.AsyncClient) -> None:
    body = chat("?", stream=True, stream_options={"include_usage": True})
    *_, last, usage, done = chunks((await client.post(CHAT, json=body)).text)
    assert last["choices"][0]["finish_reason"] == "stop"
    assert usage["choices"] == []
    assert usage["usage"] == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    assert done == "[DONE]"


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.FALLBACK, Outcome.SCRIPT])
async def test_chat_that_ends_without_an_answer_is_still_200(
    client: httpx.AsyncClient, models: FakeModels, outcome: Outcome
) -> None:
    def say(request: AnswerRequest) -> Iterator[AnswerEvent]:
        yield SentenceEvent(0, "没有找到。", ())
        yield DoneEvent(replace(answer(request.trace_id, outcome=outcome), citations=()))

    models.say = say
    reply = (await client.post(CHAT, json=chat("?"))).json()
    assert reply["outcome"] == outcome
    assert reply["choices"][0]["message"]["content"] == "没有找到。"
    assert reply["choices"][0]["message"]["citations"] == []


async def test_chat_history_and_parts_reach_the_answering_path(
    client: httpx.AsyncClient, models: FakeModels
) -> None:
    parts = [{"type": "text", "text": "试用期"}, {"type": "text", "text": "多长？"}]
    body = chat(
        {"role": "system", "content": "S" * 20_000},
        "你好",
        {"role": "assistant", "content": "您好。"},
        {"role": "user", "content": parts, "name": "n"},
    )
    assert (await client.post(CHAT, json=body)).status_code == 200
    (asked,) = models.asked
    assert asked.question == "试用期\n多长？"
    assert asked.history == (Turn("user", "你好"), Turn("assistant", "您好。"))


async def test_chat_members_without_a_meaning_here_are_accepted(
    client: httpx.AsyncClient, models: FakeModels
) -> None:
    headers = {"Authorization": "Bearer anything"}
    response = await client.post(CHAT, json=chat("?", **SAYS_NOTHING), headers=headers)
    assert response.status_code == 200
    assert len(models.asked) == 1


async def test_models_lists_the_default_and_each_collection_with_documents(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    add(catalog, collection="法规")
    add(catalog, collection="hr")
    catalog.submit("waiting", "b.txt", b"b", {})
    reply = (await client.get("/v1/models")).json()
    assert reply["object"] == "list"
    assert [model["id"] for model in reply["data"]] == ["youju", "youju/hr", "youju/法规"]
    assert reply["data"][0] == {
        "id": "youju",
        "object": "model",
        "created": 0,
        "owned_by": "youju",
    }


async def test_chat_model_names_the_collection_asked(
    client: httpx.AsyncClient, models: FakeModels, catalog: Catalog
) -> None:
    add(catalog, collection="法规")
    reply = (await client.post(CHAT, json=chat("?", model="youju/法规"))).json()
    assert reply["model"] == "youju/法规"
    assert models.asked[0].collection == "法规"


@pytest.mark.parametrize("model", ["gpt-4o", "youju/nowhere", "youju/", "youju/a b"])
@pytest.mark.parametrize("stream", [True, False])
async def test_chat_unknown_model_is_404(
    client: httpx.AsyncClient, models: FakeModels, model: str, stream: bool
) -> None:
    response = await client.post(CHAT, json=chat("?", model=model, stream=stream))
    error = assert_error(response, 404, "model_not_found")
    assert error["param"] == "model"
    assert model in error["message"]
    assert models.asked == []


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "model"),
        ({"messages": [{"role": "user", "content": "?"}]}, "model"),
        (chat("?", model=""), "model"),
        (chat("?", model="m" * 129), "model"),
        ({"model": "youju"}, "messages"),
        (chat(), "messages"),
        (chat(*["?"] * 1001), "messages"),
        (chat({"role": "system", "content": "x"}), "messages"),
        (chat({"role": "tool", "content": "x"}, "?"), "messages[0].role"),
        (chat("?", {"role": "user"}), "messages[1].content"),
        (chat(""), "messages[0].content"),
        (chat("一", "问" * 2001), "messages[1].content"),
        (chat("答" * 8001, "?"), "messages[0].content"),
        (chat("a\0b"), "messages[0].content"),
        (chat({"role": "user", "content": 5}), "messages[0].content"),
        (chat({"role": "user", "content": ["?"]}), "messages[0].content"),
        (chat({"role": "user", "content": [{"type": "text"}]}), "messages[0].content"),
        (chat("?", n=2), "n"),
        (chat("?", stream="maybe"), "stream"),
        (chat("?", stream=True, stream_options=5), "stream_options"),
    ],
)
async def test_chat_invalid_body_is_400_naming_the_member(
    client: httpx.AsyncClient, models: FakeModels, body: dict[str, Any], param: str
) -> None:
    error = assert_error(await client.post(CHAT, json=body), 400, "invalid_request")
    assert error["param"] == param
    assert param in error["message"]
    assert models.asked == []


async def test_chat_part_of_another_kind_is_400_saying_which(client: httpx.AsyncClient) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    body = chat({"role": "user", "content": [{"type": "text", "text": "?"}, image]})
    error = assert_error(await client.post(CHAT, json=body), 400, "invalid_request")
    assert "'image_url'" in error["message"]


async def test_chat_lone_surrogate_is_400(client: httpx.AsyncClient) -> None:
    body = rb'{"model":"youju","messages":[{"role":"user","content":"\ud800"}]}'
    headers = {"Content-Type": "application/json"}
    response = await client.post(CHAT, content=body, headers=headers)
    assert_error(response, 400, "invalid_request")


async def test_chat_malformed_too_large_or_form_body_is_refused_in_openai_form(
    client: httpx.AsyncClient,
) -> None:
    headers = {"Content-Type": "application/json"}
    response = await client.post(CHAT, content=b'{"model":', headers=headers)
    assert_error(response, 400, "malformed_json")
    response = await client.post(CHAT, content=b" " * (2**21 + 1), headers=headers)
    assert_error(response, 413, "request_too_large")
    response = await client.post(CHAT, data={"model": "youju"})
    assert_error(response, 415, "unsupported_content_type")


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (GeneratorUnavailable("m", "away"), "generator_unavailable", 503),
        (RuntimeError("secret text of a document"), "internal_error", 500),
    ],
)
async def test_chat_that_breaks_tells_an_error_whole_or_as_an_event(
    client: httpx.AsyncClient, models: FakeModels, error: Exception, code: str, status: int
) -> None:
    def say(request: AnswerRequest) -> Iterator[AnswerEvent]:
        yield SentenceEvent(0, "一。", ())
        raise error

    models.say = say
    whole = await client.post(CHAT, json=chat("?"))
    assert_error(whole, status, code)
    assert "一。" not in whole.text
    assert "secret" not in whole.text
    streamed = await client.post(CHAT, json=chat("?", stream=True))
    sentence, failure = chunks(streamed.text)
    assert sentence["choices"][0]["delta"]["content"] == "一。"
    assert (failure["error"]["code"], failure["error"]["type"]) == (code, "server_error")
    assert "secret" not in streamed.text


@pytest.mark.parametrize("stream", [True, False])
async def test_chat_client_leaving_closes_the_answer(
    app: FastAPI, models: FakeModels, stream: bool
) -> None:
    slow = SlowAnswer()
    models.say = slow
    call = AsgiCall(app, CHAT, chat("?", stream=stream))
    await until(lambda: slow.asking.acquire(blocking=False))
    slow.permit.release()
    await until(lambda: slow.asking.acquire(blocking=False))
    if stream:
        await until(lambda: b"chat.completion.chunk" in call.body)
    call.disconnect()
    await asyncio.sleep(0.05)
    assert not slow.closed.is_set()
    slow.permit.release()
    await until(slow.closed.is_set)
    await call.finished
    assert call.status == (200 if stream else 499)


async def test_chat_saturated_is_503_with_retry_after(
    app: FastAPI, client: httpx.AsyncClient, models: FakeModels
) -> None:
    slow = SlowAnswer()
    models.say = slow
    busy = [AsgiCall(app, CHAT, chat("?")) for _ in range(3)]
    await until(lambda: slow.asking.acquire(blocking=False))
    await until(lambda: slow.asking.acquire(blocking=False))
    for stream in (True, False):
        response = await client.post(CHAT, json=chat("?", stream=stream))
        assert_error(response, 503, "overloaded")
        assert int(response.headers["retry-after"]) > 0
    assert (await client.get("/v1/models")).status_code == 200
    for call in busy:
        call.disconnect()
    slow.permit.release(100_000)
    for call in busy:
        await call.finished


class TwoSentences:
    """A generator that writes two sentences, both of them in the source."""

    name = "fake"
    is_up = True

    def stream(self, _prompt: str, *, max_tokens: int) -> Iterator[str]:
        yield from ("读者每次借书不得超过五册。", "借阅期限为三十日。")

    def count_tokens(self, text: str) -> int:
        return len(text)

    def close(self) -> None:
        pass


def without_thirty(candidate: Candidate) -> Verdict:
    return Verdict("三十" not in candidate.text, candidate.text, "thirty")


@pytest.mark.parametrize("stream", [True, False])
async def test_chat_sentence_that_compliance_blocks_never_appears(
    client: httpx.AsyncClient, models: FakeModels, stream: bool
) -> None:
    text = "读者每次借书不得超过五册。借阅期限为三十日。"
    passage = replace(PASSAGE, text=text, end=PASSAGE.start + len(text))
    scripts = load_scripts()
    script = pick_script(scripts, Stage.CUT_SHORT, "zh").text
    answerer = Answerer(
        lambda _request: SearchResult((passage,), {}, 1),
        lambda _passage, _position: 1,
        TwoSentences(),
        Gate([without_thirty], {"zh": script, "en": script}),
        scripts,
        AnswerSettings(top_k=8, context_tokens=640, max_tokens=64),
        lambda _collection: Calibration(threshold=0.0),
    )
    models.say = answerer.answer
    response = await client.post(CHAT, json=chat("每次借书几册，借阅期限多长？", stream=stream))
    assert "三十" not in response.text
    if stream:
        sent = chunks(response.text)
        content, outcome = content_of(sent), sent[-2]["outcome"]
    else:
        reply = response.json()
        content, outcome = reply["choices"][0]["message"]["content"], reply["outcome"]
    assert content == f"读者每次借书不得超过五册。 [1] {script}"
    assert outcome == "script"


@pytest.fixture
def official(server: uvicorn.Server) -> Iterator[openai.OpenAI]:
    port = server.servers[0].sockets[0].getsockname()[1]
    with openai.OpenAI(
        base_url=f"http://127.0.0.1:{port}/v1",
        api_key="any",
        max_retries=0,
        timeout=20,
        http_client=openai.DefaultHttpxClient(trust_env=False),
    ) as client:
        yield client


def test_official_client_reads_models_and_a_whole_answer(
    official: openai.OpenAI, catalog: Catalog
) -> None:
    add(catalog, collection="hr")
    assert [model.id for model in official.models.list()] == ["youju", "youju/hr"]
    reply = official.chat.completions.create(
        model="youju/hr", messages=[{"role": "user", "content": "试用期多长？"}], temperature=0
    )
    message = reply.choices[0].message
    assert (message.role, message.content) == ("assistant", "一个月。 [1]")
    assert message.model_extra == {"citations": [CITED]}
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage is not None and reply.usage.total_tokens == 0
    assert reply.model_extra is not None and reply.model_extra["outcome"] == "answered"


def test_official_client_streams_sentence_by_sentence(
    official: openai.OpenAI, models: FakeModels
) -> None:
    slow = SlowAnswer()
    models.say = slow
    stream = official.chat.completions.create(
        model="youju", messages=[{"role": "user", "content": "?"}], stream=True
    )
    with stream:
        slow.permit.release()
        assert next(stream).choices[0].delta.content == "句。"
    for _ in range(100):
        slow.permit.release()
        if slow.closed.wait(0.1):
            break
    assert slow.closed.is_set()


def test_official_client_joins_a_stream_to_the_whole_answer(
    official: openai.OpenAI, models: FakeModels
) -> None:
    models.say = two_sentences
    with official.chat.completions.stream(
        model="youju",
        messages=[{"role": "user", "content": "?"}],
        stream_options={"include_usage": True},
    ) as stream:
        final = stream.get_final_completion()
    message = final.choices[0].message
    assert (message.role, message.content) == (
        "assistant",
        "一个月。 [1] 一年以上的，两个月。 [2][1]",
    )
    assert final.choices[0].finish_reason == "stop"
    assert final.usage is not None and final.usage.total_tokens == 0


def test_official_client_raises_its_own_errors(official: openai.OpenAI, models: FakeModels) -> None:
    def create(model: str, *, stream: bool = False) -> Any:
        return official.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "?"}], stream=stream
        )

    with pytest.raises(openai.NotFoundError, match="does not exist") as caught:
        create("gpt-4o")
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
    assert caught.value.request_id
    with pytest.raises(openai.BadRequestError) as refused:
        official.chat.completions.create(model="youju", messages=[])
    assert refused.value.param == "messages"

    def say(_request: AnswerRequest) -> Iterator[AnswerEvent]:
        yield SentenceEvent(0, "一。", ())
        raise GeneratorUnavailable("m", "away")

    models.say = say
    with create("youju", stream=True) as stream:
        assert next(stream).choices[0].delta.content == "一。"
        with pytest.raises(openai.APIError) as failed:
            next(stream)
    assert failed.value.code == "generator_unavailable"
