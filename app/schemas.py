"""The HTTP contract as types: what each call takes and gives."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
)

from app.settings import Strategy
from generation.records import Outcome
from ingestion.records import BlockKind, KeyKind
from ingestion.store.stored import JobState

MAX_QUESTION = 2000
MAX_TOP_K = 100
MAX_PAGE = 1000
MAX_CITATIONS = 500
_COLLECTION = re.compile(r"\w[\w.-]{0,63}")


def plain_text(value: str) -> str:
    """Return the string. Raises ValueError for NUL and lone surrogates, which no store can keep."""
    if "\0" in value:
        raise ValueError("must not contain the NUL character")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("must not contain half a surrogate pair")
    return value


def collection_name(value: str) -> str:
    """Return the name in NFC. Raises ValueError unless it is letters, digits, `_`, `-` and `.`."""
    name = unicodedata.normalize("NFC", plain_text(value))
    if _COLLECTION.fullmatch(name) is None:
        raise ValueError(
            "must be 1 to 64 letters (of any script), digits, '_', '-' or '.', "
            "and start with a letter, a digit or '_'"
        )
    return name


_Plain = AfterValidator(plain_text)
# Constraints come before the check: the other way round, lengths would count before stripping.
Text = Annotated[str, _Plain]
Question = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUESTION),
    _Plain,
]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=128), _Plain]
MetadataValue = Annotated[str, StringConstraints(max_length=2000), _Plain]
CollectionName = Annotated[
    str,
    AfterValidator(collection_name),
    Field(description="1 to 64 letters of any script, digits, `_`, `-`, `.`", examples=["laws"]),
]
TopK = Annotated[int, Field(ge=1, le=MAX_TOP_K, description="Passages to use.")]
Offset = Annotated[int, Query(ge=0, le=2**31 - 1, description="Entries to skip.")]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Entries to return.")]


class Request(BaseModel):
    """A JSON body. A member it does not know is an error: most are misspelt ones it does know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reply(BaseModel):
    """A JSON answer, read from a record of the same member names."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class ProblemError(Reply):
    """One thing wrong with a request."""

    loc: list[str | int] = Field(description="Where, as a path into the request.")
    msg: str
    code: str | None = Field(None, description="Of a file: what a request of it alone answers.")


class Problem(Reply):
    """A problem document (RFC 9457)."""

    type: str = Field(description="A URI that names the kind of problem.")
    title: str
    status: int
    detail: str
    instance: str = Field(description="The path that was called.")
    code: str = Field(description="The kind of problem as one stable word.")
    trace_id: str = Field(description="Finds the request in the log.")
    errors: list[ProblemError] | None = None


class IngestedFile(Reply):
    """What became of one file. `code` and `reason` say why it was rejected or failed."""

    name: str
    document_id: str | None
    revision: str | None
    job_id: str | None
    status: Literal["queued", "duplicate", "rejected", "running", "done", "failed", "cancelled"]
    duplicate_of: str | None = None
    code: str | None = None
    reason: str | None = None


class IngestReply(Reply):
    """One entry per uploaded file, in the order they were sent."""

    documents: list[IngestedFile]


class JobReply(Reply):
    """A job of ingestion."""

    job_id: str
    document_id: str
    revision: str
    collection: str
    name: str
    state: JobState
    stage: str
    progress: float = Field(description="Share done, 0 to 1.")
    eta_seconds: float | None = Field(description="Seconds left; null while not known.")
    reason_code: str | None
    reason: str | None
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class JobsReply(Reply):
    """A page of jobs, newest first, and how many there are."""

    jobs: list[JobReply]
    total: int
    offset: int
    limit: int


class CollectionReply(Reply):
    """A collection and how full it is."""

    name: str
    documents: int = Field(description="Searchable ones.")
    chunks: int
    bytes: int = Field(description="Bytes of the uploaded files, those of open jobs included.")
    open_jobs: int = Field(description="Jobs that are queued or running.")
    max_documents: int | None = Field(description="The most it may hold; null: no limit.")
    max_bytes: int | None


class CollectionsReply(Reply):
    """All collections, by name."""

    collections: list[CollectionReply]


class RulesReply(Reply):
    """The rules of compliance of a collection."""

    collection: str
    version: int = Field(description="Counts up with each change; 0: the service's own rules.")
    rules: dict[str, JsonValue] = Field(description="The file, as docs/compliance.md describes it.")


class DocumentReply(Reply):
    """A searchable document."""

    document_id: str
    collection: str
    name: str
    title: str
    revision: str
    language: str
    media_type: str
    page_count: int | None
    size: int = Field(description="Bytes of the uploaded file.")
    metadata: Mapping[str, str]
    summary: str
    keyphrases: tuple[str, ...]
    warnings: tuple[str, ...]
    chunk_count: int
    created_at: datetime
    updated_at: datetime


class DocumentsReply(Reply):
    """A page of documents, and how many there are."""

    documents: list[DocumentReply]
    total: int
    offset: int
    limit: int


class BlockReply(Reply):
    """A block of a document's text: half-open, in code points."""

    kind: BlockKind
    start: int
    end: int
    page: int | None
    level: int


