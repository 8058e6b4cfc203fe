"""What passes between the stages of generation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from generation.prompt import PromptPassage
from retrieval.records import Passage


class Outcome(StrEnum):
    """How a question ended. All four are answers a user may see, never errors."""

    ANSWERED = "answered"
    REFUSED = "refused"
    FALLBACK = "fallback"
    SCRIPT = "script"


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message of a conversation."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of whole sentences of a passage, in code points of the *document*."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ContextPassage:
    """A passage chosen for the prompt: the pieces of it that are shown, and how they are shown.

    pieces: in order, without overlap, inside the passage. prompt: their text, neutralised, so its
    offsets mean nothing; the evidence is always the pieces of `passage.text`.
    """

    passage: Passage
    pieces: tuple[Piece, ...]
    prompt: PromptPassage


@dataclass(frozen=True, slots=True)
class Span:
    """A supporting piece of a passage, in code points of the *document*: its exact quote."""

    chunk_id: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """A sentence of an answer with what proves it. `spans` is never empty."""

    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Citation:
    """A span as the API shows it; `sentence` is the index of the answer's sentence, from 0.

    The stored text of that document and revision satisfies `text[start:end] == quote`.
    """

    sentence: int
    document_id: str
    revision: str
    title: str
    page: int | None
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Basis:
    """What a verdict rests on, as a log keeps it. None and empty: it plays no part.

    policy_version: 0 where the default holds. rules: the digest of the rule file that was asked.
    rule_id: the rule that decided. script_id, script_version: the approved script that is shown, or
    came closest. score: its match, 0 to 1; threshold: what it had to reach at that stage.
    """

    policy: str = ""
    policy_version: int | None = None
    rules: str = ""
    stage: str = ""
    rule_id: str | None = None
    rule_version: int | None = None
    script_id: str | None = None
    script_version: int | None = None
    score: float | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What compliance decided about a text. `text` is what may be shown if `allowed`.

    reason: why, in words that a user can read; empty where nothing was changed or blocked.
    """

    allowed: bool
    text: str
    reason: str
    basis: Basis = Basis()


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of a question.

    handover: a human is to take over. stage: where the conversation stands. is_fallback: a script
    stands in place of what compliance let not through. cause: why there is a refusal or fallback,
    from a fixed list; seconds: what stages took; both for counting.
    """

    text: str
    outcome: Outcome
    confidence: float
    citations: tuple[Citation, ...]
    script_id: str | None
    trace_id: str
    timings_ms: Mapping[str, float]
    handover: bool = False
    stage: str | None = None
    is_fallback: bool = False
    cause: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
