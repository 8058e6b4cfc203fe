"""The two-level index of one collection: key information and raw chunks, mapped to chunk ids.

Level 1 (key information) and level 2 (raw text) are searched each by meaning and by words; what a
search gives back is always the id of the raw chunk. Words are counted over whole documents as well:
what a question asks for may be spread over several chunks.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.bm25 import Entry, LexicalIndex
from retrieval.dense import DenseIndex
from retrieval.document_entry import DocumentTerms, DocumentVectors

RAW_FILE, KEYS_FILE = "raw.faiss", "keys.faiss"
Scored = list[tuple[int, float]]  # (row, score), best first


class KeyIndex:
    """Rows are integers; each is one chunk and knows its document's number."""

    def __init__(self, dimension: int) -> None:
        self._raw = DenseIndex(dimension)
        self._keys = DenseIndex(dimension)
        self._words = LexicalIndex(("body", "above", "key"))
        self._documents = LexicalIndex(("body",))
        self._chunk_ids: dict[int, str] = {}
        self._document_of: dict[int, int] = {}
        self._rows_of: dict[int, list[int]] = {}
        self._next_row = 0

    def __len__(self) -> int:
        return len(self._chunk_ids)

    def place(self, document: int, chunk_ids: Sequence[str]) -> list[int]:
        """Give a document's chunks rows, higher than all before, and return these."""
        rows = list(range(self._next_row, self._next_row + len(chunk_ids)))
        self._next_row += len(rows)
        self._rows_of[document] = rows
        for row, chunk_id in zip(rows, chunk_ids, strict=True):
            self._chunk_ids[row] = chunk_id
            self._document_of[row] = document
        return rows

    def add_vectors(self, documents: Sequence[tuple[int, DocumentVectors]]) -> None:
        """Index the vectors of documents that have rows, given by number, in their order."""
        if not documents:
            return
        rows = self.rows_of([number for number, _ in documents])
        self._raw.add(rows, np.concatenate([vectors.raw for _, vectors in documents]))
        self._keys.add(rows, np.concatenate([vectors.keys for _, vectors in documents]))

    @contextmanager
    def adding_words(self) -> Iterator[Callable[[int, DocumentTerms], None]]:
        """Give a function that indexes the terms of a document that has rows.

        All can be found when the context ends.
        """
        with self._words.adding() as add_row, self._documents.adding() as add_whole:

            def add(number: int, document: DocumentTerms) -> None:
                for row, chunk in zip(self._rows_of[number], document.chunks, strict=True):
                    fields = {"body": chunk.body, "above": chunk.above, "key": chunk.key}
                    add_row(Entry(row, number, fields))
                add_whole(Entry(number, number, {"body": document.whole}))

            yield add

    def write_vectors(self, folder: Path) -> None:
        """Write the vectors of all rows, in their order. Nothing may be changed meanwhile."""
        self._raw.write(folder / RAW_FILE)
        self._keys.write(folder / KEYS_FILE)

    def read_vectors(self, folder: Path) -> None:
        """Read what `write_vectors` wrote for these very rows. Raises ValueError."""
        rows = list(self._chunk_ids)
        self._raw.add_file(folder / RAW_FILE, rows)
        self._keys.add_file(folder / KEYS_FILE, rows)

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

    def row_of(self, chunk_id: str) -> int | None:
        """Return the row of a chunk, None if it has none. O(rows)."""
        for row, known in self._chunk_ids.items():
            if known == chunk_id:
                return row
        return None

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

    def highest_words_score(
        self, query_terms: Sequence[str], fields: Mapping[str, float], *, unknown: bool = False
    ) -> float:
        """Return the score of a chunk that held every term again and again; see `search_words`.

        unknown: see `LexicalIndex.highest_score`.
        """
        return self._words.highest_score(query_terms, fields, unknown=unknown)

    def search_words(
        self,
        query_terms: Sequence[str],
        fields: Mapping[str, float],
        k: int,
        documents: Sequence[int] | None,
    ) -> Scored:
        """Return the k best chunks by BM25. fields: the weight of each.

        body: the raw text. above: what the key information says and the text does not. key: all
        that the key information says.
        """
        return self._words.search(query_terms, fields, k, documents)

    def highest_document_score(self, query_terms: Sequence[str], *, unknown: bool = False) -> float:
        """Return the score of a document that held every term again and again."""
        return self._documents.highest_score(query_terms, {"body": 1.0}, unknown=unknown)

    def holding(self) -> Callable[[str], int]:
        """Return what tells how many documents hold a term in their text or title, as of now."""
        return self._documents.holding("body")

    def search_documents(
        self, query_terms: Sequence[str], k: int, documents: Sequence[int] | None
    ) -> Scored:
        """Return the k best documents by BM25 over their whole text and title."""
        return self._documents.search(query_terms, {"body": 1.0}, k, documents)
