"""Evaluation bound to a service: real catalog, indexes, ingestion; no models."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from app.answer_events import AnswerEvent, AnswerRequest, DoneEvent, SentenceEvent
from app.service import Service
from app.settings import Settings
from evaluation.binding import bind
from evaluation.bulk_ingestion import source_file
from evaluation.collection import COLLECTION
from evaluation.datasets import load_dataset
from evaluation.subject import ReleasedSentence
from generation.records import Answer, Citation, Outcome
from ingestion.store.catalog import Catalog
from ingestion.store.uploads import document_id_of
from retrieval.collections_index import CollectionsIndex
from retrieval.explain import explain
from retrieval.refine.refined_search import RefinedSearch
from retrieval.search import Searcher
from tests.app.service_fakes import FakeModels, make_service

CITATION = Citation(0, "d", "r", "t", None, 0, 2, "南极")
ANSWER = Answer("南极。", Outcome.ANSWERED, 0.9, (CITATION,), None, "t", {})


@pytest.fixture
def asked() -> list[AnswerRequest]:
    return []


@pytest.fixture
def service(tmp_path: Path, encoder, asked) -> Iterator[Service]:
    catalog = Catalog(tmp_path / "data" / "catalog.sqlite3")
    indexes = CollectionsIndex(catalog, 64)

    def answer(request: AnswerRequest) -> Iterator[AnswerEvent]:
        asked.append(request)
        yield SentenceEvent(0, "南极。", (CITATION,))
        yield DoneEvent(ANSWER)

    searcher = Searcher(indexes, catalog, encoder)
    yield replace(
        make_service(FakeModels(catalog), Settings(data_dir=tmp_path / "data")),
        search=searcher.search,
        answer=answer,
        scored_chunks=catalog.chunks,
        embedder=encoder,
        refined=RefinedSearch(searcher.search).run,
        explain=partial(explain, searcher, passages_read=8),
        refresh=lambda: indexes.refresh() and None,
        close=catalog.close,
    )
    catalog.close()


def test_bind_ingested_corpus_is_searched_at_once(service, dataset_folder: Path) -> None:
    subject = bind(service)
    documents = load_dataset(dataset_folder, with_answers=True).documents
    seen: list[tuple[int, int]] = []
    made = subject.ingest(
        [source_file(document) for document in documents],
        lambda done, total: seen.append((done, total)),
    )
    assert (made.documents, made.failures, seen) == (30, (), [(0, 30), (30, 30)])
    passages = subject.search("企鹅住在哪里？", 3).passages
    assert passages[0].document_id == document_id_of(COLLECTION, "d1.html")
    assert "南极" in passages[0].text
    assert len(passages) == 3


def test_bind_ask_gives_sentences_then_the_answer(service, asked) -> None:
    events = list(bind(service).ask("企鹅住在哪里？"))
    assert events == [ReleasedSentence("南极。", 1), ANSWER]
    [request] = asked
    assert (request.question, request.collection) == ("企鹅住在哪里？", COLLECTION)
    assert (request.history, request.top_k, request.session_id) == ((), None, None)
