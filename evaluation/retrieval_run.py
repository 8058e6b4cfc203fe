"""Measure search: the service's own against plain systems, in one run, with a control."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from evaluation import metrics
from evaluation.baselines import PlainBm25, PlainDense, Scored, fuse_plain
from evaluation.datasets import Dataset, Question
from evaluation.metrics import Grades, Interval
from evaluation.progress import StageProgress
from evaluation.subject import TextEncoder
from retrieval.records import Passage, SearchResult

OWN, RRF, DENSE, BM25 = "youju", "plain-rrf", "plain-e5", "plain-bm25"
Rankings = dict[str, list[str]]  # question → documents, best first
MEASURES: Mapping[str, Callable[[Sequence[str], Grades], float]] = {
    "ndcg@10": lambda ranked, grades: metrics.ndcg(ranked, grades, 10),
    "recall@10": lambda ranked, grades: metrics.recall(ranked, grades, 10),
    "recall@100": lambda ranked, grades: metrics.recall(ranked, grades, 100),
    "mrr@10": lambda ranked, grades: metrics.reciprocal_rank(ranked, grades, 10),
    "hit@1": lambda ranked, grades: metrics.hit(ranked, grades, 1),
}
# The control must lose at least this share of what was measured above chance.
CONTROL_LOSS = 0.75
_CONTROL_MINIMUM = 20


@dataclass(frozen=True, slots=True)
class SearchedRun:
    """The service's rankings by document, and how its searches went.

    latencies_ms: wall time per question of the search that a user gets. agreement: the share of
    questions where that search returned the head of the deep list that was measured.
    """

    rankings: Rankings
    latencies_ms: tuple[float, ...]
    agreement: float


@dataclass(frozen=True, slots=True)
class SystemScores:
    """Means over questions, and the interval of nDCG@10."""

    means: Mapping[str, float]
    ndcg: Interval


@dataclass(frozen=True, slots=True)
class Control:
    """nDCG@10 against qrels of other questions. `passed` is None with too few questions to tell."""

    shuffled: float
    chance: float
    passed: bool | None


@dataclass(frozen=True, slots=True)
class RetrievalScores:
    """All systems of one run; `gain` is nDCG@10 of the service minus that of plain RRF, paired."""

    systems: Mapping[str, SystemScores]
    gain: Interval
    control: Control
    questions: int
    unjudged: int


def judged_questions(dataset: Dataset) -> list[Question]:
    """Return the questions that have a relevant document; only these can be measured."""
    return [question for question in dataset.questions if dataset.relevant(question.id)]


def run_service(
    questions: Sequence[Question],
    search: Callable[[str, int], SearchResult],
    corpus_ids: Mapping[str, str],
    *,
    top_k: int,
    depth: int,
    progress: StageProgress,
) -> SearchedRun:
    """Search every question twice: as a user does (top_k, timed) and deep (for recall).

    corpus_ids: corpus id by the service's document id. Raises ValueError without questions, and
    KeyError when a hit comes from a document outside the corpus.
    """
    if not questions:
        raise ValueError("no question has a relevant document")
    search(questions[0].text, top_k)  # loads what is loaded on first use
    rankings: Rankings = {}
    latencies = []
    agreed = 0
    for number, question in enumerate(questions, start=1):
        start = time.perf_counter()
        served = search(question.text, top_k).passages
        latencies.append((time.perf_counter() - start) * 1000)
        deep = search(question.text, depth).passages
        agreed += _chunks(served) == _chunks(deep)[: len(served)]
        rankings[question.id] = documents_of(deep, corpus_ids)
        progress("search", number, len(questions))
    return SearchedRun(rankings, tuple(latencies), agreed / len(questions))


def mean_recall(dataset: Dataset, run: Rankings) -> float:
    """Return recall@10 over the judged questions of a run. Raises ValueError without any."""
    judged = [question.id for question in judged_questions(dataset)]
    values = _values(run, dataset.qrels, judged, "recall@10")
    if not values:
        raise ValueError("no question has a relevant document")
    return sum(values) / len(values)


def documents_of(passages: Sequence[Passage], corpus_ids: Mapping[str, str]) -> list[str]:
    """Return corpus ids in the order of each document's best passage."""
    return list(dict.fromkeys(corpus_ids[passage.document_id] for passage in passages))


