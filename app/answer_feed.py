"""What every route that answers questions does: ask, and tell the answer whole or as events."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence

from fastapi import Request
from sse_starlette import ServerSentEvent

from app.admission import Feed
from app.answer_events import AnswerEvent, AnswerRequest, DoneEvent, SentenceEvent
from app.errors import AnswerIncomplete
from app.problems import problem_of
from app.schemas import AskBody, Problem
from app.settings import Settings
from generation.records import Answer, Turn

logger = logging.getLogger(__name__)

Tell = Callable[[AnswerEvent], Sequence[ServerSentEvent]]
Fail = Callable[[Problem], ServerSentEvent]


def answer_request(body: AskBody, settings: Settings, trace_id: str) -> AnswerRequest:
    """Return what is asked of the answering path."""
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


async def whole_answer(
    feed: Feed[AnswerEvent], request: Request
) -> tuple[list[SentenceEvent], Answer] | None:
    """Return the sentences and the answer, None when the client left. Raises AnswerIncomplete."""
    watcher = asyncio.create_task(_close_when_gone(feed, request))
    sentences: list[SentenceEvent] = []
    answer: Answer | None = None
    try:
        async for said in feed:
            if isinstance(said, DoneEvent):
                answer = said.answer
            else:
                sentences.append(said)
    finally:
        watcher.cancel()
        feed.close()
    if answer is not None:
        return sentences, answer
    if not watcher.done():
        raise AnswerIncomplete
    return None


async def streamed_answer(
    feed: Feed[AnswerEvent], request: Request, tell: Tell, fail: Fail
) -> AsyncIterator[ServerSentEvent]:
    """Yield what `tell` makes of each event of an answer; an error ends it with what `fail` says.

    An unforeseen error is logged.
    """
    finished = False
    try:
        async for said in feed:
            for sent in tell(said):
                yield sent
            finished = isinstance(said, DoneEvent)
        if not finished:
            raise AnswerIncomplete
    except Exception as error:
        # The last resort of a response that has begun: its status is sent, so the event says it.
        problem, _ = problem_of(error, request.scope)
        if problem.status == 500:
            logger.exception("Answer failed, trace %s", problem.trace_id)
        yield fail(problem)


async def _close_when_gone(feed: Feed[AnswerEvent], request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    feed.close()
