"""Tuning over a real catalog and index, with vectors of words in place of a model's."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.tune_collection import (
    TuneQuestion,
    WrongDataset,
    collection_weights,
    corpus_questions,
    dataset_questions,
    store_tuning,
    tune_collection,
    tuning_line,
)
from ingestion.store.catalog import Catalog
from retrieval.collections_index import CollectionsIndex
from retrieval.fusion_weights import FusionWeights, tuned_content
from retrieval.search import Searcher
from retrieval.tune import TooFewQuestions, Tuning
from tests.ingestion.catalog_samples import add, ingested_document
from tests.retrieval.catalog_fake import DIMENSION, FakeCatalog, FakeEmbedder

TUNING = Tuning(FusionWeights(words=0.9), 0.5, 0.6, 0.1, 0.05, 0.15, 30, 30)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog(tmp_path / "catalog.sqlite")
    for number in range(6):
        text = f"读者在第{number}阅览室每次的借阅期限为{number + 20}日。"
        add(opened, f"第{number}室.txt", text.encode(), ingested=ingested_document(text))
    yield opened
    opened.close()


def test_corpus_questions_ask_of_chunks_without_their_rarest_words(catalog: Catalog) -> None:
    questions = corpus_questions(catalog, "hr", most=4, seed=1)
    assert len(questions) == 4
    for question in questions:
        (chunk,) = catalog.chunks_by_id(list(question.chunk_ids)).values()
        assert question.query.endswith("多少日？")
        assert len(question.query) < len(chunk.text)
    assert questions == corpus_questions(catalog, "hr", most=4, seed=1)
    assert corpus_questions(catalog, "none", most=4, seed=1) == []


def test_dataset_questions_name_documents_by_id_file_or_stem(
    catalog: Catalog, tmp_path: Path
) -> None:
    ids = {document.name: document.document_id for document in catalog.documents("hr", 0, 50)[0]}
    folder = tmp_path / "questions"
    folder.mkdir()
    rows = [json.dumps({"id": f"q{n}", "text": f"问题{n}"}) for n in range(4)]
    (folder / "queries.jsonl").write_text("\n".join(rows), encoding="utf-8")
    judged = [
        "query-id\tcorpus-id\tscore",
        "q0\t第0室\t1",
        "q1\t第1室.txt\t2",
        f"q2\t{ids['第2室.txt']}\t1",
        "q3\t第3室\t0",
        "q3\tnowhere\t1",
    ]
    (folder / "qrels.tsv").write_text("\n".join(judged), encoding="utf-8")
    assert dataset_questions(folder, catalog, "hr") == [
        TuneQuestion(f"问题{n}", document_ids=frozenset([ids[f"第{n}室.txt"]])) for n in range(3)
    ]
    with pytest.raises(WrongDataset, match="queries"):
        dataset_questions(tmp_path, catalog, "hr")
    (folder / "queries.jsonl").write_text("[1, 2]", encoding="utf-8")
    with pytest.raises(WrongDataset):
        dataset_questions(folder, catalog, "hr")


def test_tune_collection_searches_each_question_once_and_fits() -> None:
    catalog = FakeCatalog()
    for number in range(50):
        catalog.put(f"d{number}", f"rule{number}", [f"item{number} costs", f"item{number} lasts"])
    indexes = CollectionsIndex(catalog, DIMENSION)
    indexes.refresh()
    searcher = Searcher(indexes, catalog, FakeEmbedder())
    questions = [
        TuneQuestion(f"item{n} lasts", frozenset([f"d{n}/item{n} lasts"])) for n in range(40)
    ]
    told: list[str] = []
    tuning = tune_collection(
        searcher.run, "c", questions, seed=1, progress=lambda stage, *_: told.append(stage)
    )
    assert (tuning.before, tuning.after, tuning.accepted) == (1.0, 1.0, False)
    assert told.count("searching") == 40
    assert "fitting" in told
    with pytest.raises(TooFewQuestions):
        tune_collection(searcher.run, "c", questions[:39], seed=1, progress=lambda *_: None)
    with pytest.raises(TooFewQuestions):
        tune_collection(searcher.run, "no", questions, seed=1, progress=lambda *_: None)


def test_stored_weights_are_used_by_the_next_search_until_taken_back(catalog: Catalog) -> None:
    weights = FusionWeights()
    stored = store_tuning(catalog, "hr", TUNING)
    current = catalog.tuned_weights.current("hr")
    assert current == stored
    assert collection_weights(catalog, weights, "hr") == TUNING.weights
    assert collection_weights(catalog, weights, "law") == weights
    assert stored.report["gain"] == TUNING.gain
    assert set(stored.weights) == set(tuned_content(weights))
    catalog.tuned_weights.roll_back("hr")
    assert collection_weights(catalog, weights, "hr") == weights


def test_tuning_line_tells_the_gain_with_its_interval() -> None:
    told = tuning_line(TUNING)
    assert told.endswith("30 held-out questions: 0.500 → 0.600, +0.100 [+0.050, +0.150]")
