"""Turn what a run measured into the facts of its JSON line and the rows of its tables."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from evaluation import metrics
from evaluation.answer_run import AnswerScores
from evaluation.collection import PlainVectors, ServedCollection
from evaluation.datasets import Dataset, fingerprint
from evaluation.report import Cell
from evaluation.retrieval_run import (
    MEASURES,
    OWN,
    RRF,
    RetrievalScores,
    SearchedRun,
    mean_recall,
)

Facts = dict[str, object]
Rows = list[list[Cell]]
SHOWN_NOTES = 5
RETRIEVAL_COLUMNS = ("system", *MEASURES, "nDCG@10, 95 %")


@dataclass(frozen=True, slots=True)
class RetrievalRun:
    """Everything that a retrieval run measured. unfiltered: the search without summaries."""

    dataset: Dataset
    collection: ServedCollection
    plain: PlainVectors
    searched: SearchedRun
    unfiltered: SearchedRun
    scores: RetrievalScores
    folder: Path


@dataclass(frozen=True, slots=True)
class AnswerRun:
    """Everything that an answer run measured."""

    dataset: Dataset
    collection: ServedCollection
    scores: AnswerScores
    folder: Path


def dataset_facts(dataset: Dataset) -> Facts:
    """Return what identifies the data of a run."""
    return {
        "name": dataset.name,
        "corpus_sha256": fingerprint(dataset.documents),
        "documents": len(dataset.documents),
        "questions": len(dataset.questions),
        "unusable": len(dataset.unusable),
        "set_aside": dataset.set_aside,
    }


def ingestion_facts(collection: ServedCollection) -> Facts:
    """Return how the collection came about; `seconds` is of the run that ingested it."""
    facts = collection.facts
    return {
        "documents": facts.documents,
        "chunks": facts.chunks,
        "failures": len(facts.failures),
        "seconds": facts.seconds,
        "reused": collection.reused,
        "outdated": collection.outdated,
    }


def ingestion_ratio(collection: ServedCollection, plain: PlainVectors) -> float | None:
    """Return ingestion time over the time of embedding alone; None where runs were mixed."""
    if collection.reused != plain.reused or not plain.seconds:
        return None
    return collection.facts.seconds / plain.seconds


def retrieval_facts(run: RetrievalRun) -> Facts:
    """Return the facts of a retrieval run for its JSON line."""
    scores = run.scores
    own, plain = scores.systems[OWN].ndcg.mean, scores.systems[RRF].ndcg.mean
    return {
        "dataset": dataset_facts(run.dataset),
        "judged_questions": scores.questions,
        "unjudged_questions": scores.unjudged,
        "systems": {
            name: {**system.means, "ndcg@10_interval": [system.ndcg.low, system.ndcg.high]}
            for name, system in scores.systems.items()
        },
        "ndcg@10_gain_over_plain_rrf": asdict(scores.gain),
        "ndcg@10_ratio_to_plain_rrf": own / plain if plain else None,
        "control": asdict(scores.control),
        "search_ms": _percentiles(run.searched.latencies_ms),
        "search_agreement": run.searched.agreement,
        "unfiltered": {
            "recall@10": mean_recall(run.dataset, run.unfiltered.rankings),
            "search_ms": _percentiles(run.unfiltered.latencies_ms),
        },
        "ingestion": ingestion_facts(run.collection),
        "embedding_alone": {
            "windows": len(run.plain.windows.texts),
            "seconds": run.plain.seconds,
            "reused": run.plain.reused,
        },
        "ingestion_ratio": ingestion_ratio(run.collection, run.plain),
    }


def retrieval_rows(scores: RetrievalScores) -> Rows:
    """Return one row per system: its name, its means, the interval of nDCG@10."""
    return [
        [name, *(system.means[measure] for measure in MEASURES), _interval(system.ndcg)]
        for name, system in scores.systems.items()
    ]


def circumstance_rows(run: RetrievalRun) -> Rows:
    """Return what else a reader of a retrieval run should see, as (what, value)."""
    scores, control = run.scores, run.scores.control
    latencies = _percentiles(run.searched.latencies_ms)
    verdict = {True: "passed", False: "FAILED", None: "too few questions"}[control.passed]
    return [
        ["questions", scores.questions],
        ["questions without a relevant document, left out", scores.unjudged],
        ["nDCG@10 above plain RRF, paired", scores.gain.mean],
        ["  its 95 % interval", _interval(scores.gain)],
        ["control: nDCG@10 on shuffled qrels", control.shuffled],
        ["  of which by chance", control.chance],
        ["  verdict", verdict],
        ["search p50, ms", latencies["p50"]],
        ["search p95, ms", latencies["p95"]],
        ["recall@10 / recall@10 without summaries", _kept(run)],
        ["search p50 without summaries, ms", _percentiles(run.unfiltered.latencies_ms)["p50"]],
        ["served results equal the head of the deep list", run.searched.agreement],
        *unusable_rows(run.dataset),
        *collection_rows(run.collection),
        ["embedding alone, s", run.plain.seconds],
        ["ingestion / embedding alone", ingestion_ratio(run.collection, run.plain)],
    ]


def _kept(run: RetrievalRun) -> float | None:
    """Return which share of recall@10 narrowing by summaries keeps; None: there was none."""
    whole = mean_recall(run.dataset, run.unfiltered.rankings)
    return run.scores.systems[OWN].means["recall@10"] / whole if whole else None


def unusable_rows(dataset: Dataset) -> Rows:
    """Return which questions of the dataset's file could not be asked, as (what, value)."""
    rows: Rows = [["unusable question", note] for note in dataset.unusable[:SHOWN_NOTES]]
    if len(dataset.unusable) > SHOWN_NOTES:
        rows.append(["unusable questions, more", len(dataset.unusable) - SHOWN_NOTES])
    return rows


