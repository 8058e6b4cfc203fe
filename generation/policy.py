"""What compliance demands of a collection's answers, stage by stage of a conversation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

OPENING, INQUIRY, OBJECTION, CLOSING = "opening", "inquiry", "objection", "closing"
HANDOVER = "handover"
FALLBACK_STAGE = "fallback"
CUT_SHORT = "cut_short"
FALLBACK_TAG = "fallback"
GREETING_TAG = "greeting"
DEFAULT_THRESHOLD = 0.5


class Mode(StrEnum):
    """How strictly answers are bound."""

    OFF = "off"
    ADVISE = "advise"
    GUARD = "guard"
    STRICT = "strict"
    HYBRID = "hybrid"


DEFAULT_MOVES: Mapping[str, Mapping[str, str]] = {
    OPENING: {"inquiry": INQUIRY, "objection": OBJECTION, "closing": CLOSING},
    INQUIRY: {"objection": OBJECTION, "closing": CLOSING},
    OBJECTION: {"inquiry": INQUIRY, "closing": CLOSING},
    CLOSING: {"inquiry": INQUIRY, "objection": OBJECTION},
}


@dataclass(frozen=True, slots=True)
class Policy:
    """A collection's policy. threshold: least match of a script; thresholds: by stage, before it.

    script_first: scripts answer a question that they match before anything is searched.
    handover_after: so many fallbacks in a row hand a conversation over; 0: never. first_stage and
    moves: the graph of stages, as stage → intent → next stage. intents: the collection's own
    examples, by intent, beside those that ship. version: 0 where none is stored.
    """

    mode: Mode = Mode.GUARD
    threshold: float = DEFAULT_THRESHOLD
    thresholds: Mapping[str, float] = field(default_factory=dict)
    script_first: bool = False
    handover_after: int = 3
    first_stage: str = OPENING
    moves: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: DEFAULT_MOVES)
    intents: Mapping[str, Sequence[str]] = field(default_factory=dict)
    version: int = 0

    def threshold_at(self, stage: str) -> float:
        """Return the least match of a script at a stage."""
        return self.thresholds.get(stage, self.threshold)

    def next_stage(self, stage: str, intent: str | None) -> str:
        """Return the stage that an intent leads to; the same one where it leads nowhere."""
        here = stage or self.first_stage
        return self.moves.get(here, {}).get(intent or "", here)


def read_policy(content: Mapping[str, Any], version: int) -> Policy:
    """Return a stored policy. Raises ValueError, TypeError or KeyError where it is none."""
    return Policy(**{**content, "mode": Mode(content["mode"]), "version": version})
