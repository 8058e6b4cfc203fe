"""The document-level index: which documents to look into, by their summaries."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ingestion.stored import SummaryRow
from retrieval.bm25 import Entry, LexicalIndex
from retrieval.dense import DenseIndex
from retrieval.fusion import WeightedRun, fuse_rrf
from retrieval.terms import terms


class SummaryFilter:
    """Title, summary and keyphrases of each document, searched by meaning and by words."""

    def __init__(self, dimension: int) -> None:
        self._vectors = DenseIndex(dimension)
        self._words = LexicalIndex(("summary",))

    def __len__(self) -> int:
        return len(self._vectors)

    def add(self, summaries: Sequence[tuple[int, SummaryRow]]) -> None:
        """Index summaries under their documents' numbers. One commit for all of them."""
        if not summaries:
            return
        self._words.add(
            Entry(
                number,
                number,
                {"summary": terms(" ".join((row.title, row.text, *row.keyphrases)))},
            )
            for number, row in summaries
        )
        numbers = [number for number, _ in summaries]
        self._vectors.add(numbers, np.stack([row.vector for _, row in summaries]))

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