def collection_rows(collection: ServedCollection) -> Rows:
    """Return how the collection came about, as (what, value)."""
    facts = collection.facts
    rows: Rows = [
        ["documents", facts.documents],
        ["chunks", facts.chunks],
        ["ingestion, s", facts.seconds],
    ]
    if collection.reused:
        rows.append(["ingested by", "an earlier run"])
    if collection.outdated:
        rows.append(["outdated", "the code has changed since: --fresh ingests again"])
    for name, reason in facts.failures[:SHOWN_NOTES]:
        rows.append([f"not ingested: {name}", reason])
    if len(facts.failures) > SHOWN_NOTES:
        rows.append(["not ingested, more", len(facts.failures) - SHOWN_NOTES])
    return rows


def answer_facts(run: AnswerRun) -> Facts:
    """Return the facts of an answer run for its JSON line."""
    return {
        "dataset": dataset_facts(run.dataset),
        "scores": asdict(run.scores),
        "ingestion": ingestion_facts(run.collection),
    }


def answer_rows(run: AnswerRun) -> Rows:
    """Return an answer run as (what, value)."""
    scores = run.scores
    refusals, citations = scores.refusals, scores.citations
    outcomes = ", ".join(f"{name} {count}" for name, count in sorted(scores.outcomes.items()))
    return [
        ["questions", scores.questions],
        ["  answerable", scores.answerable],
        ["  set aside with the evidence of others", run.dataset.set_aside],
        ["outcomes", outcomes],
        ["exact match", scores.exact_match],
        ["F1", scores.f1.mean if scores.f1 else None],
        ["  its 95 % interval", _interval(scores.f1) if scores.f1 else None],
        ["F1 by longest common run (CMRC)", scores.longest_run_f1],
        ["F1 where an answer was given", scores.f1_when_answered],
        ["refusal precision", refusals.precision],
        ["refusal recall", refusals.recall],
        ["wrong refusals", refusals.wrong_refusal_rate],
        ["citations of a relevant document", citations.document_precision],
        ["citation precision", citations.precision],
        ["citation recall", citations.recall],
        ["  over answers with locatable gold", citations.locatable],
        ["sentences without citation", citations.uncited_sentences],
        ["first sentence p50, ms", scores.first_sentence_p50_ms],
        ["first sentence p95, ms", scores.first_sentence_p95_ms],
        ["whole answer p50, ms", scores.total_p50_ms],
        ["whole answer p95, ms", scores.total_p95_ms],
        *unusable_rows(run.dataset),
        *collection_rows(run.collection),
    ]


def _percentiles(latencies: tuple[float, ...]) -> Mapping[str, float | None]:
    return {"p50": metrics.percentile(latencies, 50), "p95": metrics.percentile(latencies, 95)}


def _interval(interval: metrics.Interval) -> str:
    return f"{interval.low:.3f} – {interval.high:.3f}"
