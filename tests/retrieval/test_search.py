from collections.abc import Sequence

import numpy as np
import pytest

from retrieval.collections_index import CollectionsIndex
from retrieval.dense import Vectors
from retrieval.fusion_weights import FusionWeights, weights_of
from retrieval.key_index import KeyIndex
from retrieval.ports import Scores
from retrieval.records import SearchRequest
from retrieval.search import Searcher
from tests.retrieval.catalog_fake import DIMENSION, FakeCatalog, FakeEmbedder

DOCUMENTS = 40


class WantedScorer:
    """Implements `PairScorer`: passages with the wanted words are best."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted

    def score_pairs(self, question: str, passages: Sequence[str]) -> Scores:
        return np.array([9.0 if self.wanted in text else -9.0 for text in passages], np.float32)


def _searcher(catalog: FakeCatalog, weights: FusionWeights | None = None) -> Searcher:
    indexes = CollectionsIndex(catalog, DIMENSION)
    indexes.refresh()
    return Searcher(indexes, catalog, FakeEmbedder(), weights)


@pytest.fixture
def catalog() -> FakeCatalog:
    filled = FakeCatalog()
    for number in range(DOCUMENTS):
        filled.put(f"d{number}", f"rule{number}", [f"item{number} costs", f"item{number} lasts"])
    return filled


def _request(query: str, **changes: object) -> SearchRequest:
    fields = {"query": query, "collection": "c", "top_k": 3, "document_ids": None, **changes}
    return SearchRequest(**fields)  # type: ignore[arg-type]  # the keys are those of the record


def test_search_named_item_is_first_with_its_raw_text_and_stage_scores(
    catalog: FakeCatalog,
) -> None:
    best = _searcher(catalog).search(_request("item23 lasts")).passages[0]
    assert (best.document_id, best.text, best.title) == ("d23", "item23 lasts", "rule23")
    assert {"raw", "keys", "words", "fused"} <= set(best.scores)


def test_search_words_elsewhere_in_a_document_lift_its_chunks(catalog: FakeCatalog) -> None:
    catalog.put("a", "wetlands", ["the heron waits"])
    catalog.put("b", "wetlands", ["the heron waits", "a marsh at dusk"])
    best = _searcher(catalog).search(_request("heron waits marsh")).passages[0]
    assert best.document_id == "b"
    without = FusionWeights(words=0.9, document_words=0.0)
    scores = {
        passage.chunk_id: passage.score
        for passage in _searcher(catalog, without).search(_request("heron waits marsh")).passages
    }
    assert scores["a/the heron waits"] == pytest.approx(scores["b/the heron waits"])


def test_search_narrowing_by_summary_still_finds_what_it_missed(catalog: FakeCatalog) -> None:
    catalog.put("hidden", "unrelated", ["opening words", "the zebra sleeps"])
    weights = FusionWeights(candidate_documents=1)
    found = _searcher(catalog, weights).search(_request("zebra sleeps")).passages
    assert found[0].text == "the zebra sleeps"


def test_search_many_documents_reports_the_summary_stage(catalog: FakeCatalog) -> None:
    weights = FusionWeights(candidate_documents=10)
    result = _searcher(catalog, weights).search(_request("item5 costs"))
    assert {"summary_filter", "candidates", "global", "total"} <= set(result.timings_ms)
    assert "candidates.words" in result.passages[0].scores


def test_search_document_ids_limit_the_result(catalog: FakeCatalog) -> None:
    found = _searcher(catalog).search(_request("item23", document_ids=frozenset({"d4", "d9"})))
    assert {passage.document_id for passage in found.passages} <= {"d4", "d9"}
    assert found.passages


@pytest.mark.parametrize(
    ("changes", "documents"), [({"collection": "other"}, 0), ({"top_k": 0}, DOCUMENTS)]
)
def test_search_unknown_collection_or_nothing_wanted_gives_nothing(
    catalog: FakeCatalog, changes: dict[str, object], documents: int
) -> None:
    result = _searcher(catalog).search(_request("item1", **changes))
    assert (result.passages, result.documents) == ((), documents)


def test_search_tells_how_many_documents_the_collection_holds(catalog: FakeCatalog) -> None:
    searcher = _searcher(catalog)
    limited = _request("item1", document_ids=frozenset({"no such document"}))
    assert searcher.search(_request("item1")).documents == DOCUMENTS
    assert searcher.search(limited).documents == DOCUMENTS


def test_search_chunk_deleted_since_it_was_indexed_is_left_out(catalog: FakeCatalog) -> None:
    searcher = _searcher(catalog)
    del catalog.documents["d23"]
    found = searcher.search(_request("item23 lasts")).passages
    assert "d23" not in {passage.document_id for passage in found}
    assert len(found) == 3


def test_search_query_without_terms_still_answers_by_meaning(catalog: FakeCatalog) -> None:
    assert len(_searcher(catalog).search(_request("？！")).passages) == 3


def test_search_after_most_documents_are_gone_still_counts_words(catalog: FakeCatalog) -> None:
    indexes = CollectionsIndex(catalog, DIMENSION)
    indexes.refresh()
    for number in range(20):
        catalog.remove(f"d{number}")
    indexes.refresh()
    best = Searcher(indexes, catalog, FakeEmbedder()).search(_request("item23 lasts")).passages[0]
    assert best.document_id == "d23"
    assert best.score > FusionWeights().words / 2


def test_search_words_decide_where_they_match_and_meaning_where_not(
    catalog: FakeCatalog,
) -> None:
    searcher = _searcher(catalog)
    matched = searcher.search(_request("item23 lasts")).passages[0]
    unmatched = searcher.search(_request("item23 unheard unknown unseen")).passages[0]
    assert matched.document_id == unmatched.document_id == "d23"
    assert "words" in unmatched.scores
    assert unmatched.score < matched.score


def test_search_everything_removed_since_the_words_were_found(
    catalog: FakeCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What another thread's removal leaves: nothing holds the words any more.
    monkeypatch.setattr(KeyIndex, "highest_words_score", lambda *_, **__: 0.0)
    monkeypatch.setattr(KeyIndex, "highest_document_score", lambda *_, **__: 0.0)
    assert len(_searcher(catalog).search(_request("item23 lasts")).passages) == 3


def test_search_in_one_level_scores_by_that_level_alone(catalog: FakeCatalog) -> None:
    catalog.put("told", "heron", ["the zebra sleeps"])
    by_title, by_text = _request("heron"), _request("zebra sleeps")
    raw, keys = (_searcher(catalog, weights_of(mode)) for mode in ("raw_only", "key_info_only"))
    best = keys.search(by_title).passages[0]
    assert (best.document_id, set(best.scores)) == ("told", {"words", "keys", "fused"})
    assert all("words" not in one.scores for one in keys.search(by_text).passages)
    best = raw.search(by_text).passages[0]
    assert best.document_id == "told"
    assert {"words", "raw", "document_words"} <= set(best.scores)
    found = [*raw.search(by_title).passages, *raw.search(by_text).passages]
    assert all("keys" not in passage.scores for passage in found)
    assert all("words" not in passage.scores for passage in raw.search(by_title).passages)


def _reranking(catalog: FakeCatalog, wanted: str, weights: FusionWeights) -> Searcher:
    indexes = CollectionsIndex(catalog, DIMENSION)
    indexes.refresh()
    return Searcher(indexes, catalog, FakeEmbedder(), weights, WantedScorer(wanted))


def test_search_with_a_reranker_puts_first_what_it_prefers(catalog: FakeCatalog) -> None:
    plain = _searcher(catalog).search(_request("item23"))
    assert plain.passages[1].text == "item23 lasts" and "rerank" not in plain.timings_ms
    found = _reranking(catalog, "lasts", FusionWeights()).search(_request("item23"))
    assert found.passages[0].text == "item23 lasts"
    assert found.passages[0].scores["rerank"] == 9.0
    assert found.timings_ms["rerank"] >= 0


def test_search_reranked_deeper_agrees_with_the_head(catalog: FakeCatalog) -> None:
    searcher = _reranking(catalog, "item7 ", FusionWeights(rerank_depth=30))
    few, many = (searcher.search(_request("item23 costs", top_k=k)).passages for k in (2, 60))
    assert few == many[:2]
    assert [one.score for one in many] == sorted((one.score for one in many), reverse=True)


def test_search_reranker_without_weight_is_not_asked(catalog: FakeCatalog) -> None:
    found = _reranking(catalog, "lasts", FusionWeights(rerank=0.0)).search(_request("item23"))
    assert "rerank" not in found.timings_ms
    assert "rerank" not in found.passages[0].scores


def test_search_weights_of_each_collection_are_asked_anew(catalog: FakeCatalog) -> None:
    indexes = CollectionsIndex(catalog, DIMENSION)
    indexes.refresh()
    weights = {"c": FusionWeights()}
    searcher = Searcher(indexes, catalog, FakeEmbedder(), lambda name: weights[name])
    before = searcher.search(_request("item23")).passages[0]
    weights["c"] = FusionWeights(words=0.0, document_words=0.0)
    assert searcher.search(_request("item23")).passages[0].score < before.score


def test_search_finds_by_the_synonyms_of_its_collection_at_once(catalog: FakeCatalog) -> None:
    indexes = CollectionsIndex(catalog, DIMENSION)
    indexes.refresh()
    groups: dict[str, tuple[tuple[str, ...], ...]] = {}
    searcher = Searcher(
        indexes,
        catalog,
        FakeEmbedder(),
        weights_of("raw_only"),
        synonyms=lambda name: groups.get(name, ()),
    )
    asked = _request("gadget lasts")
    plain = searcher.search(asked)
    assert plain.passages[0].text != "item23 lasts"
    groups["other"] = (("gadget", "item23"),)
    assert searcher.search(asked).passages == plain.passages
    groups["c"] = (("gadget", "item23"),)
    assert searcher.search(asked).passages[0].text == "item23 lasts"


def test_search_of_words_without_synonyms_is_as_it_was(catalog: FakeCatalog) -> None:
    indexes = CollectionsIndex(catalog, DIMENSION)
    indexes.refresh()
    asked = _request("item5 costs")
    plain = Searcher(indexes, catalog, FakeEmbedder())
    given = Searcher(
        indexes, catalog, FakeEmbedder(), synonyms=lambda _name: (("gadget", "item23"),)
    )
    assert given.search(asked).passages == plain.search(asked).passages


class NotingEmbedder(FakeEmbedder):
    """Embeds as the fake does, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        self.asked.append(list(texts))
        return super().embed_queries(texts)


@pytest.mark.parametrize(
    ("question", "embedded"),
    [
        ("试用期 wages", ["试用期 wages"]),
        ("shiyongqi", ["试用期"]),
        ("试佣期", ["试佣期", "试用期"]),
        ("overtome", ["overtome", "overtime"]),
    ],
)
def test_search_of_pinyin_or_a_mistake_finds_what_is_meant(
    catalog: FakeCatalog, question: str, embedded: list[str]
) -> None:
    catalog.put("zh", "合同", ["试用期不得超过二个月", "加班按小时计"])
    catalog.put("en", "wages", ["overtime is paid by the hour", "wages are due on Friday"])
    indexes = CollectionsIndex(catalog, DIMENSION)
    indexes.refresh()
    embedder = NotingEmbedder()
    run = Searcher(indexes, catalog, embedder, weights_of("raw_only")).run(_request(question))
    assert embedder.asked == [embedded]
    assert run is not None
    assert run.result.passages[0].document_id == ("en" if question == "overtome" else "zh")
    assert np.linalg.norm(run.query.vector) == pytest.approx(1, abs=1e-5)
    assert "reword" in run.result.timings_ms
