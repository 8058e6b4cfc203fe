"""Both runs from end to end, on a service in memory."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.settings import Settings
from evaluation import figures
from evaluation.datasets import Dataset, SelectionError, leave_out, load_dataset
from evaluation.measure import RunPlan, measure_answers, measure_noise, measure_retrieval


def _quiet(*_: object) -> None:
    pass


@pytest.fixture
def plan(tmp_path: Path) -> RunPlan:
    out = tmp_path / "runs"
    settings = Settings(data_dir=tmp_path / "data", generator_key="sesame")
    return RunPlan(settings, out, out / "collections", 7, True, {"limit": None})


@pytest.fixture
def zoo(dataset_folder: Path) -> Dataset:
    return load_dataset(dataset_folder, with_answers=True)


def _result(plan: RunPlan) -> dict:
    text = (plan.out / "results.jsonl").read_text(encoding="utf-8")
    assert "sesame" not in text
    assert str(plan.settings.data_dir) not in text
    return json.loads(text.splitlines()[-1])


def test_measure_retrieval_writes_runs_and_one_line(zoo, services, plan) -> None:
    run = measure_retrieval(zoo, plan, services.open, depth=30, progress=_quiet)
    line = _result(plan)
    assert line["systems"]["youju"]["hit@1"] == 1.0
    assert set(line["systems"]) == {"youju", "plain-rrf", "plain-e5", "plain-bm25"}
    assert line["dataset"]["documents"] == 30
    assert line["parameters"]["limit"] is None
    assert line["parameters"]["settings"]["chunk_tokens"] == 256
    assert line["control"]["shuffled"] < line["systems"]["youju"]["ndcg@10"] - 0.3
    assert line["search_ms"]["p50"] <= line["search_ms"]["p95"]
    assert line["ingestion_ratio"] > 0
    assert line["run"] == run.folder.name
    files = {path.name for path in run.folder.iterdir()}
    assert files == {f"{system}.trec" for system in line["systems"]}
    assert len((run.folder / "youju.trec").read_text(encoding="utf-8").splitlines()) == 900
    assert all(service.closed for service in services.opened)


def test_measure_retrieval_second_run_ingests_and_embeds_nothing(zoo, services, plan) -> None:
    first = measure_retrieval(zoo, plan, services.open, depth=30, progress=_quiet)
    second = measure_retrieval(zoo, plan, services.open, depth=30, progress=_quiet)
    assert [service.ingestions for service in services.opened] == [1, 0]
    assert services.opened[1].encoder.embedded == []
    assert first.scores == second.scores
    assert _result(plan)["ingestion"]["reused"] is True
    assert first.folder != second.folder


def test_measure_retrieval_nothing_judged_ingests_nothing(zoo, services, plan) -> None:
    unjudged = Dataset("x", zoo.documents, zoo.questions, {})
    with pytest.raises(SelectionError, match="no question of x"):
        measure_retrieval(unjudged, plan, services.open, depth=30, progress=_quiet)
    assert services.opened == []


def test_measure_answers_left_out_questions_are_refused(zoo, services, plan) -> None:
    run = measure_answers(leave_out(zoo, 6, seed=3), plan, services.open, progress=_quiet)
    scores = run.scores
    assert (scores.questions, scores.answerable) == (30, 24)
    assert scores.exact_match == 1.0
    assert scores.refusals.recall == scores.refusals.precision == 1.0
    assert scores.refusals.wrong_refusal_rate == 0.0
    assert scores.citations.precision == scores.citations.recall == 1.0
    line = _result(plan)
    assert line["dataset"]["documents"] == 28
    assert line["scores"]["f1"]["mean"] == 1.0
    answers = (run.folder / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(answers) == 30
    assert all(service.closed for service in services.opened)


def test_measure_answers_evidence_taken_away_changes_the_collection(zoo, services, plan) -> None:
    measure_answers(zoo, plan, services.open, progress=_quiet)
    measure_answers(leave_out(zoo, 3, seed=3), plan, services.open, progress=_quiet)
    assert [service.ingestions for service in services.opened] == [1, 1]
    assert len(services.opened[1].documents) == 29


def test_figures_rows_match_their_columns(zoo, services, plan) -> None:
    zoo = replace(zoo, unusable=tuple(f"line {n}" for n in range(figures.SHOWN_NOTES + 2)))
    run = measure_retrieval(zoo, plan, services.open, depth=30, progress=_quiet)
    rows = figures.retrieval_rows(run.scores)
    assert [len(row) for row in rows] == [len(figures.RETRIEVAL_COLUMNS)] * 4
    circumstances = dict(figures.circumstance_rows(run))
    assert circumstances["  verdict"] in {"passed", "FAILED"}
    assert circumstances["documents"] == 30
    assert circumstances["unusable questions, more"] == 2
    answered = measure_answers(zoo, plan, services.open, progress=_quiet)
    shown = dict(figures.answer_rows(answered))
    assert shown["ingested by"] == "an earlier run"
    assert shown["outcomes"] == "answered 30"


def test_measure_noise_compares_spoilt_questions_with_clean_ones(zoo, plan, services) -> None:
    found = measure_noise(zoo, plan, services.open, ["homophone", "typo"], progress=_quiet)
    assert set(found) == {"clean", "homophone", "typo"}
    assert found["clean"] == 1.0
    assert 0 < found["homophone"] <= 1.0
