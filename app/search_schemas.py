"""The HTTP contract of searching as types: `/search` and `/explain`."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Self

from pydantic import Field, model_validator

from app.schemas import (
    CollectionName,
    MetadataValue,
    Question,
    Reply,
    Request,
    ShortText,
    TopK,
    TurnBody,
)
from ingestion.store.selection import Selection
from retrieval.explain import Loss, Stage

AnyOf = Annotated[list[MetadataValue], Field(min_length=1, max_length=100)]

History = Annotated[
    tuple[TurnBody, ...],
    Field(max_length=50, description="What was said before: completes a follow-up as in `/ask`."),
]


class Filters(Request):
    """Where to look: documents that fit all that is given."""

    document_ids: Annotated[list[ShortText], Field(min_length=1, max_length=1000)] | None = None
    metadata: (
        Annotated[
            dict[ShortText, MetadataValue | AnyOf],
            Field(min_length=1, max_length=20, description="By key the value, or any of a list."),
        ]
        | None
    ) = None
    language: ShortText | AnyOf | None = None
    media_type: ShortText | AnyOf | None = None

    def selection(self) -> Selection:
        """Return what documents must be like."""
        ids = self.document_ids
        return Selection(
            None if ids is None else frozenset(ids),
            tuple((key, _any_of(value)) for key, value in (self.metadata or {}).items()),
            _any_of(self.language),
            _any_of(self.media_type),
        )


def _any_of(given: str | Sequence[str] | None) -> frozenset[str]:
    if given is None:
        return frozenset()
    return frozenset([given] if isinstance(given, str) else given)


class SearchBody(Request):
    """A search."""

    query: Question
    collection: CollectionName | None = None
    top_k: TopK | None = None
    filters: Filters | None = None
    history: History = ()


class HitReply(Reply):
    """A passage with its score at every stage that saw it."""

    chunk_id: str
    document_id: str
    revision: str
    title: str
    heading_path: tuple[str, ...]
    page: int | None
    start: int
    end: int
    text: str
    score: float
    scores: Mapping[str, float]


class SearchReply(Reply):
    """Passages, best first."""

    hits: list[HitReply]
    timings_ms: Mapping[str, float]
    documents: int = Field(
        description="Searchable ones of the collection; 0: it is empty or does not exist."
    )


class ExplainBody(Request):
    """A search, and what it was expected to find: a chunk, or any chunk of a document."""

    query: Question
    collection: CollectionName | None = None
    top_k: TopK | None = None
    filters: Filters | None = None
    history: History = ()
    expected_chunk_id: ShortText | None = None
    expected_document_id: ShortText | None = None

    @model_validator(mode="after")
    def _expects_one_thing(self) -> Self:
        if (self.expected_chunk_id is None) == (self.expected_document_id is None):
            raise ValueError("give expected_chunk_id or expected_document_id, one of them")
        return self


class StageReply(Reply):
    """What one stage of the search made of the expected chunk, or of its document."""

    stage: Stage
    rank: int | None = Field(description="From 1, over the whole collection; null: no score there.")
    score: float | None
    limit: int | None = Field(description="How many the stage hands on; null: no fixed number.")
    passed: bool


class QueryReply(Reply):
    """A query that was searched for beside the question."""

    query: str
    found: int = Field(description="Passages that it found.")
    rank: int | None = Field(description="Of the expected chunk among them; null: not there.")


class ExplainReply(Reply):
    """The way of the expected chunk through the very search that `/ask` runs."""

    chunk_id: str
    document_id: str
    title: str
    rank: int | None = Field(description="In the result of `/search`; null: not in it.")
    lost_at: Loss | None = Field(description="The stage that left it out; null: none did.")
    advice: str = Field(description="What happened and what to do, in the question's language.")
    stages: list[StageReply]
    queries: list[QueryReply] = Field(
        description="What `YOUJU_REFINE` had searched for beside the question; stages are the"
        " question's own, rank is that of the merged result."
    )
