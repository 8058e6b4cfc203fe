"""A catalog in memory, with vectors made of the words of each text."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ingestion.store.stored import Change, IndexedState, StoredChunk, SummaryRow, VectorRow
from retrieval.collection_index import NewDocument
from retrieval.dense import Vectors
from retrieval.document_entry import document_terms, document_vectors
from retrieval.terms import terms

DIMENSION = 64


def embed(texts: Sequence[str]) -> Vectors:
    """Return unit rows that are near where texts share terms, (n, 64)."""
    rows = np.full((len(texts), DIMENSION), 1e-3, dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        for term in terms(text):
            row[sum(term.encode()) % DIMENSION] += 1
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


class FakeEmbedder:
    """Implements `retrieval.ports.QueryEmbedder`."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return embed(texts)


class FakeCatalog:
    """Implements `FollowedCatalog` and `ChunkStore`. A document is a title and its chunks' texts."""

    def __init__(self) -> None:
        self.log: list[Change] = []
        self.documents: dict[str, tuple[str, str, list[str]]] = {}

    def put(self, document_id: str, title: str, texts: list[str], collection: str = "c") -> None:
        self.documents[document_id] = (collection, title, texts)
        self.log.append(Change(len(self.log) + 1, collection, document_id, "added"))

    def remove(self, document_id: str) -> None:
        collection, _, _ = self.documents.pop(document_id)
        self.log.append(Change(len(self.log) + 1, collection, document_id, "removed"))

    def last_sequence(self) -> int:
        return len(self.log)

    def changes_since(self, sequence: int, limit: int) -> list[Change]:
        return self.log[sequence : sequence + limit]

    def vector_rows(self, document_id: str) -> list[VectorRow]:
        if document_id not in self.documents:
            return []
        _, title, texts = self.documents[document_id]
        raw, keys = embed(texts), embed([title] * len(texts))
        return [
            VectorRow(f"{document_id}/{text}", document_id, title, (), text, title, r, k)
            for text, r, k in zip(texts, raw, keys, strict=True)
        ]

    def summary_row(self, document_id: str) -> SummaryRow | None:
        if document_id not in self.documents:
            return None
        _, title, texts = self.documents[document_id]
        return SummaryRow(document_id, title, texts[0], (), embed([f"{title} {texts[0]}"])[0])

    def new_document(self, document_id: str) -> NewDocument:
        """Return a document as the indexes take it in."""
        rows, summary = self.vector_rows(document_id), self.summary_row(document_id)
        assert summary is not None
        sequence = self.index_state_of(document_id).sequence
        return NewDocument(document_terms(sequence, rows, summary), document_vectors(rows, summary))

    def collections(self) -> list[str]:
        return sorted({collection for collection, _, _ in self.documents.values()})

    def index_state(self, collection: str) -> dict[str, IndexedState]:
        return {
            name: self.index_state_of(name)
            for name, (held_in, _, _) in self.documents.items()
            if held_in == collection
        }

    def index_state_of(self, document_id: str) -> IndexedState:
        newest = max(c.sequence for c in self.log if c.document_id == document_id)
        ids = (row.chunk_id for row in self.vector_rows(document_id))
        return IndexedState.of(newest, ids)

    def chunks_by_id(self, ids: Sequence[str]) -> Mapping[str, StoredChunk]:
        found = {}
        for chunk_id in ids:
            document_id, text = chunk_id.split("/", 1)
            if text in self.documents.get(document_id, ("", "", []))[2]:
                found[chunk_id] = StoredChunk(
                    chunk_id, document_id, "r1", 0, 0, len(text), None, (), text, (), None
                )
        return found

    def titles(self, document_ids: Iterable[str]) -> Mapping[str, str]:
        return {d: self.documents[d][1] for d in document_ids if d in self.documents}
