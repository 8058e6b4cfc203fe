"""Erase users' words from the audit when they have been kept for as long as is set."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

EVERY_SECONDS = 600.0


class Erase(Protocol):
    """Erases the words of older entries and says how many had any."""

    def __call__(self, *, before: datetime) -> int:
        """Erase what is older than `before`."""
        ...


class Retention:
    """days: how long words are kept; 0: for ever."""

    def __init__(
        self, erase: Erase, days: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._erase = erase
        self._days = days
        self._clock = clock
        self._due = clock()

    def after(self, step: Callable[[], object]) -> Callable[[], None]:
        """Return a step that also does this."""

        def both() -> None:
            step()
            self.apply()

        return both

    def apply(self) -> int:
        """Erase what is due, every ten minutes; otherwise return 0 at once."""
        if not self._days or self._clock() < self._due:
            return 0
        self._due = self._clock() + EVERY_SECONDS
        return self._erase(before=datetime.now(UTC) - timedelta(days=self._days))
