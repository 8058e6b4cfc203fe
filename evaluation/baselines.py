"""The plain systems that every run is compared with: e5 vectors, BM25, and RRF of the two.

Kept apart from `retrieval` on purpose: a baseline that moves with what it measures shows nothing.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import bm25s
import numpy as np
import rjieba
from numpy.typing import NDArray

from evaluation.datasets import CorpusDocument
from evaluation.metrics import rank_by_score
from evaluation.subject import TextEncoder
from ingestion.records import Vectors

WINDOW_TOKENS = 256
RRF_K = 60
_WORD = re.compile(r"\w")
_EMBEDDED_TOGETHER = 512

Scored = list[tuple[str, float]]
"""Documents with their scores, best first."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Raw text to embed: `texts` in document order, `starts[i]` where document i's begin."""

    texts: tuple[str, ...]
    starts: tuple[int, ...]


def plain_windows(documents: Sequence[CorpusDocument], encoder: TextEncoder) -> Windows:
    """Cut each document's title and text into equal pieces of about 256 encoder tokens at most."""
    full_texts = [document.full_text for document in documents]
    texts: list[str] = []
    starts: list[int] = []
    for text, tokens in zip(full_texts, encoder.count_tokens(full_texts), strict=True):
        starts.append(len(texts))
        pieces = max(1, -(-tokens // WINDOW_TOKENS))
        length = max(1, -(-len(text) // pieces))
        texts.extend(text[start : start + length] for start in range(0, len(text) or 1, length))
    return Windows(tuple(texts), tuple(starts))


def embed_windows(
    windows: Windows, encoder: TextEncoder, progress: Callable[[int, int], None]
) -> Vectors:
    """Return one unit row per window, (n, d). progress gets (done, total).

    Shortest first, so that batches carry little padding whatever the encoder does.
    """
    order = sorted(range(len(windows.texts)), key=lambda index: len(windows.texts[index]))
    rows: list[Vectors] = []
    progress(0, len(order))
    for start in range(0, len(order), _EMBEDDED_TOGETHER):
        batch = order[start : start + _EMBEDDED_TOGETHER]
        rows.append(encoder.embed_passages([windows.texts[index] for index in batch]))
        progress(sum(map(len, rows)), len(order))
    embedded = np.concatenate(rows)
    vectors = np.empty_like(embedded)
    vectors[order] = embedded
    return vectors


class PlainDense:
    """Exact search by inner product; a document scores as its best window."""

    def __init__(self, ids: Sequence[str], windows: Windows, vectors: Vectors) -> None:
        """ids: one per document; vectors: one unit row per window, (n, d)."""
        self._ids = list(ids)
        self._starts = np.asarray(windows.starts, dtype=np.intp)
        self._vectors = vectors

    def search(self, question: NDArray[np.float32], k: int) -> Scored:
        """Return the best k documents for a question vector, (d,). O(windows · d)."""
        scores = np.maximum.reduceat(self._vectors @ question, self._starts)
        return _best(self._ids, scores, k)


class PlainBm25:
    """BM25 (Lucene's variant, k1 1.5, b 0.75) over whole documents, words by jieba."""

    def __init__(
        self, documents: Sequence[CorpusDocument], progress: Callable[[int, int], None]
    ) -> None:
        """Tokenise and index the corpus. progress gets (done, total)."""
        self._ids = [document.id for document in documents]
        self._index = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
        tokens = []
        for number, document in enumerate(documents, start=1):
            tokens.append(words(document.full_text))
            progress(number, len(documents))
        self._index.index(tokens, show_progress=False)

    def search(self, question: str, k: int) -> Scored:
        """Return the best k documents that share a word with the question."""
        known = self._index.get_tokens_ids(words(question))
        if not known:
            return []
        scores = np.asarray(self._index.get_scores_from_ids(known), dtype=np.float32)
        return [pair for pair in _best(self._ids, scores, k) if pair[1] > 0]


def words(text: str) -> list[str]:
    """Return the lower-case words of a text, as jieba parts it; marks and spaces are dropped."""
    return [word for word in rjieba.cut(text.lower()) if _WORD.search(word)]


def fuse_plain(runs: Sequence[Scored], k: int) -> Scored:
    """Merge ranked lists by reciprocal rank with equal weights (Cormack et al. 2009, k = 60)."""
    fused: dict[str, float] = {}
    for run in runs:
        for rank, (document, _) in enumerate(run, start=1):
            fused[document] = fused.get(document, 0.0) + 1 / (RRF_K + rank)
    return [(document, fused[document]) for document in rank_by_score(fused)[:k]]


def _best(ids: Sequence[str], scores: NDArray[np.float32], k: int) -> Scored:
    if k < scores.size:
        # Keeps whoever ties with the k-th, so that ties break by id and not by position.
        candidates = np.flatnonzero(scores >= np.partition(scores, -k)[-k])
    else:
        candidates = np.arange(scores.size)
    found = {ids[index]: float(scores[index]) for index in candidates.tolist()}
    return [(document, found[document]) for document in rank_by_score(found)[:k]]
