"""How long the stages of one answer took, each added up."""

import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")


class StageTimes:
    """Adds up seconds by stage. For one thread."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    @property
    def seconds(self) -> Mapping[str, float]:
        """Return the seconds of every stage that was entered."""
        return dict(self._seconds)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add what is done meanwhile to a stage."""
        began = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - began
            self._seconds[stage] = self._seconds.get(stage, 0.0) + spent

    def each(self, stage: str, items: Iterator[Item]) -> Generator[Item]:
        """Yield items, adding the wait for each to a stage. Closing it closes their generator."""
        try:
            while True:
                with self.timed(stage):
                    try:
                        item = next(items)
                    except StopIteration:
                        return
                yield item
        finally:
            if isinstance(items, Generator):
                items.close()
