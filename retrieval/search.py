"""The whole path of a search on one page: summaries first, then both levels, fused, as raw text.

`/search` and `/ask` both run `Searcher.search`; nothing else ranks passages.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from retrieval.collection_index import CollectionIndex
from retrieval.collections_index import CollectionsIndex
from retrieval.fusion import ScoredRun, fuse_scores
from retrieval.fusion_weights import FusionWeights
from retrieval.key_index import Scored
from retrieval.ports import ChunkStore, QueryEmbedder
from retrieval.records import Passage, SearchRequest, SearchResult
from retrieval.terms import terms


@dataclass(slots=True)
class _Trace:
    """Times and per-stage scores of one search."""

    timings: dict[str, float] = field(default_factory=dict)
    scores: dict[int, dict[str, float]] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.timings[name] = (time.perf_counter() - started) * 1000

    def note(self, name: str, found: Scored) -> None:
        for row, score in found:
            self.scores.setdefault(row, {})[name] = score


class _Hits(NamedTuple):
    """What one search over some of the documents gave, by kind of match."""

    words: Scored
    raw: Scored
    keys: Scored


class Searcher:
    """Searches any collection. Safe to call from several threads."""

    def __init__(
        self,
        indexes: CollectionsIndex,
        store: ChunkStore,
        embedder: QueryEmbedder,
        weights: FusionWeights | None = None,
    ) -> None:
        self._indexes = indexes
        self._store = store
        self._embedder = embedder
        self._weights = weights or FusionWeights()

    def search(self, request: SearchRequest) -> SearchResult:
        """Return up to `top_k` passages, best first; none if the collection is unknown or empty."""
        started = time.perf_counter()
        trace = _Trace()
        index = self._indexes.collection(request.collection)
        if index is None or request.top_k < 1:
            return SearchResult((), {"total": 0.0}, len(index.numbers) if index else 0)
        with trace.stage("embed_query"):
            vector = self._embedder.embed_queries([request.query])[0]
            words = terms(request.query)
        fused = self._rank(index, request, words, vector, trace)
        with trace.stage("map_to_text"):
            passages = self._passages(index, fused, trace.scores, request.top_k)
        trace.timings["total"] = (time.perf_counter() - started) * 1000
        return SearchResult(tuple(passages), trace.timings, len(index.numbers))

    def _rank(
        self,
        index: CollectionIndex,
        request: SearchRequest,
        words: Sequence[str],
        vector: NDArray[np.float32],
        trace: _Trace,
    ) -> list[tuple[int, float]]:
        allowed = _numbers(index, request.document_ids)
        with trace.stage("summary_filter"):
            found = index.summaries.candidates(
                words, vector, self._weights.candidate_documents, allowed
            )
        # Globally, too: a bad summary must not hide a document.
        with trace.stage("global"):
            hits = [self._hits(index, words, vector, allowed, "", trace)]
            documents = self._documents(index, words, allowed)
        if found is not None:
            with trace.stage("candidates"):
                among = [number for number, _ in found]
                hits.append(self._hits(index, words, vector, among, "candidates.", trace))
        with trace.stage("fusion"):
            return self._fuse(index, words, hits, documents, trace)

    def _hits(
        self,
        index: CollectionIndex,
        words: Sequence[str],
        vector: NDArray[np.float32],
        documents: Sequence[int] | None,
        prefix: str,
        trace: _Trace,
    ) -> _Hits:
        weights = self._weights
        rows = None if documents is None else index.keys.rows_of(documents)
        hits = _Hits(
            words=index.keys.search_words(words, weights.fields, weights.depth, documents),
            raw=index.keys.search_raw(vector, weights.depth, rows) if weights.raw else [],
            keys=index.keys.search_keys(vector, weights.depth, rows) if weights.keys else [],
        )
        trace.note(prefix + "words", hits.words)
        trace.note(prefix + "raw", hits.raw)
        trace.note(prefix + "keys", hits.keys)
        return hits

    def _documents(
        self, index: CollectionIndex, words: Sequence[str], allowed: Sequence[int] | None
    ) -> Scored:
        weights = self._weights
        if not weights.document_words:
            return []
        return index.keys.search_documents(words, weights.depth, allowed)

    def _fuse(
        self,
        index: CollectionIndex,
        words: Sequence[str],
        hits: Sequence[_Hits],
        documents: Scored,
        trace: _Trace,
    ) -> list[tuple[int, float]]:
        """Merge what the whole collection gave, first in `hits`, and its candidate documents.

        documents: (number, score by words). They lift their chunks that were found.
        """
        weights = self._weights
        highest = index.keys.highest_words_score(words, weights.fields)
        covered = [self._shares(one.words, highest) for one in hits]
        raw, keys = [one.raw for one in hits], [one.keys for one in hits]
        shares = dict(self._shares(documents, index.keys.highest_document_score(words)))
        lifted = [
            (row, shares[document])
            for row in trace.scores
            if (document := index.keys.document_of(row)) in shares
        ]
        trace.note("document_words", lifted)
        return fuse_scores(
            [
                ScoredRun(covered, weights.words),
                ScoredRun([lifted], weights.document_words),
                ScoredRun(raw, weights.raw, _worst(raw[0])),
                ScoredRun(keys, weights.keys, _worst(keys[0])),
            ]
        )

    def _shares(self, found: Scored, highest: float) -> Scored:
        if highest <= 0:
            return []  # All that held a word has been removed since it was found.
        return [
            (number, min(score / highest, 1.0) ** self._weights.sharpness)
            for number, score in found
        ]

    def _passages(
        self,
        index: CollectionIndex,
        fused: Sequence[tuple[int, float]],
        scores: Mapping[int, Mapping[str, float]],
        top_k: int,
    ) -> list[Passage]:
        # A few spare ones: a chunk may have been deleted since it was ranked.
        ranked = [
            (chunk_id, row, score)
            for row, score in fused[: top_k + 16]
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
        return passages[:top_k]


def _numbers(index: CollectionIndex, document_ids: frozenset[str] | None) -> list[int] | None:
    if document_ids is None:
        return None
    return [index.numbers[doc] for doc in document_ids if doc in index.numbers]


def _worst(found: Scored) -> float:
    return found[-1][1] if found else 0.0
