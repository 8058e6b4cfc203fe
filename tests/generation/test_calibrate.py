import random

import pytest

from generation.calibrate import (
    JudgedAnswer,
    TooFewAnswers,
    calibrate,
    choose_threshold,
    expected_calibration_error,
    fit_line,
    log_loss,
    risk_at,
)
from generation.confidence import Calibration, calibrated


def drawn(
    count: int, *, seed: int = 1, honest: float = 1.0, shift: float = 0.0
) -> list[JudgedAnswer]:
    """Answers whose true log-odds are `honest` times those told, plus `shift`."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        told = rng.uniform(0.03, 0.97)
        true = calibrated(told, Calibration(0.0, honest, shift))
        right = rng.random() < true
        found.append(JudgedAnswer(told, right, right or rng.random() < 0.5))
    return found


def test_fit_line_finds_how_far_off_confidence_is() -> None:
    line = fit_line(drawn(4000, honest=0.5, shift=-1.0))
    assert line.slope == pytest.approx(0.5, abs=0.08)
    assert line.bias == pytest.approx(-1.0, abs=0.1)


def test_fit_line_leaves_confidence_nearly_as_it_is_for_a_few_answers() -> None:
    line = fit_line([JudgedAnswer(0.9, False, False)] * 2)
    assert 0.5 < line.slope <= 1.1
    assert -1.0 < line.bias < 0.0


def test_fit_line_never_turns_the_order_round() -> None:
    upside_down = [JudgedAnswer(0.9, False, True)] * 50 + [JudgedAnswer(0.1, True, True)] * 50
    assert fit_line(upside_down).slope > 0


def test_choose_threshold_is_the_lowest_within_the_risk() -> None:
    answers = [
        JudgedAnswer(0.2, False, False),
        JudgedAnswer(0.4, True, True),
        JudgedAnswer(0.6, False, False),
        JudgedAnswer(0.8, True, True),
        JudgedAnswer(0.9, True, True),
    ]
    assert choose_threshold(answers, 0.5) == 0.2
    assert choose_threshold(answers, 0.3) == 0.4
    assert choose_threshold(answers, 0.1) == 0.8
    assert choose_threshold([JudgedAnswer(0.5, False, True)], 0.1) == 0.5


def test_risk_at_counts_shares_of_what_they_are_of() -> None:
    answers = [
        JudgedAnswer(0.9, True, True),
        JudgedAnswer(0.8, False, False),
        JudgedAnswer(0.3, True, True),
        JudgedAnswer(0.0, False, True),
        JudgedAnswer(0.0, False, False),
    ]
    point = risk_at(answers, 0.5)
    assert (point.coverage, point.risk, point.refused) == pytest.approx((1 / 3, 1 / 2, 1 / 2))
    assert risk_at(answers, 0.0).coverage == pytest.approx(2 / 3)
    assert risk_at([], 0.5).risk == 0.0


def test_errors_are_those_of_their_definitions() -> None:
    answers = [JudgedAnswer(0.75, True, True), JudgedAnswer(0.75, False, True)]
    assert expected_calibration_error(answers) == pytest.approx(0.25)
    assert log_loss(answers) == pytest.approx(0.8370, abs=1e-4)
    assert expected_calibration_error([]) == log_loss([]) == 0.0
    assert log_loss([JudgedAnswer(1.0, False, True)]) < 30


def test_calibrate_betters_what_is_overconfident_and_keeps_the_risk() -> None:
    found = calibrate(drawn(3000, honest=0.6, shift=-0.8), risk=0.3, seed=3)
    assert found.is_better
    assert found.error_after < 0.05 < found.error_before
    assert found.chosen.risk == pytest.approx(0.3, abs=0.05)
    assert found.fitted + found.judged == 3000
    coverages = [point.coverage for point in found.curve]
    assert coverages == sorted(coverages, reverse=True)


def test_calibrate_what_means_what_it_says_changes_little() -> None:
    found = calibrate(drawn(3000), risk=0.2, seed=3)
    assert found.calibration.slope == pytest.approx(1.0, abs=0.1)
    assert found.calibration.bias == pytest.approx(0.0, abs=0.15)
    assert found == calibrate(drawn(3000), risk=0.2, seed=3)


def test_calibrate_too_few_drafts_is_an_error() -> None:
    refused = [JudgedAnswer(0.0, False, True)] * 500
    with pytest.raises(TooFewAnswers, match="39 answers"):
        calibrate([*refused, *drawn(39)], risk=0.1, seed=1)
