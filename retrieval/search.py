"""The whole path of a search on one page: summaries first, then both levels, fused, as raw text.

`/search`, `/ask` and `/explain` all run `Searcher.run`; nothing else ranks passages.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.collection_index import CollectionIndex
from retrieval.collections_index import CollectionsIndex
from retrieval.fusion_weights import FusionWeights
from retrieval.key_index import Scored
from retrieval.ports import ChunkStore, PairScorer, QueryEmbedder
from retrieval.records import Passage, SearchRequest, SearchResult
from retrieval.rerank import rerank
from retrieval.rewording import Wordings, wordings_of
from retrieval.stages import (
    Query,
    StageHits,
    documents_of_rows,
    find_documents,
    find_level,
    fuse_stages,
    highest_scores,
    stage_scores,
)
from retrieval.synonyms import GroupsOf, no_synonyms
from retrieval.terms import terms

WeightsOf = Callable[[str], FusionWeights]
"""Gives the weights of a collection; asked anew at every search."""

_SPARE = 16


@dataclass(frozen=True, slots=True)
class SearchRun:
    """A search with all that led to its result.

    fused: (row, score) of all chunks found. ranked: as passages, after reranking, the best of
    them; the result is their head.
    """

    index: CollectionIndex
    query: Query
    weights: FusionWeights
    hits: StageHits
    fused: Scored
    ranked: Sequence[Passage]
    result: SearchResult


class Searcher:
    """Searches any collection. Safe to call from several threads.

    weights: those of each collection; None: the measured ones. reranker: reads the best passages
    beside the question; None: nothing does. synonyms: the words of each collection that stand for
    one another.
    """

    def __init__(
        self,
        indexes: CollectionsIndex,
        store: ChunkStore,
        embedder: QueryEmbedder,
        weights: FusionWeights | WeightsOf | None = None,
        reranker: PairScorer | None = None,
        synonyms: GroupsOf = no_synonyms,
    ) -> None:
        fixed = FusionWeights() if weights is None or callable(weights) else weights
        self._indexes = indexes
        self._store = store
        self._embedder = embedder
        self._weights_of = weights if callable(weights) else lambda _collection: fixed
        self._reranker = reranker
        self._synonyms = synonyms

    def search(self, request: SearchRequest) -> SearchResult:
        """Return up to `top_k` passages, best first; none if the collection is unknown or empty."""
        run = self.run(request)
        return SearchResult((), {"total": 0.0}, 0) if run is None else run.result

    def run(self, request: SearchRequest, weights: FusionWeights | None = None) -> SearchRun | None:
        """Search, and return every stage with the result; None if there is no such collection.

        weights: in place of the collection's own, to see what they would do.
        """
        index = self._indexes.collection(request.collection)
        if index is None:
            return None
        clock = _Clock()
        weights = weights or self._weights_of(request.collection)
        with clock.stage("reword"):
            said = wordings_of(
                request.query, index.keys.holding(), self._synonyms(request.collection)
            )
        with clock.stage("embed_query"):
            vector = self._vector(said)
        query = Query(terms(request.query), vector, [terms(other) for other in said.others])
        hits = self._find(index, query, weights, request, clock)
        with clock.stage("fusion"):
            fused = fuse_stages(hits, weights)
        with clock.stage("map_to_text"):
            depth = max(request.top_k, weights.rerank_depth if self._reranker else 0)
            ranked = self._passages(index, fused, stage_scores(hits, weights), depth)
        if self._reranker is not None and weights.rerank:
            with clock.stage("rerank"):
                ranked = rerank(
                    said.meant,
                    ranked,
                    self._reranker,
                    depth=weights.rerank_depth,
                    weight=weights.rerank,
                )
        timings = clock.timings()
        result = SearchResult(tuple(ranked[: request.top_k]), timings, len(index.numbers))
        return SearchRun(index, query, weights, hits, fused, ranked, result)

    def titles(self, document_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the titles of those of the documents that exist."""
        return self._store.titles(document_ids)

    def _vector(self, said: Wordings) -> NDArray[np.float32]:
        vectors = self._embedder.embed_queries(said.embedded)
        mean: NDArray[np.float32] = vectors[0]
        if len(vectors) > 1:
            mean = vectors.mean(axis=0)
            mean = mean / np.float32(np.linalg.norm(mean) or 1.0)
        return mean

    def _find(
        self,
        index: CollectionIndex,
        query: Query,
        weights: FusionWeights,
        request: SearchRequest,
        clock: "_Clock",
    ) -> StageHits:
        allowed, candidates = _numbers(index, request.document_ids), None
        if request.narrowed:
            with clock.stage("summary_filter"):
                candidates = index.summaries.candidates(
                    query.all_words, query.vector, weights.candidate_documents, allowed
                )
        # Globally, too: a bad summary must not hide a document.
        with clock.stage("global"):
            everywhere, among = find_level(index, query, weights, allowed), None
            documents = find_documents(index, query, weights, allowed)
        if candidates is not None:
            with clock.stage("candidates"):
                among = find_level(index, query, weights, [number for number, _ in candidates])
        levels = [everywhere] if among is None else [everywhere, among]
        highest_words, highest_document = highest_scores(index, query, weights)
        return StageHits(
            candidates=candidates,
            everywhere=everywhere,
            among=among,
            documents=documents,
            highest_words=highest_words,
            highest_document=highest_document,
            document_of=documents_of_rows(index, levels),
        )

    def _passages(
        self,
        index: CollectionIndex,
        fused: Scored,
        scores: dict[int, dict[str, float]],
        depth: int,
    ) -> list[Passage]:
        # A few spare ones: a chunk may have been deleted since it was ranked.
        ranked = [
            (chunk_id, row, score)
            for row, score in fused[: depth + _SPARE]
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
        return passages[:depth]


class _Clock:
    """Times the stages of one search."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._timings: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self._timings[name] = (time.perf_counter() - started) * 1000

    def timings(self) -> dict[str, float]:
        """Return milliseconds by stage, and in all until now."""
        return {**self._timings, "total": (time.perf_counter() - self._started) * 1000}


def _numbers(index: CollectionIndex, document_ids: frozenset[str] | None) -> list[int] | None:
    if document_ids is None:
        return None
    return [index.numbers[doc] for doc in document_ids if doc in index.numbers]
