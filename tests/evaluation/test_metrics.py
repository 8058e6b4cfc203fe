"""Ranking measures: by hand, against trec_eval, and on what must be zero or chance."""

import math
import random
from collections.abc import Mapping

import ir_measures
import pytest
from ir_measures import RR, R, Success, nDCG

from evaluation import metrics

GRADES = {"a": 2, "b": 1, "c": 0}


def test_ndcg_known_order_is_as_computed_by_hand() -> None:
    found = metrics.ndcg(["b", "x", "a"], GRADES, 10)
    assert found == pytest.approx((1 + 2 / 2) / (2 + 1 / math.log2(3)))


def test_ndcg_ideal_order_is_one() -> None:
    assert metrics.ndcg(["a", "b", "x"], GRADES, 10) == pytest.approx(1.0)


def test_ndcg_cutoff_hides_later_documents() -> None:
    assert metrics.ndcg(["x", "a"], GRADES, 1) == 0


def test_recall_counts_relevant_documents_only() -> None:
    assert metrics.recall(["c", "b", "x"], GRADES, 3) == 0.5
    assert metrics.recall(["c", "b", "a"], GRADES, 2) == 0.5


def test_reciprocal_rank_is_of_the_first_relevant_within_k() -> None:
    assert metrics.reciprocal_rank(["c", "x", "b", "a"], GRADES, 10) == pytest.approx(1 / 3)
    assert metrics.reciprocal_rank(["c", "x", "b"], GRADES, 2) == 0


def test_hit_looks_at_the_first_k() -> None:
    assert metrics.hit(["c", "b"], GRADES, 1) == 0
    assert metrics.hit(["c", "b"], GRADES, 2) == 1


@pytest.mark.parametrize(
    "measure", [metrics.ndcg, metrics.recall, metrics.reciprocal_rank, metrics.hit]
)
def test_measure_empty_run_is_zero_and_nothing_relevant_is_refused(measure) -> None:
    assert measure([], GRADES, 10) == 0
    with pytest.raises(ValueError, match="no relevant document"):
        measure(["a"], {"a": 0}, 10)
    with pytest.raises(ValueError, match="at least 1"):
        measure(["a"], GRADES, 0)


def _random_run(generator: random.Random) -> tuple[dict[str, dict[str, int]], dict[str, dict]]:
    names = [f"d{number}" for number in range(60)]
    qrels, run = {}, {}
    for number in range(40):
        grades = {name: generator.choice([-1, 0, 1, 2, 3]) for name in generator.sample(names, 12)}
        grades[names[0]] = 1
        found = generator.sample(names, generator.randint(1, 50))
        qrels[f"q{number}"] = grades
        run[f"q{number}"] = {name: float(generator.randint(0, 6)) for name in found}  # many ties
    return qrels, run


@pytest.mark.parametrize("seed", range(5))
def test_measures_random_runs_with_ties_equal_trec_eval(seed: int) -> None:
    qrels, run = _random_run(random.Random(seed))
    ours = {
        nDCG @ 10: lambda ranked, grades: metrics.ndcg(ranked, grades, 10),
        R @ 10: lambda ranked, grades: metrics.recall(ranked, grades, 10),
        R @ 40: lambda ranked, grades: metrics.recall(ranked, grades, 40),
        Success @ 1: lambda ranked, grades: metrics.hit(ranked, grades, 1),
        RR: lambda ranked, grades: metrics.reciprocal_rank(ranked, grades, 60),
    }
    checked = 0
    for value in ir_measures.pytrec_eval.iter_calc(ours, qrels, run):
        ranked = metrics.rank_by_score(run[value.query_id])
        found = ours[value.measure](ranked, qrels[value.query_id])
        assert found == pytest.approx(value.value), value
        checked += 1
    assert checked == len(ours) * len(qrels)


def test_rank_by_score_breaks_ties_by_falling_id() -> None:
    assert metrics.rank_by_score({"a": 1.0, "c": 1.0, "b": 2.0}) == ["b", "c", "a"]


def test_chance_ndcg_equals_the_mean_over_random_orders() -> None:
    grades = {"d1": 1, "d2": 2}
    names = [f"d{number}" for number in range(30)]
    generator = random.Random(3)
    values = [metrics.ndcg(generator.sample(names, len(names)), grades, 10) for _ in range(20_000)]
    assert metrics.chance_ndcg(grades, 30, 10) == pytest.approx(
        sum(values) / len(values), abs=0.005
    )


def test_refusal_scores_known_counts() -> None:
    refused = [True, True, True, False, False]
    answerable = [False, False, True, False, True]
    scores = metrics.refusal_scores(refused, answerable)
    assert scores == metrics.RefusalScores(2 / 3, 2 / 3, 0.5)


def test_refusal_scores_nothing_to_count_is_none() -> None:
    assert metrics.refusal_scores([False], [True]) == metrics.RefusalScores(None, None, 0.0)
    assert metrics.refusal_scores([], []) == metrics.RefusalScores(None, None, None)


def test_refusal_scores_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        metrics.refusal_scores([True], [])


def test_bootstrap_mean_same_seed_gives_same_interval_around_the_mean() -> None:
    values = [random.Random(1).random() for _ in range(10)] + [0.0, 1.0] * 50
    first = metrics.bootstrap_mean(values, seed=5)
    assert first == metrics.bootstrap_mean(values, seed=5)
    assert first != metrics.bootstrap_mean(values, seed=6)
    assert first.low < first.mean < first.high
    # The normal approximation of the same interval, which holds for 110 values.
    spread = 1.96 * (sum((v - first.mean) ** 2 for v in values) / len(values) ** 2) ** 0.5
    assert first.high - first.low == pytest.approx(2 * spread, rel=0.1)


def test_bootstrap_mean_equal_values_has_no_width() -> None:
    assert metrics.bootstrap_mean([0.5] * 9, seed=1) == metrics.Interval(0.5, 0.5, 0.5)
    with pytest.raises(ValueError, match="no values"):
        metrics.bootstrap_mean([], seed=1)


def test_percentile_interpolates_and_of_nothing_is_none() -> None:
    assert metrics.percentile([4.0, 1.0, 3.0, 2.0], 50) == 2.5
    assert metrics.percentile([1.0, 2.0], 95) == pytest.approx(1.95)
    assert metrics.percentile([], 50) is None


def test_mean_and_share_of_nothing_are_none() -> None:
    assert metrics.mean([]) is None
    assert metrics.mean([1.0, 2.0]) == 1.5
    assert metrics.share(0, 0) is None
    assert metrics.share(1, 4) == 0.25


def _planted(ranked: list[str], grades: Mapping[str, int], k: int) -> float:
    """Forget the discount, a classic mistake."""
    return sum(grades.get(name, 0) for name in ranked[:k]) / sum(sorted(grades.values())[-k:])


def test_parity_check_planted_bug_is_seen() -> None:
    qrels, run = _random_run(random.Random(0))
    expected = {
        value.query_id: value.value
        for value in ir_measures.pytrec_eval.iter_calc([nDCG @ 10], qrels, run)
    }
    wrong = sum(
        abs(_planted(metrics.rank_by_score(run[name]), qrels[name], 10) - value) > 1e-6
        for name, value in expected.items()
    )
    assert wrong > len(expected) / 2
