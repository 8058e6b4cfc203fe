"""What one answer has come to so far."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.answer_events import AnswerRequest
from app.stage_times import StageTimes
from generation.confidence import Calibration
from generation.evidence import Evidence, Support
from generation.prompt import Language
from generation.records import Citation
from retrieval.records import Passage


@dataclass(slots=True)
class Progress:
    """Lives as long as its request.

    calibration: of its collection. cause: why there is a refusal or fallback. times: of its
    stages; timings: moments from its start, in milliseconds.
    """

    request: AnswerRequest
    language: Language
    calibration: Calibration
    started: float
    passages: Sequence[Passage] = ()
    documents: int = 0
    shown: list[str] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    evidence: Evidence | None = None
    confidence: float = 0.0
    is_fallback: bool = False
    cause: str = ""
    script_id: str | None = None
    timings: dict[str, float] = field(default_factory=dict)
    times: StageTimes = field(default_factory=StageTimes)

    @property
    def support(self) -> Support | None:
        """Return what the reader said of the passages, None where there is none."""
        return self.evidence.support if self.evidence else None

    def mark(self, name: str) -> None:
        """Note a moment, the first time that it comes."""
        self.timings.setdefault(name, (time.perf_counter() - self.started) * 1000)
