"""Fit how scripts are scored to labelled sentences, and choose thresholds on a curve."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evaluation.script_match_run import Found
from generation.script_match import Weights

STEPS = tuple(round(0.05 * step, 2) for step in range(1, 20))
_RIDGE = 0.01
_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Point:
    """What a threshold does.

    right: share of the sentences that should match of which the right script is first and matches;
    near_misses, unrelated: shares that match though they must not.
    """

    threshold: float
    right: float
    near_misses: float
    unrelated: float


def fit_weights(found: Sequence[Found]) -> Weights:
    """Return the weights that tell best whether a script is the sentence's own.

    Of each sentence the scripts that were nearest count, but for those that differ in a fact. By
    Newton's method with a small ridge. Raises ValueError without both right and wrong scripts.
    """
    rows, right = list[tuple[float, ...]](), list[bool]()
    for one in found:
        for match in one.matches:
            if not match.differs:
                alike = match.likeness
                rows.append((1.0, alike.cosine, alike.covered, alike.foreign))
                own = match.script.script_id == one.sentence.script_id
                right.append(own and one.sentence.should_match)
    features, target = np.array(rows, dtype=np.float64), np.array(right, dtype=np.float64)
    if not target.any() or target.all():
        raise ValueError("this takes sentences that match their scripts, and others")
    weights, ridge = np.zeros(4), np.diag([0.0, _RIDGE, _RIDGE, _RIDGE])
    for _ in range(_ROUNDS):
        likely = 1 / (1 + np.exp(-features @ weights))
        slope = features.T @ (likely - target) + ridge @ weights
        curvature = (features * (likely * (1 - likely))[:, None]).T @ features + ridge
        step = np.linalg.solve(curvature, slope)
        weights = weights - step
        if np.abs(step).max() < 1e-8:
            break
    return Weights(*(float(value) for value in weights))


def scored_anew(found: Sequence[Found], weights: Weights) -> list[Found]:
    """Return what would be found with other weights, among the scripts that were nearest."""
    anew: list[Found] = []
    for one in found:
        matches = [
            match if match.differs else replace(match, score=match.likeness.score(weights))
            for match in one.matches
        ]
        best = sorted(matches, key=lambda match: (-match.score, -match.cosine))
        anew.append(replace(one, matches=tuple(best)))
    return anew


def curve(found: Sequence[Found]) -> list[Point]:
    """Return the points of all steps, by threshold; a share of no sentences is 0."""
    own = _of(found, "paraphrase", "question")
    near, other = _of(found, "near_miss"), _of(found, "unrelated")
    return [
        Point(
            threshold=step,
            right=_share([one.right_first and one.score >= step for one in own]),
            near_misses=_share([one.score >= step for one in near]),
            unrelated=_share([one.score >= step for one in other]),
        )
        for step in STEPS
    ]


def choose(
    points: Sequence[Point], *, most_near_misses: float, most_unrelated: float
) -> Point | None:
    """Return the lowest threshold within both bounds, as it matches most; None where none is."""
    within = [
        point
        for point in points
        if point.near_misses <= most_near_misses and point.unrelated <= most_unrelated
    ]
    return min(within, key=lambda point: point.threshold, default=None)


def of_stage(found: Sequence[Found], stage: str) -> list[Found]:
    """Return the sentences about a stage's scripts, and all unrelated ones."""
    return [one for one in found if one.stage == stage or one.sentence.kind == "unrelated"]


def _of(found: Sequence[Found], *kinds: str) -> list[Found]:
    return [one for one in found if one.sentence.kind in kinds]


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else 0.0
