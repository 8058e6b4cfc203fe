"""`POST /ask`: a question and its vetted answer, whole or sentence by sentence."""

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial

from fastapi import APIRouter, Depends, Request
from sse_starlette import ServerSentEvent
from starlette.responses import Response

from app.admission import Feed
from app.answer_events import AnswerEvent, AnswerRequest, DoneEvent, SentenceEvent
from app.dependencies import ThePools, TheService, TraceId, require_json
from app.errors import AnswerIncomplete
from app.event_stream import EventStream, event
from app.problems import CLIENT_CLOSED_REQUEST, declared, problem_of
from app.schemas import AskBody, AskReply, CitationReply, SentenceReply
from app.settings import Settings
from generation.records import Answer, Turn

router = APIRouter()
logger = logging.getLogger(__name__)
_STREAM_RESPONSE = {
    "description": "The answer; with `stream` as events `sentence`, `citation`, `done`, `error`.",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}


@router.post(
    "/ask",
    response_model=AskReply,
    dependencies=[Depends(require_json)],
    responses={200: _STREAM_RESPONSE, **declared(400, 403, 413, 415, 421, 422, 503)},
)
async def ask(
    body: AskBody, request: Request, service: TheService, pools: ThePools, trace_id: TraceId
) -> AskReply | Response:
    """Answer from the documents, or decline. Refusals, fallbacks and scripts are answers too."""
    asked = _asked(body, service.settings, trace_id)
    feed = pools.models.feed(partial(service.answer, asked))
    if body.stream:
        return EventStream(_events(feed, request), feed.close)
    answer = await _last(feed, request)
    return Response(status_code=CLIENT_CLOSED_REQUEST) if answer is None else _reply(answer)


def _asked(body: AskBody, settings: Settings, trace_id: str) -> AnswerRequest:
    return AnswerRequest(
        question=body.question,
        collection=body.collection or settings.default_collection,
        history=tuple(Turn(turn.role, turn.content) for turn in body.history),
        session_id=body.session_id,
        stage=body.stage,
        strategy=body.strategy,
        top_k=body.top_k,
        trace_id=trace_id,
    )


async def _last(feed: Feed[AnswerEvent], request: Request) -> Answer | None:
    """Return the answer, None when the client left. Raises AnswerIncomplete."""
    watcher = asyncio.create_task(_close_when_gone(feed, request))
    answer: Answer | None = None
    try:
        async for said in feed:
            if isinstance(said, DoneEvent):
                answer = said.answer
    finally:
        watcher.cancel()
        feed.close()
    if answer is None and not watcher.done():
        raise AnswerIncomplete
    return answer


async def _close_when_gone(feed: Feed[AnswerEvent], request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    feed.close()


async def _events(feed: Feed[AnswerEvent], request: Request) -> AsyncIterator[ServerSentEvent]:
    finished = False
    try:
        async for said in feed:
            for sent in _told(said):
                yield sent
            finished = isinstance(said, DoneEvent)
        if not finished:
            raise AnswerIncomplete
    except Exception as error:
        # The last resort of a response that has begun: its status is sent, so the event says it.
        problem, _ = problem_of(error, request.scope)
        if problem.status == 500:
            logger.exception("Answer failed, trace %s", problem.trace_id)
        yield event("error", problem)


def _told(said: AnswerEvent) -> list[ServerSentEvent]:
    if isinstance(said, SentenceEvent):
        sentence = event("sentence", SentenceReply(index=said.index, text=said.text))
        citations = (CitationReply.model_validate(citation) for citation in said.citations)
        return [sentence, *(event("citation", citation) for citation in citations)]
    return [event("done", _reply(said.answer))]


def _reply(answer: Answer) -> AskReply:
    return AskReply(
        answer=answer.text,
        outcome=answer.outcome,
        confidence=answer.confidence,
        citations=[CitationReply.model_validate(citation) for citation in answer.citations],
        script_id=answer.script_id,
        trace_id=answer.trace_id,
        timings_ms=answer.timings_ms,
    )
