"""The ways to cut a document into chunks, by name, with what each of them needs."""

from dataclasses import dataclass
from typing import Literal

from ingestion.chunks import BoundaryCosts, structural_costs
from ingestion.coherence import coherence_alone, coherence_costs
from ingestion.cutting import (
    Cut,
    cut_at_least_cost,
    cut_greedily,
    cut_recursively,
    cut_when_full,
)
from ingestion.ports import CoherenceScorer

Strategy = Literal["structure", "nsp", "greedy_nsp", "recursive", "fixed"]
"""How chunks end. structure: for even sizes where the layout pauses. nsp: that, and where the text
does not go on by next-sentence prediction. greedy_nsp: sentence after sentence, where it does not
go on. recursive: whole paragraphs, as many as fit. fixed: when they are full. Headings are walls
and sentences are whole in all of them."""

NSP_STRATEGIES = frozenset(("nsp", "greedy_nsp"))
"""Those that need a next-sentence model."""
GREEDY_THRESHOLD = 0.35


@dataclass(frozen=True, slots=True)
class Chunking:
    """How a document is cut. limit: most tokens of a chunk, in the embedder's own.

    costs: of ending a chunk at each boundary. cut: chooses the boundaries. scorer: tells of every
    border that was chosen how well the text goes on there; None: nobody asks.
    """

    limit: int
    costs: BoundaryCosts = structural_costs
    cut: Cut = cut_at_least_cost
    scorer: CoherenceScorer | None = None


def choose_chunking(
    strategy: Strategy,
    limit: int,
    scorer: CoherenceScorer | None = None,
    *,
    threshold: float = GREEDY_THRESHOLD,
) -> Chunking:
    """Return the chunking of a strategy. threshold: probability below which `greedy_nsp` cuts.

    Raises ValueError if the strategy needs a scorer and there is none.
    """
    match strategy:
        case "structure":
            return Chunking(limit, scorer=scorer)
        case "recursive":
            return Chunking(limit, cut=cut_recursively, scorer=scorer)
        case "fixed":
            return Chunking(limit, cut=cut_when_full, scorer=scorer)
    if scorer is None:
        raise ValueError(f"chunking by {strategy} needs a next-sentence model")
    if strategy == "nsp":
        return Chunking(limit, coherence_costs(scorer), scorer=scorer)
    return Chunking(limit, coherence_alone(scorer), cut_greedily(threshold), scorer)
