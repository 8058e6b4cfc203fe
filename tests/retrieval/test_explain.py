from collections.abc import Sequence

import numpy as np
import pytest

from retrieval.collections_index import CollectionsIndex
from retrieval.explain import Expected, Explanation, NotIndexed, StageRank, explain
from retrieval.fusion_weights import FusionWeights
from retrieval.records import SearchRequest
from retrieval.search import Searcher
from tests.retrieval.catalog_fake import DIMENSION, FakeCatalog, FakeEmbedder

DOCUMENTS = 30


@pytest.fixture
def catalog() -> FakeCatalog:
    filled = FakeCatalog()
    for number in range(DOCUMENTS):
        filled.put(f"d{number}", f"rule{number}", [f"item{number} costs", f"item{number} lasts"])
    return filled


class CostScorer:
    """Likes what costs."""

    def score_pairs(self, question: str, passages: Sequence[str]) -> np.ndarray:
        return np.array(["costs" in text for text in passages], dtype=np.float32) * 50


def searcher_of(
    catalog: FakeCatalog, weights: FusionWeights | None = None, *, reranks: bool = False
) -> Searcher:
    indexes = CollectionsIndex(catalog, DIMENSION)
    indexes.refresh()
    scorer = CostScorer() if reranks else None
    return Searcher(indexes, catalog, FakeEmbedder(), weights, scorer)


def asked(query: str, **changes) -> SearchRequest:
    fields = {"query": query, "collection": "c", "top_k": 3, "document_ids": None, **changes}
    return SearchRequest(**fields)


def told(
    searcher: Searcher, request: SearchRequest, expected: Expected, passages_read: int = 8
) -> Explanation:
    return explain(searcher, request, expected, passages_read=passages_read)


def stages(found: Explanation) -> dict[str, StageRank]:
    return {stage.stage: stage for stage in found.stages}


@pytest.mark.parametrize("reranks", [False, True])
def test_explain_agrees_with_the_search_about_everything_in_its_result(
    catalog: FakeCatalog, reranks: bool
) -> None:
    searcher = searcher_of(catalog, FusionWeights(candidate_documents=8), reranks=reranks)
    request = asked("item7 costs", top_k=5)
    for rank, passage in enumerate(searcher.search(request).passages, start=1):
        found = told(searcher, request, Expected(passage.chunk_id))
        assert (found.rank, found.lost_at, found.title) == (rank, None, passage.title)
        by_name = stages(found)
        assert by_name["result"].rank == rank
        assert by_name["fusion"].score == pytest.approx(passage.scores["fused"])
        for name in ("words", "raw", "keys"):
            if name in passage.scores:
                assert by_name[name].score == pytest.approx(passage.scores[name])
                assert by_name[name].passed
        assert ("rerank" in by_name) == reranks


def test_explain_of_a_document_follows_its_best_chunk(catalog: FakeCatalog) -> None:
    found = told(searcher_of(catalog), asked("item7 lasts"), Expected(document_id="d7"))
    assert (found.chunk_id, found.document_id, found.rank) == ("d7/item7 lasts", "d7", 1)
    assert stages(found)["words"].rank == 1


def test_explain_of_a_chunk_no_list_holds_says_which_stage_lost_it(catalog: FakeCatalog) -> None:
    narrow = FusionWeights(candidate_documents=2, depth=2)
    found = told(searcher_of(catalog, narrow), asked("item7 lasts"), Expected("d20/item20 costs"))
    assert (found.rank, found.lost_at) == (None, "summary_filter")
    summary = stages(found)["summary_filter"]
    assert not summary.passed
    assert summary.limit == 2
    assert summary.rank is None or summary.rank > 2
    raw = stages(found)["raw"]
    assert not raw.passed
    assert raw.rank is not None
    assert raw.rank > 2


def test_explain_of_a_chunk_of_a_candidate_that_no_list_holds_is_lost_in_the_first_stage(
    catalog: FakeCatalog,
) -> None:
    catalog.put("long", "rule7 rule7", [f"filler{n}" for n in range(12)])
    weights = FusionWeights(candidate_documents=3, depth=4)
    searcher = searcher_of(catalog, weights)
    lost = [
        told(searcher, asked("item7 rule7"), Expected(f"long/filler{n}")).lost_at for n in range(12)
    ]
    assert "first_stage" in lost


def test_explain_of_a_chunk_below_the_result_is_lost_in_fusion(catalog: FakeCatalog) -> None:
    searcher = searcher_of(catalog)
    everything = searcher.search(asked("item7 costs", top_k=40)).passages
    found = told(searcher, asked("item7 costs", top_k=2), Expected(everything[20].chunk_id))
    assert (found.rank, found.lost_at) == (None, "fusion")
    assert stages(found)["fusion"].rank == 21


def test_explain_of_a_chunk_that_reranking_put_down_is_lost_there(catalog: FakeCatalog) -> None:
    searcher = searcher_of(catalog, FusionWeights(rerank_depth=6), reranks=True)
    found = told(searcher, asked("item7 lasts", top_k=1), Expected("d7/item7 lasts"))
    assert (found.rank, found.lost_at) == (None, "rerank")
    assert stages(found)["fusion"].rank == 1
    assert stages(found)["rerank"].score == 0


def test_explain_of_a_chunk_that_is_not_read_is_lost_to_the_budget(catalog: FakeCatalog) -> None:
    searcher = searcher_of(catalog)
    third = searcher.search(asked("item7 costs")).passages[2]
    found = told(searcher, asked("item7 costs"), Expected(third.chunk_id), passages_read=2)
    assert (found.rank, found.lost_at) == (3, "budget")


def test_explain_of_a_filtered_document_names_the_filter(catalog: FakeCatalog) -> None:
    request = asked("item7 costs", document_ids=frozenset({"d1"}))
    found = told(searcher_of(catalog), request, Expected(document_id="d7"))
    assert (found.rank, found.lost_at) == (None, "filters")


@pytest.mark.parametrize(
    ("collection", "expected"),
    [
        ("c", Expected("no such chunk")),
        ("c", Expected(document_id="no such document")),
        ("other", Expected("d1/item1 costs")),
        ("other", Expected(document_id="d1")),
    ],
)
def test_explain_of_what_the_collection_lacks_is_refused(
    catalog: FakeCatalog, collection: str, expected: Expected
) -> None:
    with pytest.raises(NotIndexed):
        told(searcher_of(catalog), asked("item1", collection=collection), expected)
