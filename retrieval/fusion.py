"""Merge ranked lists into one."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)


@dataclass(frozen=True, slots=True)
class WeightedRun(Generic[Item]):
    """A ranked list, best first, with its say in the merged one."""

    items: Sequence[Item]
    weight: float


def fuse_rrf(runs: Sequence[WeightedRun[Item]], *, k: int = 60) -> list[tuple[Item, float]]:
    """Merge by weighted reciprocal rank (Cormack et al. 2009).

    Returns unique items with Σ weight/(k + rank), ranks from 1, best first; ties keep the order in
    which items were first seen. O(total items). Raises ValueError if k < 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    scores: defaultdict[Item, float] = defaultdict(float)
    for run in runs:
        for rank, item in enumerate(run.items, start=1):
            scores[item] += run.weight / (k + rank)
    return sorted(scores.items(), key=lambda pair: -pair[1])
