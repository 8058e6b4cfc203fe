"""`/v1/…`: the answering path for clients that speak OpenAI's chat API."""

import time
from functools import partial

from fastapi import APIRouter, Depends, Request
from sse_starlette import ServerSentEvent
from starlette.responses import Response

from app.answer_events import AnswerEvent, SentenceEvent
from app.answer_feed import answer_request, streamed_answer, whole_answer
from app.dependencies import Pools, ThePools, TheService, TraceId, require_json
from app.event_stream import EventStream, unnamed_event
from app.openai_chat import DEFAULT_MODEL, Marking, collection_of, model_of, question_of
from app.openai_errors import PREFIX, declared_errors, openai_error
from app.openai_schemas import (
    AnswerMessage,
    ChatBody,
    ChatChunk,
    ChatCompletion,
    Choice,
    ChunkChoice,
    Delta,
    ModelCard,
    ModelsReply,
    Usage,
)
from app.problems import CLIENT_CLOSED_REQUEST
from app.schemas import Problem
from app.service import Service
from generation.records import Answer

router = APIRouter(prefix=PREFIX)
_STREAM_RESPONSE = {
    "description": "The answer; with `stream` as `chat.completion.chunk` events and `[DONE]`.",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}


@router.get("/models", responses=declared_errors(421, 503))
async def models(service: TheService, pools: ThePools) -> ModelsReply:
    """List the default collection as `youju`, and each that holds documents as `youju/<name>`."""
    collections = await pools.catalog.run(service.catalog.collections)
    names = [DEFAULT_MODEL, *(model_of(collection) for collection in collections)]
    return ModelsReply(data=[ModelCard(id=name) for name in names])


@router.post(
    "/chat/completions",
    response_model=ChatCompletion,
    dependencies=[Depends(require_json)],
    responses={200: _STREAM_RESPONSE, **declared_errors(400, 403, 404, 413, 415, 421, 503)},
)
async def chat_completions(
    body: ChatBody, request: Request, service: TheService, pools: ThePools, trace_id: TraceId
) -> ChatCompletion | Response:
    """Answer the last user message by the very path that `/ask` uses."""
    collection = await _collection(body.model, service, pools)
    asked = answer_request(question_of(body, collection), service.settings, trace_id)
    feed = pools.models.feed(partial(service.answer, asked))
    if body.stream:
        chunks = streamed_answer(feed, request, _Chunks(body, trace_id), _failed)
        return EventStream(chunks, feed.close)
    whole = await whole_answer(feed, request)
    if whole is None:
        return Response(status_code=CLIENT_CLOSED_REQUEST)
    return _completion(body.model, *whole)


async def _collection(model: str, service: Service, pools: Pools) -> str | None:
    if model == DEFAULT_MODEL:
        return None
    return collection_of(model, await pools.catalog.run(service.catalog.collections))


def _completion(model: str, sentences: list[SentenceEvent], answer: Answer) -> ChatCompletion:
    marking = Marking()
    content = "".join(marking.continued(sentence) for sentence in sentences)
    message = AnswerMessage(content=content, citations=marking.citations)
    return ChatCompletion(
        id=_id(answer.trace_id),
        created=int(time.time()),
        model=model,
        choices=[Choice(message=message)],
        usage=Usage(),
        outcome=answer.outcome,
        confidence=answer.confidence,
        trace_id=answer.trace_id,
        handover=answer.handover or None,
    )


class _Chunks:
    """Tells the events of one answer as chunks."""

    def __init__(self, body: ChatBody, trace_id: str) -> None:
        self._chunk = partial(
            ChatChunk, id=_id(trace_id), created=int(time.time()), model=body.model
        )
        self._with_usage = bool(body.stream_options and body.stream_options.include_usage)
        self._marking = Marking()

    def __call__(self, said: AnswerEvent) -> list[ServerSentEvent]:
        """Return a sentence as a chunk; the end as a chunk, perhaps the usage, and `[DONE]`."""
        if isinstance(said, SentenceEvent):
            # Clients join the strings of all deltas, so the role is said once.
            role = None if said.index else "assistant"
            delta = Delta(role=role, content=self._marking.continued(said))
            return [unnamed_event(self._chunk(choices=[ChunkChoice(delta=delta)]))]
        chunks = [self._last(said.answer)]
        if self._with_usage:
            chunks.append(self._chunk(choices=[], usage=Usage()))
        return [*map(unnamed_event, chunks), ServerSentEvent("[DONE]", sep="\n")]

    def _last(self, answer: Answer) -> ChatChunk:
        return self._chunk(
            choices=[ChunkChoice(delta=Delta(), finish_reason="stop")],
            citations=self._marking.citations,
            outcome=answer.outcome,
            confidence=answer.confidence,
            trace_id=answer.trace_id,
            handover=answer.handover or None,
        )


def _failed(problem: Problem) -> ServerSentEvent:
    return unnamed_event(openai_error(problem))


def _id(trace_id: str) -> str:
    return f"chatcmpl-{trace_id}"
