"""What retrieval needs from the layers below, as it sees it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingestion.store.stored import Change, IndexedState, StoredChunk, SummaryRow, VectorRow
from retrieval.dense import Vectors
from retrieval.records import Passage


class QueryEmbedder(Protocol):
    """Turns questions into unit vectors."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per text, (n, d)."""
        ...


Scores = NDArray[np.float32]  # (n,)


class PairScorer(Protocol):
    """Judges how well passages answer a question."""

    def score_pairs(self, question: str, passages: Sequence[str]) -> Scores:
        """Return one logit a passage, (n,); higher is better."""
        ...


class QueryWriter(Protocol):
    """A language model that says what else to search for."""

    def write(
        self, refinement: str, query: str, passages: Sequence[Passage], *, seconds: float
    ) -> Sequence[str]:
        """Return further queries; none when the model is away or took longer than `seconds`.

        passages: what was found so far, best first.
        """
        ...


class IndexSource(Protocol):
    """The catalog as the indexes follow it."""

    def last_sequence(self) -> int:
        """Return the number of the newest change."""
        ...

    def changes_since(self, sequence: int, limit: int) -> list[Change]:
        """Return up to `limit` changes after `sequence`, oldest first."""
        ...

    def vector_rows(self, document_id: str) -> list[VectorRow]:
        """Return a document's chunks with their vectors; empty if it is gone."""
        ...

    def summary_row(self, document_id: str) -> SummaryRow | None:
        """Return a document's entry for the document-level index."""
        ...


class IndexTruth(Protocol):
    """The catalog as snapshots of the indexes are held against it."""

    def collections(self) -> list[str]:
        """Return the collections that hold documents."""
        ...

    def index_state(self, collection: str) -> Mapping[str, IndexedState]:
        """Return what the indexes must hold of each document with chunks, by its id."""
        ...


class FollowedCatalog(IndexSource, IndexTruth, Protocol):
    """The catalog as indexes with snapshots follow it."""


class ChunkStore(Protocol):
    """Where the raw text of a hit comes from."""

    def chunks_by_id(self, ids: Sequence[str]) -> Mapping[str, StoredChunk]:
        """Return the chunks that still exist, by id."""
        ...

    def titles(self, document_ids: Iterable[str]) -> Mapping[str, str]:
        """Return the documents' titles, by id."""
        ...
