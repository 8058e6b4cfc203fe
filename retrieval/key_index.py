"""The two-level index of one collection: key information and raw chunks, mapped to chunk ids.

Level 1 (key information) and level 2 (raw text) are searched each by meaning and by words; what a
search gives back is always the id of the raw chunk. Words are counted over whole documents as well:
what a question asks for may be spread over several chunks.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ingestion.stored import VectorRow
from retrieval.bm25 import Entry, LexicalIndex
from retrieval.dense import DenseIndex
from retrieval.terms import terms

Scored = list[tuple[int, float]]  # (row, score), best first


class KeyIndex:
    """Rows are integers; each is one chunk and knows its document's number."""

    def __init__(self, dimension: int) -> None:
        self._raw = DenseIndex(dimension)
        self._keys = DenseIndex(dimension)
        self._words = LexicalIndex(("body", "key"))
        self._documents = LexicalIndex(("body",))
        self._chunk_ids: dict[int, str] = {}
        self._document_of: dict[int, int] = {}
        self._rows_of: dict[int, list[int]] = {}
        self._next_row = 0

    def __len__(self) -> int:
        return len(self._chunk_ids)

    def add(self, documents: Sequence[tuple[int, Sequence[VectorRow]]]) -> None:
        """Index documents, given as (number, chunks). One commit for all of them."""
        entries: list[Entry] = []
        whole: list[Entry] = []
        fresh: list[VectorRow] = []
        numbers: list[int] = []
        for document, rows in documents:
            held: list[str] = []
            for row in rows:
                number = self._next_row
                self._next_row += 1
                self._chunk_ids[number] = row.chunk_id
                self._document_of[number] = document
                self._rows_of.setdefault(document, []).append(number)
                body = terms(row.text)
                held.extend(body)
                said = set(body)
                # Title and headings above. What the text says itself would count twice.
                above = [term for term in terms(row.key_text) if term not in said]
                fields = {"body": body, "key": above}
                entries.append(Entry(number, document, fields))
                fresh.append(row)
                numbers.append(number)
            if rows:
                held.extend(terms(rows[0].title))
                whole.append(Entry(document, document, {"body": held}))
        if not fresh:
            return
        self._words.add(entries)
        self._documents.add(whole)
        self._raw.add(numbers, np.stack([row.raw_vector for row in fresh]))
        self._keys.add(numbers, np.stack([row.key_vector for row in fresh]))

    def remove(self, document: int) -> None:
        """Drop a document's rows; nothing happens if there are none."""
        rows = self._rows_of.pop(document, [])
        if not rows:
            return
        self._words.remove_document(document)
        self._documents.remove_document(document)
        self._raw.remove(rows)
        self._keys.remove(rows)
        for row in rows:
            del self._chunk_ids[row], self._document_of[row]

    def chunk_id(self, row: int) -> str | None:
        """Return the chunk of a row, or None if it has been removed since."""
        return self._chunk_ids.get(row)

    def document_of(self, row: int) -> int | None:
        """Return the document of a row, or None if it has been removed since."""
        return self._document_of.get(row)

    def rows_of(self, documents: Sequence[int]) -> list[int]:
        """Return all rows of the given documents."""
        return [row for document in documents for row in self._rows_of.get(document, ())]

    def search_raw(self, vector: NDArray[np.float32], k: int, rows: Sequence[int] | None) -> Scored:
        """Return the k chunks whose own text is nearest. vector: (d,)."""
        return self._raw.search(vector, k, rows)

    def search_keys(
        self, vector: NDArray[np.float32], k: int, rows: Sequence[int] | None
    ) -> Scored:
        """Return the k chunks whose key information is nearest. vector: (d,)."""
        return self._keys.search(vector, k, rows)

    def highest_words_score(self, query_terms: Sequence[str], key_weight: float) -> float:
        """Return the score of a chunk that held every term again and again; see `search_words`."""
        return self._words.highest_score(query_terms, {"body": 1.0, "key": key_weight})

    def search_words(
        self, query_terms: Sequence[str], key_weight: float, k: int, documents: Sequence[int] | None
    ) -> Scored:
        """Return the k best chunks by BM25 over raw text and, weighed, key information."""
        weights = {"body": 1.0, "key": key_weight}
        return self._words.search(query_terms, weights, k, documents)

    def highest_document_score(self, query_terms: Sequence[str]) -> float:
        """Return the score of a document that held every term again and again."""
        return self._documents.highest_score(query_terms, {"body": 1.0})

    def search_documents(
        self, query_terms: Sequence[str], k: int, documents: Sequence[int] | None
    ) -> Scored:
        """Return the k best documents by BM25 over their whole text and title."""
        return self._documents.search(query_terms, {"body": 1.0}, k, documents)
