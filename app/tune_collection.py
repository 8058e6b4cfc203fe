"""`youju tune`: fit a collection's search to questions made of its own text, or to the user's."""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestion.records import KeyKind
from ingestion.store.catalog import Catalog
from ingestion.store.stored import StoredChunk
from ingestion.store.tuned_weights import StoredWeights
from retrieval.fusion_weights import FusionWeights, tuned, tuned_content
from retrieval.records import SearchRequest
from retrieval.search import SearchRun
from retrieval.tune import LEAST_QUESTIONS, JudgedSearch, TooFewQuestions, Tuning, tune
from retrieval.tune_questions import questions_of, without_rare_words, words_held

StageProgress = Callable[[str, int, int], None]
"""Called with (what is being done, done, total)."""

_MOST_DOCUMENTS = 1000
_CHUNKS_OF_A_DOCUMENT = 20


class WrongDataset(ValueError):
    """A folder of questions that cannot be read, and why."""


@dataclass(frozen=True, slots=True)
class TuneQuestion:
    """A question, with the chunks that answer it, or the documents of which any chunk does."""

    query: str
    chunk_ids: frozenset[str] = frozenset()
    document_ids: frozenset[str] = frozenset()


def collection_weights(catalog: Catalog, whole: FusionWeights, collection: str) -> FusionWeights:
    """Return the weights that a collection was tuned to last, `whole` where it was not."""
    stored = catalog.tuned_weights.current(collection)
    return whole if stored is None else tuned(whole, stored.weights)


def corpus_questions(
    catalog: Catalog, collection: str, *, most: int, seed: int
) -> list[TuneQuestion]:
    """Return questions that the collection's own text answers, at most one a chunk.

    A generator's question is taken as it is; of a sentence the rarest words are left out.
    """
    draw = random.Random(seed)
    ids = catalog.document_ids(collection)
    chosen = draw.sample(ids, min(len(ids), _MOST_DOCUMENTS))
    chunks = [
        chunk for name in chosen for chunk in catalog.chunks(name, 0, _CHUNKS_OF_A_DOCUMENT)[0]
    ]
    holding = words_held([chunk.text for chunk in chunks])
    draw.shuffle(chunks)
    found: list[TuneQuestion] = []
    for chunk in chunks:
        made = _question(chunk, holding, draw)
        if made is not None:
            found.append(TuneQuestion(made, frozenset([chunk.chunk_id])))
        if len(found) == most:
            break
    return found


def dataset_questions(folder: Path, catalog: Catalog, collection: str) -> list[TuneQuestion]:
    """Return the questions of a dataset: `queries.jsonl` (id, text) and `qrels.tsv`.

    Documents are named by id, by file name, or by that without its ending; those that the
    collection lacks count for nothing. Raises WrongDataset.
    """
    known = documents_by_name(catalog, collection)
    try:
        rows = (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()
        texts = {str(row["id"]): str(row["text"]) for row in map(json.loads, filter(None, rows))}
        judged = (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()
        relevant = list(_relevant(judged))
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise WrongDataset(f"{folder} holds no queries.jsonl and qrels.tsv: {exc}") from exc
    found: dict[str, set[str]] = {}
    for query, document_id in relevant:
        if query in texts and document_id in known:
            found.setdefault(query, set()).add(known[document_id])
    return [TuneQuestion(texts[query], document_ids=frozenset(ids)) for query, ids in found.items()]


def documents_by_name(catalog: Catalog, collection: str) -> dict[str, str]:
    """Return document ids by id, by file name, and by that without its ending."""
    known: dict[str, str] = {}
    for name in catalog.document_ids(collection):
        document = catalog.document(name)
        if document is not None:
            known |= {Path(document.name).stem: name, document.name: name, name: name}
    return known


def tune_collection(
    run: Callable[[SearchRequest], SearchRun | None],
    collection: str,
    questions: Sequence[TuneQuestion],
    *,
    seed: int,
    progress: StageProgress,
) -> Tuning:
    """Search every question once, and fit weights to what was found. Raises TooFewQuestions."""
    if len(questions) < LEAST_QUESTIONS:
        raise TooFewQuestions(len(questions))
    searches: list[JudgedSearch] = []
    now: FusionWeights | None = None
    for number, question in enumerate(questions, start=1):
        found = run(SearchRequest(question.query, collection, 10, None))
        if found is not None:
            now = now or found.weights
            searches.append(_judged(found, question))
        progress("searching", number, len(questions))
    if now is None:
        raise TooFewQuestions(0)
    return tune(
        searches, now, seed=seed, progress=lambda done, total: progress("fitting", done, total)
    )


def store_tuning(catalog: Catalog, collection: str, tuning: Tuning) -> StoredWeights:
    """Store accepted weights as the collection's next version."""
    report = {
        "before": tuning.before,
        "after": tuning.after,
        "gain": tuning.gain,
        "low": tuning.low,
        "high": tuning.high,
        "fitted": tuning.fitted,
        "judged": tuning.judged,
    }
    return catalog.tuned_weights.put(collection, tuned_content(tuning.weights), report)


def tuning_line(tuning: Tuning) -> str:
    """Return in one line what fitting came to."""
    return (
        f"mean reciprocal rank on {tuning.judged} held-out questions: {tuning.before:.3f} → "
        f"{tuning.after:.3f}, {tuning.gain:+.3f} [{tuning.low:+.3f}, {tuning.high:+.3f}]"
    )


def weights_line(weights: Mapping[str, float]) -> str:
    """Return weights as text."""
    return ", ".join(f"{name} {value:.3g}" for name, value in weights.items())


def _question(chunk: StoredChunk, holding: Mapping[str, int], draw: random.Random) -> str | None:
    written = [key.text for key in chunk.keys if key.kind is KeyKind.QUESTION]
    if written:
        return draw.choice(written)
    possible = [without_rare_words(question, holding) for question in questions_of(chunk.text)]
    kept = [question for question in possible if question]
    return draw.choice(kept) if kept else None


def _judged(run: SearchRun, question: TuneQuestion) -> JudgedSearch:
    keys, numbers = run.index.keys, run.index.numbers
    documents = [numbers[name] for name in question.document_ids if name in numbers]
    rows = [*map(keys.row_of, question.chunk_ids), *keys.rows_of(documents)]
    logits = {
        row: passage.scores["rerank"]
        for passage in run.ranked
        if "rerank" in passage.scores and (row := keys.row_of(passage.chunk_id)) is not None
    }
    return JudgedSearch(run.hits, frozenset(row for row in rows if row is not None), logits)


def _relevant(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        cells = line.split("\t")
        if len(cells) == 3 and cells[2].strip().isdigit() and int(cells[2]) > 0:
            yield cells[0], cells[1]
