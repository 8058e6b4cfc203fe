"""What the stages of one search find, and how that is fused: enough to fuse again elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.collection_index import CollectionIndex
from retrieval.fusion import ScoredRun, WeightedRun, fuse_rrf, fuse_scores
from retrieval.fusion_weights import FusionWeights
from retrieval.key_index import KeyIndex, Scored
from retrieval.wordings import Highest, Wording, find_wordings, highest_of


@dataclass(frozen=True, slots=True)
class Query:
    """A question as the indexes take it: its terms, and its vector (d,).

    others: the terms of the question in other words.
    """

    words: Wording
    vector: NDArray[np.float32]
    others: Sequence[Wording]

    @property
    def all_words(self) -> Wording:
        """Return the terms of all wordings, each wording's as often as it has them."""
        return [term for wording in (self.words, *self.others) for term in wording]


@dataclass(frozen=True, slots=True)
class LevelHits:
    """What a search over some of the documents gave, (row, score), by kind of match."""

    words: Scored
    raw: Scored
    keys: Scored


@dataclass(frozen=True, slots=True)
class StageHits:
    """What all stages before fusion gave.

    candidates: (document, score) that the summaries chose; None: there was nothing to narrow.
    everywhere, among: the chunks of all documents, and of the candidates. documents: (document,
    score) by words. highest_words, highest_document: what those scores can be at most.
    document_of: the document of every row found that is still there.
    """

    candidates: Scored | None
    everywhere: LevelHits
    among: LevelHits | None
    documents: Scored
    highest_words: float
    highest_document: float
    document_of: Mapping[int, int]

    @property
    def levels(self) -> list[LevelHits]:
        """Return the lists of chunks, of all documents first."""
        return [self.everywhere] if self.among is None else [self.everywhere, self.among]


def find_level(
    index: CollectionIndex, query: Query, weights: FusionWeights, documents: Sequence[int] | None
) -> LevelHits:
    """Search the chunks of some documents (None: all) by words and by meaning."""
    rows = None if documents is None else index.keys.rows_of(documents)
    keys, depth = index.keys, weights.depth
    return LevelHits(
        words=find_wordings(
            query.words,
            query.others,
            depth,
            lambda words: keys.search_words(words, weights.fields, depth, documents),
            _highest_words(keys, weights),
        ),
        raw=keys.search_raw(query.vector, depth, rows) if weights.raw else [],
        keys=keys.search_keys(query.vector, depth, rows) if weights.keys else [],
    )


def find_documents(
    index: CollectionIndex, query: Query, weights: FusionWeights, allowed: Sequence[int] | None
) -> Scored:
    """Search whole documents by words, unless these count for nothing."""
    if not weights.document_words:
        return []
    return find_wordings(
        query.words,
        query.others,
        weights.depth,
        lambda words: index.keys.search_documents(words, weights.depth, allowed),
        _highest_document(index.keys),
    )


def highest_scores(
    index: CollectionIndex, query: Query, weights: FusionWeights
) -> tuple[float, float]:
    """Return what a chunk, and a document, can score at most by words."""
    return (
        highest_of(query.words, query.others, _highest_words(index.keys, weights)),
        highest_of(query.words, query.others, _highest_document(index.keys)),
    )


def documents_of_rows(index: CollectionIndex, levels: Sequence[LevelHits]) -> dict[int, int]:
    """Return the document of each row found, in the order in which they were found."""
    rows = (row for one in levels for run in (one.words, one.raw, one.keys) for row, _ in run)
    found = ((row, index.keys.document_of(row)) for row in dict.fromkeys(rows))
    return {row: document for row, document in found if document is not None}


def fuse_stages(hits: StageHits, weights: FusionWeights) -> Scored:
    """Return the rows found, best first.

    Cosines count above the worst that the search of all documents gave. Documents found by their
    words lift those of their chunks that were found.
    """
    raw, keys = ([one.raw for one in hits.levels], [one.keys for one in hits.levels])
    shares = [_shares(one.words, hits.highest_words, weights.sharpness) for one in hits.levels]
    if weights.rrf_k:
        return _by_rank(shares, hits, weights)
    return fuse_scores(
        [
            ScoredRun(shares, weights.words),
            ScoredRun([lifted(hits, weights)], weights.document_words),
            ScoredRun(raw, weights.raw, _worst(raw[0])),
            ScoredRun(keys, weights.keys, _worst(keys[0])),
        ]
    )


def _by_rank(shares: Sequence[Scored], hits: StageHits, weights: FusionWeights) -> Scored:
    """Return the rows found by the ranks they have in the best of the lists of each kind."""
    kinds = [
        (shares, weights.words),
        ([lifted(hits, weights)], weights.document_words),
        ([one.raw for one in hits.levels], weights.raw),
        ([one.keys for one in hits.levels], weights.keys),
    ]
    runs = [
        WeightedRun([row for row, _ in fuse_scores([ScoredRun(lists, 1.0)])], weight)
        for lists, weight in kinds
    ]
    k = weights.rrf_k
    return [(row, score * (k + 1)) for row, score in fuse_rrf(runs, k=k)]


def lifted(hits: StageHits, weights: FusionWeights) -> Scored:
    """Return the rows found whose documents were found by words, each with its document's share."""
    shares = dict(_shares(hits.documents, hits.highest_document, weights.sharpness))
    return [
        (row, shares[document]) for row, document in hits.document_of.items() if document in shares
    ]


def stage_scores(hits: StageHits, weights: FusionWeights) -> dict[int, dict[str, float]]:
    """Return the score at every stage that found a row, by row and name of the stage."""
    found = [
        (prefix + name, run)
        for prefix, one in zip(("", "candidates."), hits.levels, strict=False)
        for name, run in (("words", one.words), ("raw", one.raw), ("keys", one.keys))
    ]
    scores: dict[int, dict[str, float]] = {}
    for name, run in [*found, ("document_words", lifted(hits, weights))]:
        for row, score in run:
            scores.setdefault(row, {})[name] = score
    return scores


def _shares(found: Scored, highest: float, sharpness: float) -> Scored:
    if highest <= 0:
        return []  # All that held a word has been removed since it was found.
    return [(number, min(score / highest, 1.0) ** sharpness) for number, score in found]


def _highest_words(keys: KeyIndex, weights: FusionWeights) -> Highest:
    return lambda words, unknown: keys.highest_words_score(words, weights.fields, unknown=unknown)


def _highest_document(keys: KeyIndex) -> Highest:
    return lambda words, unknown: keys.highest_document_score(words, unknown=unknown)


def _worst(found: Scored) -> float:
    return found[-1][1] if found else 0.0
