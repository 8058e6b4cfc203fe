"""What the indexes hold of one document, apart from numbers: terms, chunk ids and vectors.

Its terms go into the snapshot of its collection as one line, so that nothing is cut into words
twice.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from ingestion import numerals
from ingestion.store.stored import IndexedState, SummaryRow, VectorRow
from retrieval import terms as tokenisation
from retrieval.dense import Vectors
from retrieval.terms import terms

DIGEST_LENGTH = 64
_PACKAGES = ("opencc", "PyStemmer")


@dataclass(frozen=True, slots=True)
class ChunkTerms:
    """The terms of a chunk, blanks between. body: of its text. key: of its key information."""

    chunk_id: str
    body: str
    key: str

    @property
    def above(self) -> str:
        """Return the key information's terms that the text lacks: title and headings, mostly."""
        said = set(self.body.split(" "))
        return " ".join(term for term in self.key.split(" ") if term not in said)


@dataclass(frozen=True, slots=True)
class DocumentTerms:
    """The terms of a document. `sequence`: the change that brought it."""

    document_id: str
    sequence: int
    title: str
    summary: str
    chunks: tuple[ChunkTerms, ...]

    @property
    def whole(self) -> str:
        """Return the terms of all its text and of its title."""
        return " ".join((*(chunk.body for chunk in self.chunks), self.title))

    @property
    def state(self) -> IndexedState:
        """Return which state of the document this is."""
        return IndexedState.of(self.sequence, (chunk.chunk_id for chunk in self.chunks))


@dataclass(frozen=True, slots=True)
class DocumentVectors:
    """The vectors of a document: raw and keys (chunks, d), summary (1, d)."""

    raw: Vectors
    keys: Vectors
    summary: Vectors


def document_terms(sequence: int, rows: Sequence[VectorRow], summary: SummaryRow) -> DocumentTerms:
    """Return the terms of a document. rows: its chunks in order, at least one."""
    return DocumentTerms(
        document_id=summary.document_id,
        sequence=sequence,
        title=" ".join(terms(rows[0].title)),
        summary=" ".join(terms(" ".join((summary.title, summary.text, *summary.keyphrases)))),
        chunks=tuple(_chunk_terms(row) for row in rows),
    )


def document_vectors(rows: Sequence[VectorRow], summary: SummaryRow) -> DocumentVectors:
    """Return the vectors of a document. rows: its chunks in order, at least one."""
    return DocumentVectors(
        raw=np.stack([row.raw_vector for row in rows]),
        keys=np.stack([row.key_vector for row in rows]),
        summary=summary.vector[None],
    )


def to_line(document: DocumentTerms, vectors: DocumentVectors) -> bytes:
    """Return a document as a line: a digest of all that is indexed of it, a blank, its terms."""
    fields = [
        document.document_id,
        document.sequence,
        document.title,
        document.summary,
        [[chunk.chunk_id, chunk.body, chunk.key] for chunk in document.chunks],
    ]
    told = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    digest = hashlib.sha256(told)
    for part in (vectors.raw, vectors.keys, vectors.summary):
        digest.update(part.astype("<f2").tobytes())  # As the index of vectors keeps them.
    return b"%s %s\n" % (digest.hexdigest().encode(), told)


def of_line(line: bytes) -> DocumentTerms:
    """Return the terms of a document that `to_line` wrote. Raises ValueError on other lines."""
    try:
        document_id, sequence, title, summary, chunks = json.loads(line[DIGEST_LENGTH:])
        return DocumentTerms(
            document_id, sequence, title, summary, tuple(ChunkTerms(*chunk) for chunk in chunks)
        )
    except TypeError as exc:
        raise ValueError("not a line of terms") from exc


def indexing_identity() -> str:
    """Return 16 hex digits that change when texts would be cut into other terms."""
    sources = (Path(str(module)) for module in (numerals.__file__, tokenisation.__file__, __file__))
    return hashlib.sha256(b"\0".join(_parts(sources))).hexdigest()[:16]


def _parts(sources: Iterator[Path]) -> Iterator[bytes]:
    yield from (source.read_bytes() for source in sources)
    yield from (f"{package} {version(package)}".encode() for package in _PACKAGES)


def _chunk_terms(row: VectorRow) -> ChunkTerms:
    return ChunkTerms(row.chunk_id, " ".join(terms(row.text)), " ".join(terms(row.key_text)))
