"""What evaluation needs from the service under test."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from evaluation.bulk_ingestion import Ingested, SourceFile
from generation.records import Answer
from ingestion.records import Vectors
from retrieval.records import SearchResult


@dataclass(frozen=True, slots=True)
class ReleasedSentence:
    """A sentence as it reached the user, with the number of its citations."""

    text: str
    citations: int


class TextEncoder(Protocol):
    """The service's encoder as it was published, used bare by the baseline."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per question, (n, d)."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per passage, (n, d)."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return each text's length in the encoder's tokens, special tokens left out."""
        ...


@dataclass(frozen=True, slots=True)
class Subject:
    """The service under test: the very functions that its HTTP calls run, on one collection.

    search: (question, top_k). search_all: the same without narrowing by summaries. ask: sentences
    as they are released, then the Answer, last. ingest: (files, progress by (done, total));
    searches see all of it afterwards. plain_encoder: loads the encoder without what was trained on
    it here.
    """

    search: Callable[[str, int], SearchResult]
    search_all: Callable[[str, int], SearchResult]
    ask: Callable[[str], Iterator[ReleasedSentence | Answer]]
    ingest: Callable[[Sequence[SourceFile], Callable[[int, int], None]], Ingested]
    plain_encoder: Callable[[], TextEncoder]
    close: Callable[[], None]
