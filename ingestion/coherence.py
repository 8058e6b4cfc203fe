"""What it costs to end a chunk at each boundary, from how well the text goes on there.

A scorer gives every boundary the probability that what stands after it follows what stands before
it (next-sentence prediction); all boundaries of a document are scored in one pass.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from ingestion.chunks import Boundaries, Judge, Unit, structural_costs
from ingestion.ports import CoherenceScorer
from ingestion.records import BlockKind, Chunk, Document
from ingestion.store.stored import StoredChunk

_Chunk = TypeVar("_Chunk", Chunk, StoredChunk)

_WEIGHT = 2.0
_EVEN_ODDS = 0.5
_ROUND = 2  # units on either side that are read at a boundary
_WHOLE = (BlockKind.TABLE, BlockKind.CODE)


def judge_by_coherence(
    scorer: CoherenceScorer, *, weight: float = _WEIGHT, even_odds: float = _EVEN_ODDS
) -> Judge:
    """Return a judge by layout and coherence together.

    weight: cost of a boundary across which the text goes on for certain, where a paragraph's end
    costs 0.1 by its layout. even_odds: the probability at which a boundary is worth as much as it
    costs; a chunk ends at one far below it even when it has room.
    """

    def judge(document: Document, units: Sequence[Unit]) -> Boundaries:
        layout = structural_costs(document, units)
        coherent = boundary_coherence(scorer, document, units)
        costs = [
            wish + (0.0 if value is None else weight * (value - even_odds))
            for wish, value in zip(layout, coherent, strict=True)
        ]
        return Boundaries(costs, coherent)

    return judge


def judge_by_coherence_alone(scorer: CoherenceScorer) -> Judge:
    """Return a judge whose costs are the probabilities themselves, 1 where nothing is scored."""

    def judge(document: Document, units: Sequence[Unit]) -> Boundaries:
        coherent = boundary_coherence(scorer, document, units)
        return Boundaries([1.0 if value is None else value for value in coherent], coherent)

    return judge


def with_borders_scored(scorer: CoherenceScorer, chunks: Sequence[_Chunk]) -> list[_Chunk]:
    """Return chunks that follow each other, the borders scored that nobody asked about before."""
    missing = [at for at in range(1, len(chunks)) if chunks[at].coherence is None]
    pairs = [(chunks[at - 1].text, chunks[at].text) for at in missing]
    scores = scorer.score_pairs(pairs) if pairs else ()
    scored = list(chunks)
    for at, score in zip(missing, scores, strict=True):
        scored[at] = replace(chunks[at], coherence=float(score))
    return scored


def boundary_coherence(
    scorer: CoherenceScorer, document: Document, units: Sequence[Unit]
) -> list[float | None]:
    """Return, 0 to 1, how surely the text goes on at each of the n - 1 boundaries of n units.

    None where there is nothing to score: beside a heading, and between the rows of a table or the
    lines of code, which are no sentences.
    """
    scored = [at for at in range(1, len(units)) if _is_prose(units, at)]
    pairs = [
        (
            document.text[_first(units, at) : units[at - 1].end],
            document.text[units[at].start : _last(units, at)],
        )
        for at in scored
    ]
    found = dict(zip(scored, map(float, scorer.score_pairs(pairs)), strict=True))
    return [found.get(at) for at in range(1, len(units))]


def _is_prose(units: Sequence[Unit], at: int) -> bool:
    before, after = units[at - 1], units[at]
    if before.heading or after.heading:
        return False
    return not (before.block.kind in _WHOLE and after.block.start == before.block.start)


def _first(units: Sequence[Unit], at: int) -> int:
    """Return where what is read before a boundary begins, in the same section."""
    begin = at - 1
    while begin > max(at - _ROUND, 0) and _reads_on(units[begin - 1], units[at - 1]):
        begin -= 1
    return units[begin].start


def _last(units: Sequence[Unit], at: int) -> int:
    end = at
    while end + 1 < min(at + _ROUND, len(units)) and _reads_on(units[end + 1], units[at]):
        end += 1
    return units[end].end


def _reads_on(unit: Unit, beside: Unit) -> bool:
    return unit.section == beside.section and not unit.heading and unit.block.kind not in _WHOLE
