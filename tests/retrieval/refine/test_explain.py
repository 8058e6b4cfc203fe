from retrieval.explain import Explanation
from retrieval.records import Passage, SearchResult
from retrieval.refine.explain import merged, rank_of
from retrieval.refine.refined_search import Find, RefinedRun

A = Passage("a", "d", "r", "t", (), None, 0, 1, "x", 1.0, {})


def run(*passages: Passage) -> RefinedRun:
    result = SearchResult(passages, {}, 1)
    return RefinedRun(result, (Find("q", result),))


def test_merged_chunk_found_by_another_query_is_not_lost() -> None:
    lost = Explanation("a", "d", "t", (), None, "first_stage")
    assert (merged(lost, run(A)).rank, merged(lost, run(A)).lost_at) == (1, None)


def test_merged_chunk_pushed_out_is_lost_in_fusion() -> None:
    found = Explanation("a", "d", "t", (), 8, None)
    assert (merged(found, run()).rank, merged(found, run()).lost_at) == (None, "fusion")


def test_merged_without_further_queries_is_unchanged() -> None:
    found = Explanation("a", "d", "t", (), 8, "budget")
    assert merged(found, RefinedRun(SearchResult((), {}, 1), ())) is found


def test_rank_of_counts_from_one() -> None:
    assert (rank_of("a", [A]), rank_of("b", [A])) == (1, None)
