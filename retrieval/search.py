"""The whole path of a search on one page: ranked by index, mapped to raw text, read once more.

`/search` and `/ask` both run `Searcher.search`; nothing else ranks passages.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from retrieval.collection_index import CollectionIndex
from retrieval.collections_index import CollectionsIndex
from retrieval.first_stage import FirstStage
from retrieval.fusion_weights import FusionWeights
from retrieval.ports import ChunkStore, PairScorer, QueryEmbedder
from retrieval.records import Passage, SearchRequest, SearchResult
from retrieval.rerank import rerank
from retrieval.search_trace import SearchTrace
from retrieval.terms import terms

_SPARE = 16
"""Rows mapped beyond those wanted: a chunk may have been deleted since it was ranked."""


@dataclass(frozen=True, slots=True)
class FollowedSearch:
    """A search with what its stages found.

    fused: (row, score) of all that the first stage found, best first. passages: those that were
    mapped to text, in their last order; the result is the first of them.
    """

    result: SearchResult
    index: CollectionIndex | None
    fused: Sequence[tuple[int, float]]
    trace: SearchTrace
    passages: Sequence[Passage]


class Searcher:
    """Searches any collection. Safe to call from several threads."""

    def __init__(
        self,
        indexes: CollectionsIndex,
        store: ChunkStore,
        embedder: QueryEmbedder,
        weights: FusionWeights | None = None,
        scorer: PairScorer | None = None,
    ) -> None:
        """scorer: reads the first passages with the question and reorders them; None: nobody."""
        self._indexes = indexes
        self._store = store
        self._embedder = embedder
        self._weights = weights or FusionWeights()
        self._scorer = scorer

    def search(self, request: SearchRequest) -> SearchResult:
        """Return up to `top_k` passages, best first; none if the collection is unknown or empty."""
        return self.follow(request).result

    def follow(self, request: SearchRequest, *, depth: int | None = None) -> FollowedSearch:
        """Search, and return also what each stage found.

        depth: how far down each list goes, in place of the weights' own; for explaining only.
        """
        started = time.perf_counter()
        trace = SearchTrace()
        index = self._indexes.collection(request.collection)
        if index is None or request.top_k < 1:
            documents = len(index.numbers) if index else 0
            return FollowedSearch(SearchResult((), {"total": 0.0}, documents), index, (), trace, ())
        with trace.stage("embed_query"):
            vector = self._embedder.embed_queries([request.query])[0]
            words = terms(request.query)
        weights = self._weights if depth is None else _deep(self._weights, index, depth)
        fused = FirstStage(weights).rank(index, request, words, vector, trace)
        with trace.stage("map_to_text"):
            read = self._weights.rerank_depth if self._scorer else 0
            wanted = max(request.top_k, read)
            passages = self._passages(index, fused[: wanted + _SPARE], trace.scores)[:wanted]
        if self._scorer is not None:
            with trace.stage("rerank"):
                passages = rerank(request.query, passages, self._scorer, self._weights)
        trace.timings["total"] = (time.perf_counter() - started) * 1000
        shown = tuple(passages[: request.top_k])
        result = SearchResult(shown, trace.timings, len(index.numbers))
        return FollowedSearch(result, index, fused, trace, passages)

    def titles(self, document_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the titles of those of the documents that exist."""
        return self._store.titles(document_ids)

    def _passages(
        self,
        index: CollectionIndex,
        fused: Sequence[tuple[int, float]],
        scores: Mapping[int, Mapping[str, float]],
    ) -> list[Passage]:
        ranked = [
            (chunk_id, row, score)
            for row, score in fused
            if (chunk_id := index.keys.chunk_id(row)) is not None
        ]
        chunks = self._store.chunks_by_id([chunk_id for chunk_id, _, _ in ranked])
        titles = self._store.titles({chunk.document_id for chunk in chunks.values()})
        passages = []
        for chunk_id, row, score in ranked:
            chunk = chunks.get(chunk_id)
            if chunk is None or chunk.document_id not in titles:
                continue
            passages.append(
                Passage(
                    chunk_id=chunk_id,
                    document_id=chunk.document_id,
                    revision=chunk.revision,
                    title=titles[chunk.document_id],
                    heading_path=chunk.heading_path,
                    page=chunk.page,
                    start=chunk.start,
                    end=chunk.end,
                    text=chunk.text,
                    score=score,
                    scores={**scores.get(row, {}), "fused": score},
                )
            )
        return passages


def _deep(weights: FusionWeights, index: CollectionIndex, depth: int) -> FusionWeights:
    """Return weights of a search that ranks all but one document, and so many rows of each list."""
    documents = max(len(index.numbers) - 1, 1)
    return replace(weights, depth=depth, candidate_documents=documents)
