"""How well chunkers find where a text turns, and keep evidence together: one run, all of them."""

import json
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np
from numpy.typing import NDArray

from evaluation.chunkers import Chunker
from evaluation.report import Cell
from evaluation.segmentation import Boundaries, SpanScores, pk, span_scores, window_diff
from ingestion.builder import DraftBlock, build_document
from ingestion.parsers.markdown import parse_markdown
from ingestion.ports import CoherenceScorer, PassageEmbedder
from ingestion.records import BlockKind, Chunk, Document, Scores, Vectors
from ingestion.strategies import choose_chunking

SEGMENTATION_COLUMNS = ["chunker", "parameters", "Pk", "WindowDiff", "chunks per segment"]
PAIR_COLUMNS = ["not following", "accuracy", "following right", "others right", "others"]
RELIABILITY_COLUMNS = ["probability", "mean", "followed", "pairs"]
SPAN_COLUMNS = ["chunker", "recall", "precision", "IoU", "chunks", "tokens a chunk"]
RETRIEVED = 5
"""Chunks a question is given, as in the published comparison."""
_MARK = "=========="  # between segments of Choi's files

EmbedQueries = Callable[[Sequence[str]], Vectors]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Joined:
    """Texts of several documents one after the other. boundaries: see `evaluation.segmentation`."""

    document: Document
    starts: tuple[int, ...]  # of its lines, in characters
    boundaries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A question and where in its document the answer's parts stand."""

    question: str
    document: str
    spans: tuple[tuple[int, int], ...]


def read_joined(folder: Path, *, most: int, seed: int) -> list[Joined]:
    """Return up to `most` of Choi's files (`.ref`) below a folder, drawn by the seed.

    Raises ValueError if there is none.
    """
    files = sorted(folder.rglob("*.ref"))
    if not files:
        raise ValueError(f"{folder} has no .ref files")
    random.Random(seed).shuffle(files)
    return [_joined(file.read_text(encoding="utf-8", errors="replace")) for file in files[:most]]


def segmentation_rows(
    joined: Sequence[Joined],
    chunkers: Sequence[Chunker],
    embedder: PassageEmbedder,
    progress: Progress,
) -> list[list[Cell]]:
    """Return a row for each family, its parameters chosen on one half, measured on the other."""
    tuning, held_out = joined[::2], joined[1::2]
    best: dict[str, tuple[float, Chunker]] = {}
    for number, chunker in enumerate(chunkers):
        progress("tuning", number, len(chunkers))
        error = mean(
            pk(one.boundaries, found, n) for one, found, n in _cut(tuning, chunker, embedder)
        )
        if chunker.family not in best or error < best[chunker.family][0]:
            best[chunker.family] = (error, chunker)
    rows: list[list[Cell]] = []
    for _, chunker in best.values():
        cut = list(_cut(held_out, chunker, embedder))
        rows.append(
            [
                chunker.family,
                chunker.name,
                mean(pk(one.boundaries, found, units) for one, found, units in cut),
                mean(window_diff(one.boundaries, found, units) for one, found, units in cut),
                mean((len(found) + 1) / (len(one.boundaries) + 1) for one, found, _ in cut),
            ]
        )
    progress("tuning", len(chunkers), len(chunkers))
    return rows


def read_evidence(folder: Path) -> tuple[dict[str, Document], list[Evidence]]:
    """Return the corpora and questions of a `chunking_evaluation` folder.

    Spans are moved from the file's characters to those of the parsed document; what is not found
    there is left out.
    """
    documents: dict[str, Document] = {}
    for file in sorted((folder / "corpora").glob("*.md")):
        documents[file.stem] = parse_markdown(file.read_bytes(), file.name)
    questions = []
    for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        text = documents[entry["corpus_id"]].text if entry["corpus_id"] in documents else ""
        spans = [_span(text, reference["content"]) for reference in entry["references"]]
        found = tuple(span for span in spans if span is not None)
        if found:
            questions.append(Evidence(entry["text"], entry["corpus_id"], found))
    return documents, questions


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """Two texts, and whether the second follows the first; kind: where it is from."""

    first: str
    second: str
    follows: bool
    kind: str


def read_pairs(path: Path) -> list[LabelledPair]:
    """Read pairs of a JSONL file with `a`, `b`, `label` (1 follows) and `kind`."""
    entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [LabelledPair(one["a"], one["b"], one["label"] == 1, one["kind"]) for one in entries]


def pair_rows(pairs: Sequence[LabelledPair], scores: Scores) -> list[list[Cell]]:
    """Return a row for each kind that does not follow: accuracy against the pairs that do.

    scores: the probability that each pair follows. Accuracy is the mean of both classes' own, at
    even odds; the calibration error is the mean difference of probability and frequency over ten
    bins of equal width.
    """
    labels = np.array([pair.follows for pair in pairs])
    rows: list[list[Cell]] = []
    for kind in sorted({pair.kind for pair in pairs if not pair.follows}):
        others = np.array([pair.kind == kind for pair in pairs]) & ~labels
        right = (scores[labels] >= 0.5).mean(), (scores[others] < 0.5).mean()
        rows.append([kind, float(np.mean(right)), *map(float, right), int(others.sum())])
    rows.append(["all, calibration error", _calibration_error(scores, labels), None, None, None])
    return rows


