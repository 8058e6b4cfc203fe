"""Merge ranked lists into one."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import chain
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


@dataclass(frozen=True, slots=True)
class ScoredRun(Generic[Item]):
    """Scores of one kind from one or more lists, the weight of a unit, and the score of no match.

    What is on several of the lists counts with its best score; what is below `floor`, or on none,
    counts nothing.
    """

    lists: Sequence[Sequence[tuple[Item, float]]]
    weight: float
    floor: float = 0.0


def fuse_scores(runs: Sequence[ScoredRun[Item]]) -> list[tuple[Item, float]]:
    """Merge by weighted sums of scores above their floors.

    Unlike ranks, scores tell a clear match from the best of a bad lot, so each question weighs its
    own runs. Returns unique items, best first; ties keep the order in which items were first seen.
    O(total items).
    """
    fused: defaultdict[Item, float] = defaultdict(float)
    for run in runs:
        best: dict[Item, float] = {}
        for item, score in chain.from_iterable(run.lists):
            best[item] = max(score, best.get(item, score))
        for item, score in best.items():
            fused[item] += run.weight * max(score - run.floor, 0.0)
    return sorted(fused.items(), key=lambda pair: -pair[1])
