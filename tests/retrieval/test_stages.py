import pytest

from retrieval.collections_index import CollectionsIndex
from retrieval.fusion_weights import FusionWeights
from retrieval.records import SearchRequest
from retrieval.search import Searcher
from retrieval.stages import LevelHits, StageHits, fuse_stages, lifted, stage_scores
from tests.retrieval.catalog_fake import DIMENSION, FakeCatalog, FakeEmbedder

HITS = StageHits(
    candidates=[(1, 0.5)],
    everywhere=LevelHits(words=[(10, 4.0), (20, 2.0)], raw=[(20, 0.9), (10, 0.8)], keys=[]),
    among=LevelHits(words=[(10, 4.0)], raw=[(10, 0.8), (11, 0.7)], keys=[(11, 0.6)]),
    documents=[(1, 3.0)],
    highest_words=8.0,
    highest_document=6.0,
    document_of={10: 1, 20: 2, 11: 1},
)
WEIGHTS = FusionWeights(raw=1.0, keys=0.5, words=1.0, document_words=2.0, sharpness=1)


def test_fuse_stages_adds_shares_of_words_and_cosines_above_the_worst_of_all() -> None:
    fused = dict(fuse_stages(HITS, WEIGHTS))
    assert fused == {
        10: pytest.approx(4 / 8 + 2 * 3 / 6 + 0.0),
        20: pytest.approx(2 / 8 + 0.1),
        11: pytest.approx(2 * 3 / 6 + 0.5 * 0.6),
    }


def test_fuse_stages_other_weights_give_another_order_without_a_search() -> None:
    by_words = FusionWeights(raw=0.0, keys=0.0, words=1.0, document_words=0.0)
    by_meaning = FusionWeights(raw=1.0, keys=0.0, words=0.0, document_words=0.0)
    assert fuse_stages(HITS, by_words)[0][0] == 10
    assert fuse_stages(HITS, by_meaning)[0][0] == 20


def test_lifted_are_the_chunks_found_of_documents_found() -> None:
    assert lifted(HITS, WEIGHTS) == [(10, 0.5), (11, 0.5)]


def test_stage_scores_tell_every_stage_that_found_a_row() -> None:
    assert stage_scores(HITS, WEIGHTS)[10] == {
        "words": 4.0,
        "raw": 0.8,
        "candidates.words": 4.0,
        "candidates.raw": 0.8,
        "document_words": 0.5,
    }


def test_stages_of_a_real_search_fuse_to_what_it_ranked() -> None:
    catalog = FakeCatalog()
    for number in range(20):
        catalog.put(f"d{number}", f"rule{number}", [f"item{number} costs", f"item{number} lasts"])
    indexes = CollectionsIndex(catalog, DIMENSION)
    indexes.refresh()
    weights = FusionWeights(candidate_documents=5)
    run = Searcher(indexes, catalog, FakeEmbedder(), weights).run(
        SearchRequest("item3 lasts", "c", 10, None)
    )
    assert run is not None
    assert run.hits.among is not None
    assert fuse_stages(run.hits, run.weights) == run.fused
    ranked = [run.index.keys.chunk_id(row) for row, _ in run.fused[:10]]
    assert ranked == [passage.chunk_id for passage in run.result.passages]


def test_fuse_stages_by_rank_counts_places_and_not_scores() -> None:
    weights = FusionWeights(raw=1.0, keys=0.0, words=1.0, document_words=0.0, rrf_k=10)
    fused = dict(fuse_stages(HITS, weights))
    assert fused[10] == pytest.approx(11 / 11 + 11 / 12)
    assert fused[20] == pytest.approx(11 / 12 + 11 / 11)
    assert fused[11] == pytest.approx(11 / 13)
