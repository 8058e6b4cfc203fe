"""Whether the stored rows of one document are what the catalog promises of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ingestion.store.findings import Finding, Flaw
from ingestion.store.uploads import chunk_id_of, document_id_of

UNIT_TOLERANCE = 1e-3
_FLOAT = np.dtype("<f4")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DocumentUnderCheck:
    """Rows as they are stored. chunks: in order of ordinal, each with its row of the index.

    body is None, and columns of a chunk's index are, where that row is missing.
    """

    document: Row
    body: Row | None
    chunks: Sequence[Row]


def check_document(stored: DocumentUnderCheck, dimension: int | None) -> Iterator[Finding]:
    """Yield what is wrong with a document. dimension: what its vectors must have; None: any."""
    document_id = str(stored.document["document_id"])
    found = [*_check_ids(stored), *_check_counts(stored)]
    if stored.body is not None:
        text = stored.body["text"]
        spans = [(int(block[1]), int(block[2])) for block in stored.body["blocks"]]
        found += [
            *_check_blocks(spans, len(text)),
            *_check_chunks(stored.chunks, text),
            *_check_cover(spans, stored.chunks, text),
            *_check_keys(stored.chunks, len(text)),
        ]
    found += _check_vectors(stored, dimension)
    yield from (Finding(flaw, document_id, detail) for flaw, detail in found)


def dimension_of(stored: DocumentUnderCheck) -> int | None:
    """Return how many numbers the document's summary vector has, None without one."""
    return None if stored.body is None else len(stored.body["summary_vector"]) // _FLOAT.itemsize


_Found = tuple[Flaw, str]


def _check_ids(stored: DocumentUnderCheck) -> Iterator[_Found]:
    document = stored.document
    if document["document_id"] != document_id_of(document["collection"], document["name"]):
        yield Flaw.DOCUMENT_IDS_WRONG, "its id is not that of its collection and name"
    if not document["sha256"].startswith(document["revision"]):
        yield Flaw.DOCUMENT_IDS_WRONG, "its revision is not that of its bytes"
    for chunk in stored.chunks:
        span = (chunk["span_start"], chunk["span_end"])
        expected = chunk_id_of(document["document_id"], document["revision"], *span)
        if (chunk["chunk_id"], chunk["revision"]) != (expected, document["revision"]):
            yield Flaw.DOCUMENT_IDS_WRONG, f"chunk {chunk['ordinal']} has the id of another"


def _check_counts(stored: DocumentUnderCheck) -> Iterator[_Found]:
    if stored.body is None:
        yield Flaw.DOCUMENT_INCOMPLETE, "its text is missing"
    if stored.document["chunk_count"] != len(stored.chunks):
        counts = f"{len(stored.chunks)} chunks of {stored.document['chunk_count']}"
        yield Flaw.DOCUMENT_INCOMPLETE, f"it has {counts}"
    for chunk in stored.chunks:
        if chunk["raw_vector"] is None:
            yield Flaw.DOCUMENT_INCOMPLETE, f"chunk {chunk['ordinal']} has no vectors"


def _check_blocks(spans: Sequence[tuple[int, int]], length: int) -> Iterator[_Found]:
    last = 0
    for number, (start, end) in enumerate(spans):
        if not last <= start <= end <= length:
            yield Flaw.BLOCKS_WRONG, f"block {number} [{start}, {end}) is out of order or place"
        last = max(last, end)


def _check_chunks(chunks: Sequence[Row], text: str) -> Iterator[_Found]:
    last = 0
    for ordinal, chunk in enumerate(chunks):
        start, end = chunk["span_start"], chunk["span_end"]
        if chunk["ordinal"] != ordinal:
            yield Flaw.CHUNKS_WRONG, f"chunk {ordinal} is missing"
        if not last <= start < end <= len(text):
            yield Flaw.CHUNKS_WRONG, f"chunk {ordinal} [{start}, {end}) is out of order or place"
        elif text[start:end] != chunk["text"]:
            yield Flaw.CHUNKS_WRONG, f"chunk {ordinal} is not the text of its span"
        if chunk["coherence"] is not None and not 0 <= chunk["coherence"] <= 1:
            yield Flaw.CHUNKS_WRONG, f"chunk {ordinal} has a coherence that is no probability"
        last = max(last, end)


def _check_cover(
    blocks: Sequence[tuple[int, int]], chunks: Sequence[Row], text: str
) -> Iterator[_Found]:
    """Find blocks of which no chunk has some part. O(blocks + chunks)."""
    spans = [(chunk["span_start"], chunk["span_end"]) for chunk in chunks]
    first = 0
    for number, (start, end) in enumerate(blocks):
        while first < len(spans) and spans[first][1] <= start:
            first += 1
        reached, at = start, first
        bare = ""
        while at < len(spans) and spans[at][0] < end:
            bare += text[reached : max(reached, spans[at][0])]
            reached = max(reached, spans[at][1])
            at += 1
        bare += text[reached:end]
        if bare:
            yield Flaw.BLOCK_NOT_COVERED, f"block {number} [{start}, {end}) is not in its chunks"


def _check_keys(chunks: Sequence[Row], length: int) -> Iterator[_Found]:
    for chunk in chunks:
        if any(not 0 <= start <= end <= length for _, _, start, end in chunk["key_entries"]):
            yield Flaw.KEY_WRONG, f"a key of chunk {chunk['ordinal']} lies outside the text"


def _check_vectors(stored: DocumentUnderCheck, dimension: int | None) -> Iterator[_Found]:
    named = [] if stored.body is None else [("its summary", stored.body["summary_vector"])]
    for chunk in stored.chunks:
        pairs = ((kind, chunk[f"{kind}_vector"]) for kind in ("raw", "key"))
        named += [
            (f"the {kind} vector of chunk {chunk['ordinal']}", blob)
            for kind, blob in pairs
            if blob is not None
        ]
    for name, blob in named:
        problem = _vector_problem(blob, dimension)
        if problem:
            yield Flaw.VECTOR_WRONG, f"{name} {problem}"


def _vector_problem(blob: bytes, dimension: int | None) -> str | None:
    count, rest = divmod(len(blob), _FLOAT.itemsize)
    if rest or (dimension is not None and count != dimension):
        return f"has {len(blob)} bytes, not {_FLOAT.itemsize} for each of {dimension} numbers"
    vector = np.frombuffer(blob, dtype=_FLOAT).astype(np.float64)
    if not np.isfinite(vector).all():
        return "is not finite"
    length = float(np.linalg.norm(vector))
    return None if abs(length - 1.0) <= UNIT_TOLERANCE else f"has length {length:.3g}, not 1"
