"""What is asked of the answering path and what it says, piece by piece."""

from dataclasses import dataclass

from app.settings import Strategy
from generation.records import Answer, Citation, Turn


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """A question with its conversation. None means: the service's own choice.

    used: ids of the scripts that the conversation has shown, latest last. is_part: it is a part of
    a compound question. has_begun: another part of it has been answered.
    """

    question: str
    collection: str
    history: tuple[Turn, ...]
    session_id: str | None
    stage: str | None
    strategy: Strategy | None
    top_k: int | None
    trace_id: str
    used: tuple[str, ...] = ()
    is_part: bool = False
    has_begun: bool = False


@dataclass(frozen=True, slots=True)
class SentenceEvent:
    """A released sentence, numbered from 0, with the citations that prove it."""

    index: int
    text: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class DoneEvent:
    """The end of an answer, exactly one, always last."""

    answer: Answer


AnswerEvent = SentenceEvent | DoneEvent