def run_baselines(
    questions: Sequence[Question],
    encoder: TextEncoder,
    dense: PlainDense,
    bm25: PlainBm25,
    *,
    depth: int,
    progress: StageProgress,
) -> dict[str, Rankings]:
    """Return the rankings of the plain systems, by system."""
    runs: dict[str, Rankings] = {RRF: {}, DENSE: {}, BM25: {}}
    vectors = encoder.embed_queries([question.text for question in questions])
    for number, (question, vector) in enumerate(zip(questions, vectors, strict=True), start=1):
        by_meaning, by_words = dense.search(vector, depth), bm25.search(question.text, depth)
        runs[RRF][question.id] = _ids(fuse_plain([by_meaning, by_words], depth))
        runs[DENSE][question.id] = _ids(by_meaning)
        runs[BM25][question.id] = _ids(by_words)
        progress("baseline", number, len(questions))
    return runs


def score(dataset: Dataset, runs: Mapping[str, Rankings], *, seed: int) -> RetrievalScores:
    """Score every system of a run; it must hold the service's own and plain RRF.

    Raises ValueError when no question is judged.
    """
    judged = [question.id for question in judged_questions(dataset)]
    own = _values(runs[OWN], dataset.qrels, judged, "ndcg@10")
    plain = _values(runs[RRF], dataset.qrels, judged, "ndcg@10")
    differences = [ours - theirs for ours, theirs in zip(own, plain, strict=True)]
    return RetrievalScores(
        systems={name: _score(run, dataset.qrels, judged, seed) for name, run in runs.items()},
        gain=metrics.bootstrap_mean(differences, seed=seed),
        control=shuffled_control(dataset, runs[OWN], seed=seed),
        questions=len(judged),
        unjudged=len(dataset.questions) - len(judged),
    )


def shuffled_control(dataset: Dataset, run: Rankings, *, seed: int) -> Control:
    """Score a run against the judgements of other questions: what is left must be near chance.

    A measure that stays high here rewards something other than relevance.
    """
    judged = [question.id for question in judged_questions(dataset)]
    order = random.Random(seed).sample(judged, len(judged))
    # One step round a random circle: nobody keeps their own judgements.
    strangers = {
        name: dataset.qrels[other] for name, other in zip(order, order[1:] + order[:1], strict=True)
    }
    true = metrics.bootstrap_mean(_values(run, dataset.qrels, judged, "ndcg@10"), seed=seed).mean
    shuffled = metrics.bootstrap_mean(_values(run, strangers, judged, "ndcg@10"), seed=seed).mean
    chances = [metrics.chance_ndcg(strangers[name], len(dataset.documents), 10) for name in judged]
    chance = sum(chances) / len(chances)
    passed = shuffled <= chance + (1 - CONTROL_LOSS) * max(true - chance, 0.0)
    return Control(shuffled, chance, passed if len(judged) >= _CONTROL_MINIMUM else None)


def _score(
    run: Rankings, qrels: Mapping[str, Grades], judged: Sequence[str], seed: int
) -> SystemScores:
    values = {name: _values(run, qrels, judged, name) for name in MEASURES}
    return SystemScores(
        means={name: sum(column) / len(column) for name, column in values.items()},
        ndcg=metrics.bootstrap_mean(values["ndcg@10"], seed=seed),
    )


def _values(
    run: Rankings, qrels: Mapping[str, Grades], judged: Sequence[str], measure: str
) -> list[float]:
    return [MEASURES[measure](run.get(name, []), qrels[name]) for name in judged]


def _chunks(passages: Sequence[Passage]) -> list[str]:
    return [passage.chunk_id for passage in passages]


def _ids(scored: Scored) -> list[str]:
    return [document for document, _ in scored]
