"""What the gate decided while one answer is made, noted for the audit."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec, TypeVar

from generation.records import Verdict

P = ParamSpec("P")
G = TypeVar("G")


@dataclass(frozen=True, slots=True)
class Vetted:
    """A text as it came to the gate, and what became of it.

    evidence: the quotes it cites. approved: it was a script's wording already. judged_at: when, in
    ISO form; is_verdict: False where no gate judged it, as it may be shown as it is.
    """

    draft: str
    evidence: tuple[str, ...]
    language: str
    verdict: Verdict
    milliseconds: float
    approved: bool = False
    judged_at: str = ""

    @property
    def is_verdict(self) -> bool:
        """Tell whether a gate judged it."""
        return bool(self.judged_at)


_notes: ContextVar[list[Vetted] | None] = ContextVar("vetted", default=None)


@contextmanager
def noting(into: list[Vetted]) -> Iterator[None]:
    """Add what the gate decides in this thread meanwhile to a list."""
    token = _notes.set(into)
    try:
        yield
    finally:
        _notes.reset(token)


def noted(
    gate: Callable[Concatenate[G, str, P], Verdict],
) -> Callable[Concatenate[G, str, P], Verdict]:
    """Make a gate's method note each verdict where somebody listens."""

    def vet(self: G, text: str, *args: P.args, **kwargs: P.kwargs) -> Verdict:
        at, began = datetime.now(UTC).isoformat(), time.perf_counter()
        verdict = gate(self, text, *args, **kwargs)
        notes = _notes.get()
        if notes is not None:
            spent = (time.perf_counter() - began) * 1000
            notes.append(_vetted(text, kwargs, verdict, spent, at))
        return verdict

    return update_wrapper(vet, gate)  # type: ignore[return-value]  # names `self` and `text`


def _vetted(text: str, given: Any, verdict: Verdict, spent: float, at: str) -> Vetted:
    evidence: Sequence[str] = given.get("evidence", ())
    return Vetted(
        draft=text,
        evidence=tuple(evidence),
        language=str(given.get("language", "")),
        verdict=verdict,
        milliseconds=spent,
        approved=bool(given.get("approved", False)),
        judged_at=at,
    )
