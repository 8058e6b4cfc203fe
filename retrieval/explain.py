"""Where in a search an expected chunk was lost, by the very search that answers questions.

The search is run twice: as it is, and with lists that go down to the last row, which tells the rank
of what the first run did not get to see.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from retrieval.collection_index import CollectionIndex
from retrieval.fusion_weights import FusionWeights
from retrieval.records import SearchRequest
from retrieval.search import Searcher, SearchRun
from retrieval.stages import stage_scores

Stage = Literal[
    "summary_filter", "words", "raw", "keys", "document_words", "fusion", "rerank", "result"
]
Loss = Literal["filters", "summary_filter", "first_stage", "fusion", "rerank", "budget"]
_LISTS: tuple[Stage, ...] = ("words", "raw", "keys", "document_words")
_AMONG_CANDIDATES = "candidates."


@dataclass(frozen=True, slots=True)
class StageRank:
    """What a stage made of the expected chunk (of its document, where the stage ranks these).

    rank: from 1; None: it has no score there. limit: how many the stage hands on; None: no fixed
    number. passed: whether it was among them.
    """

    stage: Stage
    rank: int | None
    score: float | None
    limit: int | None
    passed: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """The way of one chunk through a search.

    rank: in the result; None: it is not in it. lost_at: the stage that left it out; None where it
    reached what an answer is made from.
    """

    chunk_id: str
    document_id: str
    title: str
    stages: tuple[StageRank, ...]
    rank: int | None
    lost_at: Loss | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What a search should have found: one of a chunk and any chunk of a document."""

    chunk_id: str | None = None
    document_id: str | None = None


class NotIndexed(LookupError):
    """The expected chunk or document is not in this collection's indexes."""


def explain(
    searcher: Searcher, request: SearchRequest, expected: Expected, *, passages_read: int
) -> Explanation:
    """Return the way of a chunk, or of a document's best chunk, through a search.

    passages_read: as many of the result as an answer is made from. Raises NotIndexed. O(rows of
    the collection).
    """
    found = searcher.run(request)
    if found is None:
        raise NotIndexed
    everything = replace(request, document_ids=None, top_k=1)
    deep = searcher.run(everything, _down_to_the_last(found))
    if deep is None:
        raise NotIndexed
    row = _expected_row(found.index, deep, expected)
    number = found.index.keys.document_of(row)
    chunk = found.index.keys.chunk_id(row)
    if number is None or chunk is None:
        raise NotIndexed
    document = found.index.documents[number]
    stages = (
        _summary_rank(found, deep, number),
        *(_list_rank(stage, found, deep, row) for stage in _LISTS),
        _fusion_rank(found, deep, row, chunk),
        *_reread(found, chunk),
    )
    ids = [passage.chunk_id for passage in found.result.passages]
    rank = ids.index(chunk) + 1 if chunk in ids else None
    filtered = request.document_ids is not None and document not in request.document_ids
    lost_at = "filters" if filtered else _loss(stages, rank, passages_read)
    title = searcher.titles([document]).get(document, "")
    return Explanation(chunk, document, title, stages, rank, lost_at)


def _down_to_the_last(run: SearchRun) -> FusionWeights:
    """Return weights of a search that ranks all but one document and every row, once."""
    documents = max(len(run.index.numbers) - 1, 1)
    rows = max(len(run.index.keys), 1)
    return replace(run.weights, depth=rows, candidate_documents=documents, rerank=0.0)


def _expected_row(index: CollectionIndex, deep: SearchRun, expected: Expected) -> int:
    """Return the row of the chunk, or of the document's chunk that the search likes best."""
    if expected.chunk_id is not None:
        row = index.keys.row_of(expected.chunk_id)
        if row is None:
            raise NotIndexed
        return row
    number = index.numbers.get(expected.document_id or "")
    rows = [] if number is None else index.keys.rows_of([number])
    if not rows:
        raise NotIndexed
    own = set(rows)
    return next((row for row, _ in deep.fused if row in own), rows[0])


def _summary_rank(run: SearchRun, deep: SearchRun, number: int) -> StageRank:
    if run.hits.candidates is None:
        return StageRank("summary_filter", None, None, None, passed=True)
    chosen = [document for document, _ in run.hits.candidates]
    rank, score = _place(run.hits.candidates, number)
    if rank is None:
        rank, score = _place(deep.hits.candidates or [], number)
    return StageRank("summary_filter", rank, score, len(chosen), number in chosen)


def _list_rank(stage: Stage, run: SearchRun, deep: SearchRun, row: int) -> StageRank:
    """Return the rank in one list of the whole collection; candidates may have found it too."""
    own = stage_scores(run.hits, run.weights).get(row, {})
    passed = stage in own or _AMONG_CANDIDATES + stage in own
    every = stage_scores(deep.hits, deep.weights)
    ranked = sorted(
        ((other, scores[stage]) for other, scores in every.items() if stage in scores),
        key=lambda pair: -pair[1],
    )
    rank, score = _place(ranked, row)
    return StageRank(stage, rank, score, None, passed)


def _fusion_rank(run: SearchRun, deep: SearchRun, row: int, chunk: str) -> StageRank:
    rank, score = _place(run.fused, row)
    if rank is None:
        rank, score = _place(deep.fused, row)
    passed = any(passage.chunk_id == chunk for passage in run.ranked)
    return StageRank("fusion", rank, score, len(run.ranked), passed)


def _reread(run: SearchRun, chunk: str) -> tuple[StageRank, ...]:
    """Return the rank after reranking and in the result; nothing where nothing was reranked."""
    ids = [passage.chunk_id for passage in run.ranked]
    rank = ids.index(chunk) + 1 if chunk in ids else None
    shown = len(run.result.passages)
    in_result = rank is not None and rank <= shown
    score = None if rank is None else run.ranked[rank - 1].score
    last = StageRank("result", rank if in_result else None, score, shown, in_result)
    if "rerank" not in run.result.timings_ms:
        return (last,)
    logit = None if rank is None else run.ranked[rank - 1].scores.get("rerank")
    return StageRank("rerank", rank, logit, shown, in_result), last


def _loss(stages: Sequence[StageRank], rank: int | None, passages_read: int) -> Loss | None:
    by_name = {stage.stage: stage for stage in stages}
    if rank is not None:
        return None if rank <= passages_read else "budget"
    if by_name["fusion"].passed:
        return "rerank"
    if any(by_name[name].passed for name in _LISTS):
        return "fusion"
    return "first_stage" if by_name["summary_filter"].passed else "summary_filter"


def _place(ranked: Sequence[tuple[int, float]], wanted: int) -> tuple[int | None, float | None]:
    for rank, (item, score) in enumerate(ranked, start=1):
        if item == wanted:
            return rank, score
    return None, None
