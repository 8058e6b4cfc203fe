"""What further queries made of an expected chunk."""

from collections.abc import Sequence
from dataclasses import replace

from retrieval.explain import Explanation
from retrieval.records import Passage
from retrieval.refine.refined_search import RefinedRun


def merged(explanation: Explanation, run: RefinedRun) -> Explanation:
    """Return the explanation with its rank in the merged result; the same if nothing was merged.

    What the question alone lost and another query found is not lost. What the others pushed out is
    lost in fusion.
    """
    if not run.finds:
        return explanation
    rank = rank_of(explanation.chunk_id, run.result.passages)
    if rank is None and explanation.rank is not None:
        return replace(explanation, rank=None, lost_at="fusion")
    if rank is not None and explanation.rank is None:
        return replace(explanation, rank=rank, lost_at=None)
    return replace(explanation, rank=rank)


def rank_of(chunk_id: str, passages: Sequence[Passage]) -> int | None:
    """Return the rank of a chunk, from 1; None: it is not there."""
    ids = [passage.chunk_id for passage in passages]
    return ids.index(chunk_id) + 1 if chunk_id in ids else None
