from dataclasses import replace

import pytest

from evaluation.script_calibration import (
    Point,
    choose,
    curve,
    fit_weights,
    of_stage,
    scored_anew,
)
from evaluation.script_match_run import Found, ScriptSentence
from generation.script_index import Match
from generation.script_match import Likeness, Weights
from tests.generation.test_script_index import PAY

OTHER = replace(PAY, script_id="other")


def found(kind: str, *cosines: tuple[str, float], differs: str = "", stage: str = "a") -> Found:
    labelled = ScriptSentence.model_validate(
        {
            "text": f"{kind} {cosines}",
            "language": "zh",
            "kind": kind,
            "script_id": "" if kind == "unrelated" else "pay",
        }
    )
    matches = tuple(
        Match(
            PAY if name == "pay" else OTHER,
            0.0 if differs else cosine,
            differs,
            Likeness(cosine, covered=cosine / 2, foreign=0, same=False),
        )
        for name, cosine in cosines
    )
    return Found(labelled, matches, 0.0, "" if kind == "unrelated" else stage)


SENTENCES = [
    found("paraphrase", ("pay", 0.9), ("other", 0.6)),
    found("question", ("pay", 0.8), ("other", 0.7)),
    found("paraphrase", ("pay", 0.6), ("other", 0.5), stage="b"),
    found("near_miss", ("pay", 0.7), ("other", 0.5)),
    found("near_miss", ("pay", 0.95), differs="negation"),
    found("unrelated", ("other", 0.4)),
]


def test_fit_weights_put_near_scripts_above_far_ones() -> None:
    weights = fit_weights(SENTENCES)
    assert weights.cosine > 0
    assert weights.foreign == pytest.approx(0.0)
    anew = scored_anew(SENTENCES, weights)
    assert anew[0].score > anew[2].score > anew[5].score
    assert anew[4].score == 0.0


def test_fit_weights_without_both_kinds_raises() -> None:
    with pytest.raises(ValueError, match="match their scripts"):
        fit_weights(SENTENCES[3:])
    with pytest.raises(ValueError, match="match their scripts"):
        fit_weights([found("paraphrase", ("pay", 0.9))])


def test_scored_anew_other_script_may_come_first() -> None:
    one = found("paraphrase", ("pay", 0.9), ("other", 0.8))
    assert one.right_first
    (turned,) = scored_anew([one], Weights(bias=0.0, cosine=-1.0, covered=0.0, foreign=0.0))
    assert not turned.right_first


def test_curve_counts_each_kind_at_each_threshold() -> None:
    points = {point.threshold: point for point in curve(SENTENCES)}
    assert points[0.05] == Point(0.05, right=1.0, near_misses=0.5, unrelated=1.0)
    assert points[0.65] == Point(0.65, right=2 / 3, near_misses=0.5, unrelated=0.0)
    assert points[0.95] == Point(0.95, right=0.0, near_misses=0.0, unrelated=0.0)


def test_choose_takes_the_lowest_threshold_within_both_bounds() -> None:
    points = curve(SENTENCES)
    chosen = choose(points, most_near_misses=0.5, most_unrelated=0.0)
    assert chosen is not None
    assert chosen.threshold == 0.45
    strict = choose(points, most_near_misses=0.0, most_unrelated=0.0)
    assert strict is not None
    assert strict.threshold == 0.75
    assert choose(points[:3], most_near_misses=0.0, most_unrelated=0.0) is None


def test_of_stage_keeps_unrelated_sentences() -> None:
    assert [one.sentence.kind for one in of_stage(SENTENCES, "b")] == ["paraphrase", "unrelated"]
