"""The running service as the HTTP routes and the command line see it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from app.answer_events import AnswerEvent, AnswerRequest
from app.audit_replay import Replay
from app.metrics import Metrics
from app.rule_books import RuleBooks
from app.settings import Settings
from generation.compliance import Gate
from generation.script_library import ScriptLibrary
from ingestion.ports import PassageEmbedder
from ingestion.store.catalog import Catalog
from ingestion.store.stored import StoredChunk
from retrieval.explain import Expected, Explanation
from retrieval.ports import QueryEmbedder
from retrieval.records import SearchRequest, SearchResult
from retrieval.refine.refined_search import RefinedRun


@dataclass(frozen=True, slots=True)
class Readiness:
    """What works. `detail` says in words what is missing; empty when nothing is.

    indexed_sequence: the newest catalog change that searches see.
    """

    models: bool
    catalog: bool
    generator: Literal["ok", "down", "none"]
    indexed_sequence: int
    detail: str


class Embedder(QueryEmbedder, PassageEmbedder, Protocol):
    """Embeds questions and passages alike."""


@dataclass(frozen=True, slots=True)
class Service:
    """Everything behind the routes. All calls block and may come from any thread.

    scored_chunks: a page of a document's chunks as the catalog gives it, every border scored.
    search: gives the result of `refined`, which also tells what each query found. explain: the way
    of an expected chunk through the plain search of its question. Raises NotIndexed.
    answer: yields sentences as compliance releases them, then one DoneEvent; closing the iterator
    stops the generator. library, gate: what answers are held against. replay: plays a verdict of
    the audit back, by its number.
    refresh: lets the indexes follow the catalog. close: frees everything.
    """

    settings: Settings
    catalog: Catalog
    search: Callable[[SearchRequest], SearchResult]
    refined: Callable[[SearchRequest], RefinedRun]
    explain: Callable[[SearchRequest, Expected], Explanation]
    answer: Callable[[AnswerRequest], Iterator[AnswerEvent]]
    scored_chunks: Callable[[str, int, int], tuple[list[StoredChunk], int]]
    embedder: Embedder
    rule_books: RuleBooks
    metrics: Metrics
    library: ScriptLibrary
    gate: Gate
    replay: Callable[[int], Replay | None]
    readiness: Callable[[], Readiness]
    refresh: Callable[[], None]
    close: Callable[[], None]
