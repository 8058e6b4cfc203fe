"""The ways to cut a document into chunks, by name, with what each of them needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ingestion.chunks import CountTokens, Judge, judge_by_layout, pack_chunks
from ingestion.coherence import judge_by_coherence, judge_by_coherence_alone
from ingestion.cutting import (
    Cut,
    cut_at_least_cost,
    cut_greedily,
    cut_recursively,
    cut_when_full,
)
from ingestion.ports import CoherenceScorer
from ingestion.records import Chunk, Document, Section, Sentence

ChunkingStrategy = Literal["structure", "nsp", "greedy_nsp", "recursive", "fixed"]
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

    judge: of all boundaries. cut: chooses those where chunks end.
    """

    limit: int
    judge: Judge = judge_by_layout
    cut: Cut = cut_at_least_cost

    def chunks(
        self,
        document: Document,
        sections: Sequence[Section],
        sentences: Sequence[Sequence[Sentence]],
        count_tokens: CountTokens,
    ) -> list[Chunk]:
        """Return the chunks of a document; see `pack_chunks`."""
        return pack_chunks(
            document,
            sections,
            sentences,
            count_tokens,
            limit=self.limit,
            judge=self.judge,
            cut=self.cut,
        )


def choose_chunking(
    strategy: ChunkingStrategy,
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
            return Chunking(limit)
        case "recursive":
            return Chunking(limit, cut=cut_recursively)
        case "fixed":
            return Chunking(limit, cut=cut_when_full)
    if scorer is None:
        raise ValueError(f"chunking by {strategy} needs a next-sentence model")
    if strategy == "nsp":
        return Chunking(limit, judge_by_coherence(scorer))
    return Chunking(limit, judge_by_coherence_alone(scorer), cut_greedily(threshold))
