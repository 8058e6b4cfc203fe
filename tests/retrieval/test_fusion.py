import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.fusion import ScoredRun, WeightedRun, fuse_rrf, fuse_scores


def test_fuse_rrf_two_runs_adds_reciprocal_ranks() -> None:
    fused = fuse_rrf([WeightedRun(["a", "b"], 1.0), WeightedRun(["b", "c"], 2.0)], k=60)
    assert fused[0] == ("b", pytest.approx(1 / 62 + 2 / 61))
    assert dict(fused) == {
        "b": pytest.approx(1 / 62 + 2 / 61),
        "c": pytest.approx(2 / 62),
        "a": pytest.approx(1 / 61),
    }


def test_fuse_rrf_equal_scores_keeps_order_of_appearance() -> None:
    assert [item for item, _ in fuse_rrf([WeightedRun([1], 1.0), WeightedRun([2], 1.0)])] == [1, 2]


def test_fuse_rrf_k_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        fuse_rrf([WeightedRun([1], 1.0)], k=0)


@given(st.lists(st.lists(st.integers(0, 20), unique=True, max_size=10), max_size=4))
def test_fuse_rrf_any_runs_gives_each_item_once_in_falling_order(runs: list[list[int]]) -> None:
    fused = fuse_rrf([WeightedRun(run, 1.0) for run in runs])
    assert sorted(item for item, _ in fused) == sorted({item for run in runs for item in run})
    scores = [score for _, score in fused]
    assert scores == sorted(scores, reverse=True)


def test_fuse_scores_adds_weighed_scores_above_the_floor() -> None:
    words = ScoredRun([[("a", 6.0), ("b", 2.0)]], 1.0)
    meaning = ScoredRun([[("b", 0.9), ("c", 0.85), ("a", 0.8)]], 100.0, 0.8)
    assert [item for item, _ in fuse_scores([words, meaning])] == ["b", "a", "c"]
    assert dict(fuse_scores([words, meaning])) == pytest.approx({"a": 6.0, "b": 12.0, "c": 5.0})


def test_fuse_scores_lists_of_one_kind_count_once_with_the_best() -> None:
    fused = fuse_scores([ScoredRun([[("a", 1.0)], [("a", 3.0), ("b", -1.0)]], 2.0)])
    assert fused == [("a", 6.0), ("b", 0.0)]


def test_fuse_scores_of_nothing_is_nothing() -> None:
    assert fuse_scores([ScoredRun([], 1.0), ScoredRun([[]], 1.0)]) == []
