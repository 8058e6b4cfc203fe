"""Measures of rankings, answers, refusals and citations: small functions, each with its source.

Grades come from qrels: an integer per document, above 0 is relevant. Ranked lists are best first
and hold no document twice. Where nothing is relevant the ranking measures raise, because a mean
over such questions says nothing.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Grades = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its confidence interval."""

    mean: float
    low: float
    high: float


def rank_by_score(scores: Mapping[str, float]) -> list[str]:
    """Return the ids by falling score; ties by falling id, as trec_eval breaks them. O(n log n)."""
    return sorted(scores, key=lambda document: (scores[document], document), reverse=True)


def ndcg(ranked: Sequence[str], grades: Grades, k: int) -> float:
    """Normalised discounted cumulative gain at k (Järvelin & Kekäläinen 2002).

    Gain is the grade itself and the discount log2(rank + 1), as in trec_eval's `ndcg_cut`.
    Raises ValueError if no document is relevant or k < 1.
    """
    _require_relevant(grades, k)
    ideal = sorted((grade for grade in grades.values() if grade > 0), reverse=True)
    found = [max(grades.get(document, 0), 0) for document in ranked[:k]]
    return _discounted(found) / _discounted(ideal[:k])


def recall(ranked: Sequence[str], grades: Grades, k: int) -> float:
    """Share of the relevant documents among the first k. Raises as `ndcg` does."""
    relevant = _require_relevant(grades, k)
    return len(relevant.intersection(ranked[:k])) / len(relevant)


def reciprocal_rank(ranked: Sequence[str], grades: Grades, k: int) -> float:
    """1 / rank of the first relevant document among the first k, else 0; its mean is MRR@k.

    Voorhees, "The TREC-8 question answering track report" (1999). Raises as `ndcg` does.
    """
    relevant = _require_relevant(grades, k)
    for rank, document in enumerate(ranked[:k], start=1):
        if document in relevant:
            return 1 / rank
    return 0.0


def hit(ranked: Sequence[str], grades: Grades, k: int) -> float:
    """1.0 if one of the first k is relevant, else 0.0 ("success@k"). Raises as `ndcg` does."""
    relevant = _require_relevant(grades, k)
    return float(not relevant.isdisjoint(ranked[:k]))


def chance_ndcg(grades: Grades, documents: int, k: int) -> float:
    """Expected nDCG@k of a random order of the corpus: every rank holds the mean grade."""
    _require_relevant(grades, k)
    ideal = sorted((grade for grade in grades.values() if grade > 0), reverse=True)
    depth = min(k, documents)
    return _discounted([sum(ideal) / documents] * depth) / _discounted(ideal[:k])


@dataclass(frozen=True, slots=True)
class RefusalScores:
    """How well a system knows when to decline; a figure is None where nothing could be counted.

    precision: unanswerable among the refused; recall: refused among the unanswerable;
    wrong_refusal_rate: refused among the answerable.
    """

    precision: float | None
    recall: float | None
    wrong_refusal_rate: float | None


def refusal_scores(refused: Sequence[bool], answerable: Sequence[bool]) -> RefusalScores:
    """Precision and recall of refusals, with "unanswerable" as the positive class.

    The two sequences are aligned; unanswerable questions as in SQuAD 2.0 (Rajpurkar et al. 2018).
    Raises ValueError when the lengths differ.
    """
    pairs = list(zip(refused, answerable, strict=True))
    right = sum(was_refused and not can for was_refused, can in pairs)
    wrong = sum(was_refused and can for was_refused, can in pairs)
    possible = sum(can for _, can in pairs)
    return RefusalScores(
        precision=share(right, right + wrong),
        recall=share(right, len(pairs) - possible),
        wrong_refusal_rate=share(wrong, possible),
    )


def share(part: int, whole: int) -> float | None:
    """Return part / whole, or None where there is nothing to count."""
    return part / whole if whole else None


def mean(values: Sequence[float]) -> float | None:
    """Return the arithmetic mean, or None of nothing."""
    return math.fsum(values) / len(values) if values else None


def bootstrap_mean(
    values: Sequence[float], *, seed: int, resamples: int = 1000, level: float = 0.95
) -> Interval:
    """Mean with a percentile bootstrap interval (Efron & Tibshirani 1993, chapter 13).

    For two systems pass the differences per question: that is the paired test. Equal seeds give
    equal intervals. Raises ValueError on no values. O(n · resamples).
    """
    if not values:
        raise ValueError("no values to resample")
    sample = np.asarray(values, dtype=np.float64)
    generator = np.random.default_rng(seed)
    means = [
        float(sample[generator.integers(0, sample.size, sample.size)].mean())
        for _ in range(resamples)
    ]
    tail = (1 - level) / 2 * 100
    low, high = np.percentile(means, [tail, 100 - tail])
    return Interval(float(sample.mean()), float(low), float(high))


def percentile(values: Sequence[float], q: float) -> float | None:
    """Return the q-th percentile (0 to 100), linear between neighbours; None of nothing."""
    return float(np.percentile(values, q)) if values else None


def _discounted(gains: Sequence[float]) -> float:
    return math.fsum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def _require_relevant(grades: Grades, k: int) -> set[str]:
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    relevant = {document for document, grade in grades.items() if grade > 0}
    if not relevant:
        raise ValueError("no relevant document: leave the question out of the mean")
    return relevant
