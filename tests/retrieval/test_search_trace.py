import pytest

from retrieval.search_trace import SearchTrace


def test_trace_keeps_times_by_stage_and_scores_by_row() -> None:
    trace = SearchTrace()
    with trace.stage("words"):
        trace.note("words", [(3, 0.5), (4, 0.25)])
    trace.note("raw", [(3, 0.75)])
    assert trace.timings.keys() == {"words"}
    assert trace.timings["words"] >= 0
    assert trace.scores == {3: {"words": 0.5, "raw": 0.75}, 4: {"words": 0.25}}


def test_trace_of_a_stage_that_fails_lets_the_error_through() -> None:
    trace = SearchTrace()
    with pytest.raises(RuntimeError), trace.stage("raw"):
        raise RuntimeError