class TextReply(Reply):
    """The text that every span of a revision points into."""

    document_id: str
    revision: str
    title: str
    language: str
    text: str
    blocks: list[BlockReply]


class KeyReply(Reply):
    """One piece of key information of a chunk and where it was read."""

    kind: KeyKind
    text: str
    start: int
    end: int


class ChunkReply(Reply):
    """An indexed unit: the revision's `text[start:end]`."""

    chunk_id: str
    document_id: str
    revision: str
    ordinal: int
    start: int
    end: int
    page: int | None
    heading_path: tuple[str, ...]
    text: str
    keys: tuple[KeyReply, ...]
    coherence: float | None = Field(
        description="Probability that it goes on from the chunk before; null: nobody asked."
    )


class ChunksReply(Reply):
    """A page of a document's chunks in order, and how many there are."""

    chunks: list[ChunkReply]
    total: int
    offset: int
    limit: int


class TurnBody(Request):
    """One earlier message."""

    role: Literal["user", "assistant"]
    content: Annotated[str, StringConstraints(min_length=1, max_length=8000), _Plain]


class AskBody(Request):
    """A question."""

    question: Question
    collection: CollectionName | None = None
    session_id: ShortText | None = None
    history: Annotated[list[TurnBody], Field(max_length=50)] = []
    stage: ShortText | None = None
    strategy: Strategy | None = None
    top_k: TopK | None = None
    stream: bool = False


class CitationReply(Reply):
    """What proves the sentence of that index: the revision's `text[start:end]` is the quote."""

    sentence: int
    document_id: str
    revision: str
    title: str
    page: int | None
    start: int
    end: int
    quote: str


class SentenceReply(Reply):
    """A sentence of an answer, as the stream carries it."""

    index: int
    text: str


class AskReply(Reply):
    """The end of a question: an answer, a refusal, a fallback or an approved script."""

    answer: str
    outcome: Outcome
    confidence: float
    citations: list[CitationReply]
    script_id: str | None
    trace_id: str
    timings_ms: Mapping[str, float]
    handover: bool = Field(False, description="A human is to take over.")
    stage: str | None = Field(None, description="Where the conversation stands.")


class CitationBody(BaseModel):
    """A citation to prove. Other members of an answer's citation may be there and are not read."""

    model_config = ConfigDict(frozen=True)

    document_id: Text
    revision: Text
    start: int
    end: int
    quote: Text


class VerifyBody(Request):
    """Citations to prove."""

    citations: Annotated[list[CitationBody], Field(max_length=MAX_CITATIONS)]


class VerdictReply(Reply):
    """Whether a citation holds, and why (not)."""

    verified: bool
    reason: Literal[
        "quote_matches",
        "document_unknown",
        "revision_unknown",
        "span_out_of_range",
        "quote_differs",
    ]


class VerifyReply(Reply):
    """One verdict per citation, in order."""

    results: list[VerdictReply]


class HealthReply(Reply):
    """The process answers."""

    status: Literal["ok"]


class ReadyReply(Reply):
    """What works. A generator that is down degrades answers to extracts, it does not stop them."""

    models: bool
    catalog: bool
    generator: Literal["ok", "down", "none"]
    indexed_sequence: int
    detail: str
