"""Search runs: document ranks, timings, comparison, and a control that must fall to chance."""

import math
import random
from pathlib import Path

import pytest

from evaluation.baselines import PlainBm25, PlainDense, embed_windows, plain_windows
from evaluation.collection import COLLECTION
from evaluation.datasets import CorpusDocument, Dataset, Question, load_dataset
from evaluation.retrieval_run import (
    BM25,
    DENSE,
    MEASURES,
    OWN,
    RRF,
    documents_of,
    judged_questions,
    run_baselines,
    run_service,
    score,
    shuffled_control,
)
from ingestion.store.uploads import document_id_of
from retrieval.records import Passage


def _quiet(*_: object) -> None:
    pass


def _many(questions: int, documents: int) -> Dataset:
    """A dataset where question n is answered by document n."""
    return Dataset(
        "many",
        tuple(CorpusDocument(f"d{n}", "", "") for n in range(documents)),
        tuple(Question(f"q{n}", "?", ("x",)) for n in range(questions)),
        {f"q{n}": {f"d{n}": 1} for n in range(questions)},
    )


@pytest.fixture
def zoo(dataset_folder: Path) -> Dataset:
    return load_dataset(dataset_folder, with_answers=True)


@pytest.fixture
def served(zoo, services, tmp_path):
    from app.settings import Settings
    from evaluation.collection import serve_collection

    settings = Settings(data_dir=tmp_path / "data")
    return serve_collection(
        zoo.documents, settings, tmp_path / "kept", services.open, reuse=True, progress=_quiet
    )


def _passage(chunk: str, document: str) -> Passage:
    return Passage(chunk, document, "r", "", (), None, 0, 1, "x", 1.0, {})


def test_documents_of_rank_is_that_of_the_best_passage() -> None:
    passages = [_passage("1", "B"), _passage("2", "A"), _passage("3", "B"), _passage("4", "C")]
    assert documents_of(passages, {"A": "a", "B": "b", "C": "c"}) == ["b", "a", "c"]


def test_judged_questions_without_relevant_document_are_left_out() -> None:
    dataset = Dataset(
        "x",
        (CorpusDocument("d", "", ""),),
        (Question("a", "?", ()), Question("b", "?", ()), Question("c", "?", ())),
        {"a": {"d": 0}, "b": {"d": 1}},
    )
    assert [question.id for question in judged_questions(dataset)] == ["b"]


def test_run_service_finds_and_times_every_question(zoo, served) -> None:
    run = run_service(
        zoo.questions, served.subject.search, served.corpus_ids, top_k=5, depth=30, progress=_quiet
    )
    assert list(run.rankings) == [question.id for question in zoo.questions]
    assert all(ranked[0] == f"d{name[1:-2]}" for name, ranked in run.rankings.items())
    assert all(len(set(ranked)) == 30 for ranked in run.rankings.values())
    assert len(run.latencies_ms) == 30
    assert run.agreement == 1.0


def test_run_service_deep_list_with_another_head_shows_in_agreement(zoo, served, services) -> None:
    service = services.opened[0]
    honest = served.subject.search

    def search(question: str, top_k: int):
        found = honest(question, top_k)
        return type(found)(found.passages[::-1], {}, found.documents) if top_k > 5 else found

    assert service.subject().search == honest
    run = run_service(zoo.questions, search, served.corpus_ids, top_k=5, depth=30, progress=_quiet)
    assert run.agreement == 0.0


def test_run_service_hit_outside_the_corpus_is_an_error(zoo, served) -> None:
    with pytest.raises(KeyError):
        run_service(zoo.questions, served.subject.search, {}, top_k=5, depth=30, progress=_quiet)
    with pytest.raises(ValueError, match="no question"):
        run_service(
            [], served.subject.search, served.corpus_ids, top_k=5, depth=30, progress=_quiet
        )


def test_run_baselines_rank_by_their_own_lights(zoo, served) -> None:
    encoder = served.subject.plain_encoder()
    windows = plain_windows(zoo.documents, encoder)
    dense = PlainDense(
        [document.id for document in zoo.documents],
        windows,
        embed_windows(windows, encoder, _quiet),
    )
    runs = run_baselines(
        zoo.questions,
        encoder,
        dense,
        PlainBm25(zoo.documents, _quiet),
        depth=10,
        progress=_quiet,
    )
    assert set(runs) == {RRF, DENSE, BM25}
    for name in (RRF, DENSE):
        assert all(1 <= len(ranked) <= 10 for ranked in runs[name].values())
    right = sum(ranked[:1] == [f"d{name[1:-2]}"] for name, ranked in runs[BM25].items())
    assert right == 30


def test_score_perfect_and_empty_runs_are_one_and_zero() -> None:
    dataset = _many(40, 200)
    perfect = {f"q{n}": [f"d{n}"] for n in range(40)}
    scores = score(dataset, {OWN: perfect, RRF: {}}, seed=1)
    assert set(scores.systems[OWN].means) == set(MEASURES)
    assert set(scores.systems[OWN].means.values()) == {1.0}
    assert set(scores.systems[RRF].means.values()) == {0.0}
    assert scores.gain.mean == scores.gain.low == 1.0
    assert scores.control.passed


def test_score_unjudged_questions_do_not_count() -> None:
    dataset = _many(4, 10)
    dataset = Dataset("x", dataset.documents, dataset.questions, {"q1": {"d1": 1}})
    scores = score(dataset, {OWN: {"q1": ["d0", "d1"]}, RRF: {"q1": ["d1"]}}, seed=1)
    assert (scores.questions, scores.unjudged) == (1, 3)
    assert scores.systems[OWN].means["mrr@10"] == 0.5
    assert scores.gain.mean == pytest.approx(1 / math.log2(3) - 1)
    assert scores.control.passed is None


def test_shuffled_control_good_run_falls_to_chance() -> None:
    dataset = _many(150, 300)
    generator = random.Random(1)
    names = [document.id for document in dataset.documents]
    run = {f"q{n}": [f"d{n}", *generator.sample(names, 99)] for n in range(150)}
    control = shuffled_control(dataset, run, seed=3)
    assert control.passed
    assert control.shuffled == pytest.approx(control.chance, abs=0.02)
    assert control.chance == pytest.approx(sum(1 / math.log2(r + 1) for r in range(1, 11)) / 300)


def test_shuffled_control_measure_that_ignores_judgements_is_caught(monkeypatch) -> None:
    dataset = _many(50, 300)
    run = {f"q{n}": [f"d{n}"] for n in range(50)}
    from evaluation import retrieval_run

    planted = {**MEASURES, "ndcg@10": lambda ranked, _: float(bool(ranked))}
    monkeypatch.setattr(retrieval_run, "MEASURES", planted)
    assert shuffled_control(dataset, run, seed=3).passed is False


def test_corpus_ids_cover_every_document(zoo, served) -> None:
    expected = {document_id_of(COLLECTION, f"{d.id}.html"): d.id for d in zoo.documents}
    assert served.corpus_ids == expected
