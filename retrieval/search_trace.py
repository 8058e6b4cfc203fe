"""What a search notes on its way: how long each stage took, and what it gave each row."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from retrieval.key_index import Scored


@dataclass(slots=True)
class SearchTrace:
    """Milliseconds by stage, and scores by row and stage. It lives as long as its search.

    candidates: (document, score) that the summaries chose, best first; None: nothing was narrowed.
    """

    timings: dict[str, float] = field(default_factory=dict)
    scores: dict[int, dict[str, float]] = field(default_factory=dict)
    candidates: Scored | None = None

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Take the time of what is done inside."""
        started = time.perf_counter()
        yield
        self.timings[name] = (time.perf_counter() - started) * 1000

    def note(self, name: str, found: Scored) -> None:
        """Keep the scores that a stage gave."""
        for row, score in found:
            self.scores.setdefault(row, {})[name] = score