def reliability_rows(pairs: Sequence[LabelledPair], scores: Scores) -> list[list[Cell]]:
    """Return a row for each tenth of the probabilities that has pairs: the reliability diagram."""
    labels = np.array([pair.follows for pair in pairs])
    tenths = _tenths(scores)
    return [
        [
            f"{at / 10:.1f}-{(at + 1) / 10:.1f}",
            float(scores[tenths == at].mean()),
            float(labels[tenths == at].mean()),
            int((tenths == at).sum()),
        ]
        for at in np.unique(tenths)
    ]


def _tenths(scores: Scores) -> NDArray[np.int64]:
    return np.minimum((scores * 10).astype(np.int64), 9)


def _calibration_error(scores: Scores, labels: NDArray[np.bool_]) -> float:
    """Return the expected calibration error (Naeini et al. 2015)."""
    bins = _tenths(scores)
    gaps = [
        abs(scores[bins == at].mean() - labels[bins == at].mean()) * (bins == at).mean()
        for at in np.unique(bins)
    ]
    return float(sum(gaps))


def cost_rows(
    documents: Sequence[Document], scorer: CoherenceScorer, embedder: PassageEmbedder
) -> list[list[Cell]]:
    """Return the seconds that scoring every boundary takes, and embedding the chunks."""
    chunker = Chunker("structure", "structure", choose_chunking("structure", 256))
    texts = [chunk.text for one in documents for chunk in chunker.chunks(one, embedder)]
    scorer.score_pairs([("a", "b")])
    began = time.perf_counter()
    by_coherence = Chunker("nsp", "nsp", choose_chunking("nsp", 256, scorer))
    for document in documents:
        by_coherence.chunks(document, embedder)
    scored = time.perf_counter() - began
    began = time.perf_counter()
    embedder.embed_passages(texts)
    embedded = time.perf_counter() - began
    return [
        ["seconds to cut by coherence", scored],
        ["seconds to embed the chunks", embedded],
        ["cutting / embedding", scored / embedded],
    ]


def span_rows(
    documents: dict[str, Document],
    questions: Sequence[Evidence],
    chunkers: Sequence[Chunker],
    embedder: PassageEmbedder,
    embed_queries: EmbedQueries,
    progress: Progress,
) -> list[list[Cell]]:
    """Return a row for each chunker: what the chunks nearest to each question cover."""
    asked = embed_queries([question.question for question in questions])
    rows: list[list[Cell]] = []
    for number, chunker in enumerate(chunkers):
        progress("spans", number, len(chunkers))
        chunks = [
            (name, chunk)
            for name, document in documents.items()
            for chunk in chunker.chunks(document, embedder)
        ]
        texts = [chunk.text for _, chunk in chunks]
        nearest = (-(asked @ embedder.embed_passages(texts).T)).argsort(axis=1)[:, :RETRIEVED]
        scores = [
            _scores(question, [chunks[at] for at in found])
            for question, found in zip(questions, nearest, strict=True)
        ]
        rows.append(
            [
                chunker.name,
                mean(one.recall for one in scores),
                mean(one.precision for one in scores),
                mean(one.iou for one in scores),
                len(chunks),
                mean(embedder.count_tokens(texts)),
            ]
        )
    progress("spans", len(chunkers), len(chunkers))
    return rows


def _joined(text: str) -> Joined:
    lines: list[str] = []
    boundaries: list[int] = []
    for line in text.splitlines():
        if line.startswith(_MARK):
            boundaries.append(len(lines))
        elif line.strip():
            lines.append(line.strip())
    drafts = [DraftBlock(BlockKind.PARAGRAPH, line) for line in lines]
    document = build_document(drafts, name="joined", media_type="text/plain")
    starts = tuple(block.start for block in document.blocks)
    inner = tuple(sorted({at for at in boundaries if 0 < at < len(starts)}))
    return Joined(document, starts, inner)


def _cut(
    joined: Iterable[Joined], chunker: Chunker, embedder: PassageEmbedder
) -> Iterable[tuple[Joined, Boundaries, int]]:
    """Yield each text, the lines that a chunk begins at or in, and how many lines there are."""
    for one in joined:
        begins = [chunk.start for chunk in chunker.chunks(one.document, embedder)]
        lines = {sum(start <= begin for start in one.starts) - 1 for begin in begins}
        yield one, sorted(lines - {0}), len(one.starts)


def _scores(question: Evidence, retrieved: Sequence[tuple[str, Chunk]]) -> SpanScores:
    """Score a question; characters of another document count as given and not wanted."""
    offset, spans = 0, []
    for name, chunk in retrieved:
        if name == question.document:
            spans.append((chunk.start, chunk.end))
        else:
            # Beyond every document's end, where no evidence is.
            begin = 10**9 + offset
            spans.append((begin, begin + chunk.end - chunk.start))
            offset += chunk.end - chunk.start
    return span_scores(question.spans, spans)


def _span(text: str, content: str) -> tuple[int, int] | None:
    at = text.find(content)
    return None if at < 0 else (at, at + len(content))
