"""The first stage of a search: summaries, both levels, by meaning and by words, fused by row."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from retrieval.collection_index import CollectionIndex
from retrieval.fusion import ScoredRun, fuse_scores
from retrieval.fusion_weights import FusionWeights
from retrieval.key_index import Scored
from retrieval.records import SearchRequest
from retrieval.search_trace import SearchTrace


class _Hits(NamedTuple):
    """What one search over some of the documents gave, by kind of match."""

    words: Scored
    raw: Scored
    keys: Scored


class FirstStage:
    """Ranks the rows of an index. Safe to call from several threads."""

    def __init__(self, weights: FusionWeights) -> None:
        self._weights = weights

    def rank(
        self,
        index: CollectionIndex,
        request: SearchRequest,
        words: Sequence[str],
        vector: NDArray[np.float32],
        trace: SearchTrace,
    ) -> list[tuple[int, float]]:
        """Return (row, score) of all that was found, best first. vector: (d,), of the question."""
        allowed = _numbers(index, request.document_ids)
        found = None
        if request.narrowed:
            with trace.stage("summary_filter"):
                found = index.summaries.candidates(
                    words, vector, self._weights.candidate_documents, allowed
                )
        # Globally, too: a bad summary must not hide a document.
        with trace.stage("global"):
            hits = [self._hits(index, words, vector, allowed, "", trace)]
            documents = self._documents(index, words, allowed)
        trace.candidates = found
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
        trace: SearchTrace,
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
        trace: SearchTrace,
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


def _numbers(index: CollectionIndex, document_ids: frozenset[str] | None) -> list[int] | None:
    if document_ids is None:
        return None
    return [index.numbers[doc] for doc in document_ids if doc in index.numbers]


def _worst(found: Scored) -> float:
    return found[-1][1] if found else 0.0
