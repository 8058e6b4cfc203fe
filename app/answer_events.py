"""What is asked of the answering path and what it says, piece by piece."""

from dataclasses import dataclass

from app.settings import Strategy
from generation.records import Answer, Citation, Turn


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """A question with its conversation. None means: the service's own choice.

    used: ids of the scripts that the conversation has shown, latest last.
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
