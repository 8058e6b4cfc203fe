"""The two runs from end to end: ingest, ask, score, and write down what came out."""

import random
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.settings import Settings
from evaluation import figures
from evaluation.answer_run import run_answers, score_answers
from evaluation.baselines import PlainBm25, PlainDense
from evaluation.collection import (
    OpenSubject,
    PlainVectors,
    ServedCollection,
    prepare_plain_vectors,
    serve_collection,
)
from evaluation.datasets import Dataset, SelectionError
from evaluation.noise import Noise, spoil
from evaluation.progress import StageProgress
from evaluation.report import append_result, write_trec_run
from evaluation.retrieval_run import (
    OWN,
    Rankings,
    SearchedRun,
    documents_of,
    judged_questions,
    mean_recall,
    run_baselines,
    run_service,
    score,
)
from evaluation.subject import TextEncoder

# What a figure depends on; addresses, folders and keys stay out of what gets published.
_SETTINGS_OF_A_RESULT = (
    "encoder",
    "encoder_batch",
    "threads",
    "chunk_tokens",
    "top_k",
    "strategy",
    "reader",
    "generator",
    "generator_model",
    "context_tokens",
    "max_answer_tokens",
    "refusal_threshold",
)


_NOISE_DEPTH = 30  # passages: several may be of one document


@dataclass(frozen=True, slots=True)
class RunPlan:
    """How a run is made: the service's settings and where things go.

    collections: the folder of ingested corpora. parameters: how the command was called, kept in
    the JSON line.
    """

    settings: Settings
    out: Path
    collections: Path
    seed: int
    reuse: bool
    parameters: Mapping[str, object]


def measure_retrieval(
    dataset: Dataset,
    plan: RunPlan,
    open_subject: OpenSubject,
    *,
    depth: int,
    progress: StageProgress,
) -> figures.RetrievalRun:
    """Compare the service's search with plain systems.

    Writes one TREC run per system into a new folder below `plan.out`, and one JSON line. Raises
    SelectionError, before anything is ingested, when no question has a relevant document.
    """
    if not judged_questions(dataset):
        raise SelectionError(f"no question of {dataset.name} has a relevant document")
    served = _serve(dataset, plan, open_subject, progress)
    with closing(served.subject):
        encoder = served.subject.plain_encoder()
        plain = prepare_plain_vectors(
            dataset.documents,
            plan.settings,
            plan.collections,
            encoder,
            reuse=plan.reuse,
            progress=progress,
        )
        searched, unfiltered, runs = _search_all(
            dataset, plan, served, plain, encoder, depth, progress
        )
    scores = score(dataset, runs, seed=plan.seed)
    folder = _run_folder(plan.out, "retrieval", dataset)
    for system, rankings in runs.items():
        write_trec_run(folder / f"{system}.trec", system, rankings)
    measured = figures.RetrievalRun(dataset, served, plain, searched, unfiltered, scores, folder)
    append_result(
        plan.out, "retrieval", {**_circumstances(plan, folder), **figures.retrieval_facts(measured)}
    )
    return measured


def measure_noise(
    dataset: Dataset,
    plan: RunPlan,
    open_subject: OpenSubject,
    kinds: Sequence[Noise],
    *,
    progress: StageProgress,
) -> Mapping[str, float]:
    """Return recall@10 on the questions as they are (`clean`) and with one mistake of each kind.

    Writes one JSON line. Raises SelectionError when no question has a relevant document.
    """
    if not judged_questions(dataset):
        raise SelectionError(f"no question of {dataset.name} has a relevant document")
    served = _serve(dataset, plan, open_subject, progress)
    found: dict[str, float] = {}
    with closing(served.subject):
        for kind in (None, *kinds):
            rng = random.Random(plan.seed)
            rankings: Rankings = {}
            for number, question in enumerate(judged_questions(dataset), start=1):
                asked = question.text if kind is None else spoil(question.text, kind, rng)
                passages = served.subject.search(asked, _NOISE_DEPTH).passages
                rankings[question.id] = documents_of(passages, served.corpus_ids)
                progress(f"search, {kind or 'clean'}", number, len(dataset.questions))
            found[kind or "clean"] = mean_recall(dataset, rankings)
    folder = _run_folder(plan.out, "noise", dataset)
    append_result(plan.out, "noise", {**_circumstances(plan, folder), "recall@10": found})
    return found


def measure_answers(
    dataset: Dataset, plan: RunPlan, open_subject: OpenSubject, *, progress: StageProgress
) -> figures.AnswerRun:
    """Ask every question of the dataset and score what came back.

    Writes `answers.jsonl` into a new folder below `plan.out`, question by question, and one JSON
    line.
    """
    served = _serve(dataset, plan, open_subject, progress)
    folder = _run_folder(plan.out, "answers", dataset)
    with closing(served.subject):
        asked = run_answers(
            dataset,
            served.subject.ask,
            served.corpus_ids,
            answers_path=folder / "answers.jsonl",
            progress=progress,
        )
    measured = figures.AnswerRun(dataset, served, score_answers(asked, seed=plan.seed), folder)
    append_result(
        plan.out, "answers", {**_circumstances(plan, folder), **figures.answer_facts(measured)}
    )
    return measured


def _search_all(
    dataset: Dataset,
    plan: RunPlan,
    served: ServedCollection,
    plain: PlainVectors,
    encoder: TextEncoder,
    depth: int,
    progress: StageProgress,
) -> tuple[SearchedRun, SearchedRun, dict[str, Rankings]]:
    questions = judged_questions(dataset)
    searched, unfiltered = (
        run_service(
            questions,
            search,
            served.corpus_ids,
            top_k=plan.settings.top_k,
            depth=depth,
            progress=progress,
        )
        for search in (served.subject.search, served.subject.search_all)
    )
    dense = PlainDense([d.id for d in dataset.documents], plain.windows, plain.vectors)
    bm25 = PlainBm25(dataset.documents, lambda done, total: progress("plain BM25", done, total))
    baselines = run_baselines(questions, encoder, dense, bm25, depth=depth, progress=progress)
    return searched, unfiltered, {OWN: searched.rankings, **baselines}


def _serve(
    dataset: Dataset, plan: RunPlan, open_subject: OpenSubject, progress: StageProgress
) -> ServedCollection:
    return serve_collection(
        dataset.documents,
        plan.settings,
        plan.collections,
        open_subject,
        reuse=plan.reuse,
        progress=progress,
    )


def _run_folder(out: Path, kind: str, dataset: Dataset) -> Path:
    """Make a folder of its own for a run, named by what, on what and when."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    folder = out / f"{kind}-{dataset.name.replace('/', '-')}-{moment}"
    folder.mkdir(parents=True)
    return folder


def _circumstances(plan: RunPlan, folder: Path) -> dict[str, object]:
    settings = {name: getattr(plan.settings, name) for name in _SETTINGS_OF_A_RESULT}
    return {"run": folder.name, "parameters": {**plan.parameters, "settings": settings}}
