"""Make confidence mean what it says, on questions whose right answers are known.

A confidence is read through a line on its logit (Platt 1999), fitted on one half of the questions
and kept only if it is better on the other. The threshold is the lowest at which, on the first half,
of the answers shown no larger share is wrong than the risk that was chosen (selective prediction,
El-Yaniv and Wiener 2010).
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generation.confidence import Calibration, calibrated, logit

LEAST_JUDGED = 40
"""Fewer answers than this say too little."""

BINS = 10
_PRIOR = 10.0  # answers that speak for leaving confidence as it is
_STEPS = 60
_SHOWN_POINTS = 20


class TooFewAnswers(ValueError):
    """There are not enough answers to calibrate with."""

    def __init__(self, found: int) -> None:
        super().__init__(
            f"{found} answers are too few to calibrate with, {LEAST_JUDGED} are needed"
        )


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """What came of one question when nothing was refused for lack of confidence.

    confidence: as computed, 0 to 1; 0 where nothing could be answered at all. right: the answer
    stands where it should. answerable: an answer exists.
    """

    confidence: float
    right: bool
    answerable: bool


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """What a threshold comes to.

    coverage: share of answerable questions that are answered. risk: share of the answers shown that
    are wrong. refused: share of unanswerable questions that are refused (1 where there are none).
    """

    threshold: float
    coverage: float
    risk: float
    refused: float


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A calibration with what it is worth on questions that it was not fitted on.

    error_before, error_after: expected calibration error. loss_before, loss_after: log loss, in
    nats. chosen: what the threshold comes to there. curve: thresholds, rising.
    """

    calibration: Calibration
    fitted: int
    judged: int
    error_before: float
    error_after: float
    loss_before: float
    loss_after: float
    chosen: RiskPoint
    curve: tuple[RiskPoint, ...]

    @property
    def is_better(self) -> bool:
        """Tell whether confidence tells right from wrong better than before."""
        return self.loss_after < self.loss_before


def calibrate(answers: Sequence[JudgedAnswer], *, risk: float, seed: int) -> Calibrated:
    """Fit on a random half of the answers, measure on the other. Raises TooFewAnswers.

    risk: the largest share of wrong answers among those shown, 0 to 1. Where no threshold keeps it,
    the one that comes nearest is taken.
    """
    drafted = [one for one in answers if one.confidence > 0]
    if len(drafted) < LEAST_JUDGED:
        raise TooFewAnswers(len(drafted))
    shuffled = list(answers)
    random.Random(seed).shuffle(shuffled)
    half = len(shuffled) // 2
    first, second = shuffled[:half], shuffled[half:]
    line = fit_line(first)
    threshold = choose_threshold([_read(one, line) for one in first], risk)
    before, after = second, [_read(one, line) for one in second]
    return Calibrated(
        calibration=Calibration(threshold, line.slope, line.bias),
        fitted=len(first),
        judged=len(second),
        error_before=expected_calibration_error(before),
        error_after=expected_calibration_error(after),
        loss_before=log_loss(before),
        loss_after=log_loss(after),
        chosen=risk_at(after, threshold),
        curve=tuple(risk_at(after, step / _SHOWN_POINTS) for step in range(_SHOWN_POINTS)),
    )


def fit_line(answers: Sequence[JudgedAnswer]) -> Calibration:
    """Return slope and bias of the logit by regularised maximum likelihood; the threshold is 0.

    A few answers move them little: the prior is the confidence as it is.
    """
    drafted = [one for one in answers if one.confidence > 0]
    inputs = np.array([logit(one.confidence) for one in drafted])
    wanted = np.array([float(one.right) for one in drafted])
    design = np.stack([inputs, np.ones_like(inputs)], axis=1)
    prior = np.array([1.0, 0.0])
    line = prior.copy()
    for _ in range(_STEPS):  # Newton's method; the problem is convex
        likely = _sigmoid(design @ line)
        slope = design.T @ (likely - wanted) + _PRIOR * (line - prior)
        bend = (design.T * (likely * (1 - likely))) @ design + _PRIOR * np.eye(2)
        line = line - np.linalg.solve(bend, slope)
    # A line that falls would call the surest answers the worst: then only the bias is of use.
    return Calibration(0.0, max(0.05, float(line[0])), float(line[1]))


def choose_threshold(answers: Sequence[JudgedAnswer], risk: float) -> float:
    """Return the lowest threshold whose answers are wrong no more often than `risk`."""
    shown = sorted({one.confidence for one in answers if one.confidence > 0})
    points = [risk_at(answers, threshold) for threshold in shown]
    kept = [point.threshold for point in points if point.risk <= risk]
    if kept:
        return min(kept)
    return min(points, key=lambda point: (point.risk, point.threshold)).threshold


def risk_at(answers: Sequence[JudgedAnswer], threshold: float) -> RiskPoint:
    """Return what refusing below a threshold comes to."""
    shown = [one for one in answers if one.confidence > 0 and one.confidence >= threshold]
    answerable = sum(one.answerable for one in answers)
    others = len(answers) - answerable
    covered = sum(one.answerable for one in shown)
    return RiskPoint(
        threshold,
        covered / answerable if answerable else 0.0,
        sum(not one.right for one in shown) / len(shown) if shown else 0.0,
        1 - (len(shown) - covered) / others if others else 1.0,
    )


def expected_calibration_error(answers: Sequence[JudgedAnswer]) -> float:
    """Return the mean distance of confidence and share right, over ten bins (Naeini et al. 2015).

    Only answers that were drafted count; 0 without any.
    """
    drafted = [one for one in answers if one.confidence > 0]
    bins: dict[int, list[JudgedAnswer]] = {}
    for one in drafted:
        bins.setdefault(min(BINS - 1, int(one.confidence * BINS)), []).append(one)
    apart = (
        abs(sum(one.confidence for one in held) - sum(one.right for one in held))
        for held in bins.values()
    )
    return sum(apart) / len(drafted) if drafted else 0.0


def log_loss(answers: Sequence[JudgedAnswer]) -> float:
    """Return the mean negative log-likelihood of what was right, in nats; 0 without a draft."""
    drafted = [one for one in answers if one.confidence > 0]
    told = (
        math.log(one.confidence if one.right else 1 - min(one.confidence, 1 - 1e-9))
        for one in drafted
    )
    return -sum(told) / len(drafted) if drafted else 0.0


def _read(answer: JudgedAnswer, line: Calibration) -> JudgedAnswer:
    if not answer.confidence:
        return answer
    return JudgedAnswer(calibrated(answer.confidence, line), answer.right, answer.answerable)


def _sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -40, 40))))
