"""Sessions: what was said before goes in front of a question, and what is said now is kept."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal, cast

from app.answer_events import AnswerEvent, AnswerRequest, DoneEvent
from app.answer_question import stopping
from generation.records import Turn
from ingestion.errors import CatalogError
from ingestion.store.sessions import Sessions

_TURNS = 10

logger = logging.getLogger(__name__)

Answering = Callable[[AnswerRequest], Iterator[AnswerEvent]]


def with_sessions(sessions: Sessions, answering: Answering) -> Answering:
    """Wrap an answering function so that a `session_id` remembers its conversation.

    A session belongs to its collection; the same id in another one is another conversation. A
    `history` sent with the question takes the place of what is stored.
    """

    def answer(request: AnswerRequest) -> Iterator[AnswerEvent]:
        if request.session_id is None:
            yield from answering(request)
            return
        key = f"{request.collection}\n{request.session_id}"
        history = request.history or _stored(sessions, key)
        events = answering(replace(request, history=history))
        with stopping(events):
            for event in events:
                if isinstance(event, DoneEvent):
                    turns = [("user", request.question), ("assistant", event.answer.text)]
                    _keep(sessions, key, request.collection, turns)
                yield event

    return answer


def _keep(sessions: Sessions, key: str, collection: str, turns: list[tuple[str, str]]) -> None:
    try:
        sessions.append(key, collection, turns)
    except CatalogError:
        # All of the answer is out already: it ends as it should, and the next turn lacks this one.
        logger.exception("A conversation can't be kept")


def _stored(sessions: Sessions, key: str) -> tuple[Turn, ...]:
    return tuple(
        Turn(cast(Literal["user", "assistant"], role), content)
        for role, content in sessions.latest(key, _TURNS)
    )
