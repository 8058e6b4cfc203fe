import pytest

from evaluation.segmentation import SpanScores, pk, span_scores, window_diff, window_size


def test_window_is_half_the_mean_segment() -> None:
    assert window_size([10, 20], 30) == 5
    assert window_size([], 3) == 2
    assert window_size([1, 2], 3) == 2


def test_same_boundaries_have_no_error() -> None:
    assert pk([4, 8], [4, 8], 12) == window_diff([4, 8], [4, 8], 12) == 0.0


def test_pk_counts_pairs_that_only_one_parts() -> None:
    # A window of 2 over six units: pairs 0-2, 1-3, 2-4, 3-5; the boundary at 3 parts two of them.
    assert pk([3], [], 6) == 0.5
    assert pk([3], [2], 6) == 0.5
    # A window of 3 then: every one of the three pairs is parted.
    assert pk([], [3], 6) == 1.0


def test_window_diff_also_counts_a_boundary_too_many() -> None:
    # Both part the pairs 1-3 and 2-4; one has two boundaries in the first of them.
    assert pk([3], [2, 3], 6) == 0.25
    assert window_diff([3], [2, 3], 6) == 0.5


def test_span_scores_count_characters() -> None:
    assert span_scores([(0, 10), (20, 30)], [(5, 25)]) == SpanScores(0.5, 0.5, 1 / 3)
    assert span_scores([(0, 10)], []) == SpanScores(0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="without evidence"):
        span_scores([], [(0, 1)])
