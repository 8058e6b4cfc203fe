"""Fit the weights of fusion on questions whose passages are known, and believe only what holds up.

One half of the questions chooses among weights, the other half judges the choice. All searches are
made once: what their stages found is fused again for every weight tried.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.fusion_weights import BOUNDS, FusionWeights, with_values
from retrieval.stages import StageHits, fuse_stages

TRIES = 160
LEAST_QUESTIONS = 40
_CUT_OFF = 10
_RESAMPLES = 2000


class TooFewQuestions(ValueError):
    """There are too few questions to fit and to judge weights."""

    def __init__(self, found: int) -> None:
        super().__init__(f"{found} questions, and tuning needs at least {LEAST_QUESTIONS}")
        self.found = found


@dataclass(frozen=True, slots=True)
class JudgedSearch:
    """What a search found. relevant: the rows that answer. logits: the reranker's, by row read."""

    hits: StageHits
    relevant: frozenset[int]
    logits: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Tuning:
    """What fitting came to. before, after: mean reciprocal rank of the held-out half.

    gain, low, high: the mean of its paired differences with its 95 % interval. accepted: that
    interval lies above 0.
    """

    weights: FusionWeights
    before: float
    after: float
    gain: float
    low: float
    high: float
    fitted: int
    judged: int

    @property
    def accepted(self) -> bool:
        """Return whether the weights are better for certain."""
        return self.low > 0


def tune(
    searches: Sequence[JudgedSearch],
    now: FusionWeights,
    *,
    seed: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Tuning:
    """Return the best weights within bounds for one half, and what they are worth on the other.

    now: the weights in use. Equal seeds give equal results. Raises TooFewQuestions.
    O(tries · questions).
    """
    if len(searches) < LEAST_QUESTIONS:
        raise TooFewQuestions(len(searches))
    draw = random.Random(seed)
    order = draw.sample(range(len(searches)), len(searches))
    half = len(order) // 2
    fitting = [searches[index] for index in order[:half]]
    judging = [searches[index] for index in order[half:]]
    best, best_score = now, _mean(fitting, now)
    for number in range(TRIES):
        # First anywhere within the bounds, then near the best so far.
        tried = _anywhere(draw, now) if number < TRIES // 2 else _near(draw, best)
        score = _mean(fitting, tried)
        if score > best_score:
            best, best_score = tried, score
        progress(number + 1, TRIES)
    before = [reciprocal_rank(one, now) for one in judging]
    after = [reciprocal_rank(one, best) for one in judging]
    gains = [new - old for new, old in zip(after, before, strict=True)]
    low, high = _interval(gains, seed)
    return Tuning(
        weights=best,
        before=float(np.mean(before)),
        after=float(np.mean(after)),
        gain=float(np.mean(gains)),
        low=low,
        high=high,
        fitted=len(fitting),
        judged=len(judging),
    )


def reciprocal_rank(search: JudgedSearch, weights: FusionWeights) -> float:
    """Return 1 / rank of the first relevant row among the ten best; 0: none is there.

    What the reranker read counts its logit, the rest the worst of these, as in `rerank`.
    """
    ranked = fuse_stages(search.hits, weights)
    if search.logits and weights.rerank:
        lowest = min(search.logits.values())
        head = ranked[: weights.rerank_depth]
        read = {row: search.logits.get(row, lowest) for row, _ in head}
        ranked = sorted(
            ((row, score + weights.rerank * read.get(row, lowest)) for row, score in ranked),
            key=lambda hit: -hit[1],
        )
    for rank, (row, _) in enumerate(ranked[:_CUT_OFF], start=1):
        if row in search.relevant:
            return 1 / rank
    return 0.0


def _mean(searches: Sequence[JudgedSearch], weights: FusionWeights) -> float:
    return sum(reciprocal_rank(one, weights) for one in searches) / len(searches)


def _anywhere(draw: random.Random, now: FusionWeights) -> FusionWeights:
    values = {name: draw.uniform(low, high) for name, (low, high) in BOUNDS.items()}
    return with_values(now, values, draw.choice((0, 0, 0, 10, 60)))


def _near(draw: random.Random, best: FusionWeights) -> FusionWeights:
    name = draw.choice(list(BOUNDS))
    low, high = BOUNDS[name]
    value = getattr(best, name) + draw.gauss(0, (high - low) / 6)
    return with_values(best, {name: min(max(value, low), high)}, best.rrf_k)


def _interval(values: Sequence[float], seed: int) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a mean (Efron & Tibshirani 1993, chapter 13)."""
    sample = np.asarray(values, dtype=np.float64)
    drawn = np.random.default_rng(seed).integers(0, sample.size, (_RESAMPLES, sample.size))
    low, high = np.percentile(sample[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)
