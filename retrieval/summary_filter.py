"""The document-level index: which documents to look into, by their summaries."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.bm25 import Entry, LexicalIndex
from retrieval.dense import DenseIndex
from retrieval.document_entry import DocumentTerms, DocumentVectors
from retrieval.fusion import WeightedRun, fuse_rrf

SUMMARIES_FILE = "summaries.faiss"


class SummaryFilter:
    """Title, summary and keyphrases of each document, searched by meaning and by words."""

    def __init__(self, dimension: int) -> None:
        self._vectors = DenseIndex(dimension)
        self._words = LexicalIndex(("summary",))

    def __len__(self) -> int:
        return len(self._vectors)

    def add_vectors(self, documents: Sequence[tuple[int, DocumentVectors]]) -> None:
        """Index the summaries' vectors under their documents' numbers."""
        if documents:
            numbers = [number for number, _ in documents]
            self._vectors.add(numbers, np.concatenate([one.summary for _, one in documents]))

    @contextmanager
    def adding_words(self) -> Iterator[Callable[[int, DocumentTerms], None]]:
        """Give a function that indexes the terms of a document's summary.

        All can be found when the context ends.
        """
        with self._words.adding() as add_row:
            yield lambda number, one: add_row(Entry(number, number, {"summary": one.summary}))

    def write_vectors(self, folder: Path) -> None:
        """Write all vectors in the order of adding. Nothing may be changed meanwhile."""
        self._vectors.write(folder / SUMMARIES_FILE)

    def read_vectors(self, folder: Path, documents: Sequence[int]) -> None:
        """Read what `write_vectors` wrote for so many documents. Raises ValueError."""
        self._vectors.add_file(folder / SUMMARIES_FILE, documents)

    def remove(self, document: int) -> None:
        """Drop a document; nothing happens if it is unknown."""
        self._words.remove_document(document)
        self._vectors.remove([document])

    def candidates(
        self,
        query_terms: Sequence[str],
        vector: NDArray[np.float32],
        k: int,
        within: Sequence[int] | None,
    ) -> list[tuple[int, float]] | None:
        """Return up to k (document, score), best first, or None where narrowing would keep all.

        vector: (d,). within: only these documents (None: all).
        """
        if (len(self) if within is None else len(within)) <= k:
            return None
        dense = self._vectors.search(vector, k, within)
        words = self._words.search(query_terms, {"summary": 1.0}, k, within)
        runs = [WeightedRun([n for n, _ in dense], 1.0), WeightedRun([n for n, _ in words], 1.0)]
        return fuse_rrf(runs)[:k]
