"""What the catalog hands out. Every moment is in UTC, every span in code points, half-open."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingestion.records import Chunk, Document, KeyEntry, Language


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A searchable document. `created_at`: first upload; `updated_at`: when this revision came."""

    document_id: str
    collection: str
    name: str
    title: str
    revision: str
    language: Language
    media_type: str
    page_count: int | None
    size: int
    metadata: Mapping[str, str]
    summary: str
    keyphrases: tuple[str, ...]
    warnings: tuple[str, ...]
    chunk_count: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk with its key information: `text` is the revision's text[start:end].

    coherence: the probability that it goes on from the chunk before; None: nobody asked.
    """

    chunk_id: str
    document_id: str
    revision: str
    ordinal: int
    start: int
    end: int
    page: int | None
    heading_path: tuple[str, ...]
    text: str
    keys: tuple[KeyEntry, ...]
    coherence: float | None


class StoredSource(NamedTuple):
    """An uploaded file as it came, with what it turned out to be and its given name."""

    content: bytes
    media_type: str
    name: str


@dataclass(frozen=True, slots=True)
class VectorRow:
    """What the chunk indexes are built from. Vectors are float32 (d,), read-only."""

    chunk_id: str
    document_id: str
    title: str
    heading_path: tuple[str, ...]
    text: str
    key_text: str
    raw_vector: NDArray[np.float32]
    key_vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """What the document index is built from. The vector is float32 (d,), read-only."""

    document_id: str
    title: str
    text: str
    keyphrases: tuple[str, ...]
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EmbeddedDocument:
    """What the vectors of a stored document are made of.

    updated_at: tells this state of the document from others. chunk_ids, keys: of each chunk.
    """

    document_id: str
    collection: str
    updated_at: datetime
    document: Document
    chunk_ids: tuple[str, ...]
    chunks: tuple[Chunk, ...]
    keys: tuple[tuple[KeyEntry, ...], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """The newest thing that happened to a document.

    `added` covers a new revision too: whatever was held of the document is to be replaced by its
    present rows. Only the last change of a document is kept, so sequence numbers have gaps.
    """

    sequence: int
    collection: str
    document_id: str
    kind: Literal["added", "removed"]


@dataclass(frozen=True, slots=True)
class IndexedState:
    """Which state of a document indexes hold or should hold.

    sequence: of its newest change. chunks: a digest of its chunks' ids in order.
    """

    sequence: int
    chunks: bytes

    @classmethod
    def of(cls, sequence: int, chunk_ids: Iterable[str]) -> "IndexedState":
        """Return the state of a document with these chunks."""
        return cls(sequence, hashlib.sha256("\n".join(chunk_ids).encode()).digest())


class JobState(StrEnum):
    """Where a job is. The last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Job:
    """The ingestion of one upload. `reason_code` is stable; `reason` says what to do.

    progress: share done, 0 to 1. attempts: how often a worker took it up.
    """

    job_id: str
    document_id: str
    revision: str
    collection: str
    name: str
    state: JobState
    stage: str
    progress: float
    eta_seconds: float | None
    reason_code: str | None
    reason: str | None
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of an upload.

    For a duplicate, `document_id` and `duplicate_of` both name the document that holds the bytes
    and `job_id` the job that brings or brought them, if it is still known.
    """

    document_id: str
    revision: str
    job_id: str | None
    status: Literal["queued", "duplicate"]
    duplicate_of: str | None
