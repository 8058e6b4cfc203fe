import pytest

from retrieval.collections_index import CollectionsIndex
from retrieval.first_stage import FirstStage
from retrieval.fusion_weights import FusionWeights
from retrieval.records import SearchRequest
from retrieval.search_trace import SearchTrace
from retrieval.terms import terms
from tests.retrieval.catalog_fake import DIMENSION, FakeCatalog, FakeEmbedder


@pytest.fixture
def indexes() -> CollectionsIndex:
    catalog = FakeCatalog()
    for number in range(12):
        catalog.put(f"d{number}", f"rule{number}", [f"item{number} costs", f"item{number} lasts"])
    found = CollectionsIndex(catalog, DIMENSION)
    found.refresh()
    return found


def ranked(
    indexes: CollectionsIndex, query: str, weights: FusionWeights | None = None, **changes
) -> tuple[list[str | None], SearchTrace]:
    index = indexes.collection("c")
    assert index is not None
    trace = SearchTrace()
    request = SearchRequest(
        **{"query": query, "collection": "c", "top_k": 3, "document_ids": None, **changes}
    )
    vector = FakeEmbedder().embed_queries([query])[0]
    rows = FirstStage(weights or FusionWeights()).rank(index, request, terms(query), vector, trace)
    return [index.keys.chunk_id(row) for row, _ in rows], trace


def test_rank_puts_the_named_chunk_first_and_notes_every_stage(indexes: CollectionsIndex) -> None:
    ids, trace = ranked(indexes, "item7 lasts")
    assert ids[0] == "d7/item7 lasts"
    assert {"summary_filter", "global", "fusion"} <= set(trace.timings)
    assert {name for scores in trace.scores.values() for name in scores} >= {"words", "raw"}


def test_rank_keeps_to_the_documents_that_are_asked_for(indexes: CollectionsIndex) -> None:
    ids, _ = ranked(indexes, "item7 lasts", document_ids=frozenset({"d2"}))
    assert set(ids) == {"d2/item2 costs", "d2/item2 lasts"}


def test_rank_of_candidates_cannot_hide_what_the_whole_collection_finds(
    indexes: CollectionsIndex,
) -> None:
    narrow, _ = ranked(indexes, "item7 lasts", FusionWeights(candidate_documents=1))
    wide, _ = ranked(indexes, "item7 lasts")
    assert narrow[0] == wide[0]
