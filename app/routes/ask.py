"""`POST /ask`: a question and its vetted answer, whole or sentence by sentence."""

from functools import partial

from fastapi import APIRouter, Depends, Request
from sse_starlette import ServerSentEvent
from starlette.responses import Response

from app.answer_events import AnswerEvent, SentenceEvent
from app.answer_feed import answer_request, streamed_answer, whole_answer
from app.dependencies import ThePools, TheService, TraceId, require_json
from app.event_stream import EventStream, event
from app.problems import CLIENT_CLOSED_REQUEST, declared
from app.schemas import AskBody, AskReply, CitationReply, SentenceReply
from generation.records import Answer

router = APIRouter()
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
    asked = answer_request(body, service.settings, trace_id)
    feed = pools.models.feed(partial(service.answer, asked))
    if body.stream:
        events = streamed_answer(feed, request, _told, partial(event, "error"))
        return EventStream(events, feed.close)
    whole = await whole_answer(feed, request)
    return Response(status_code=CLIENT_CLOSED_REQUEST) if whole is None else _reply(whole[1])


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
        handover=answer.handover,
        stage=answer.stage,
    )
