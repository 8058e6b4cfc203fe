"""The chunkers that are compared: the service's own with each strategy, and what others do."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingestion.chunks import Boundaries, Judge, Unit
from ingestion.coherence import judge_by_coherence, judge_by_coherence_alone
from ingestion.cutting import cut_greedily
from ingestion.ports import CoherenceScorer, PassageEmbedder
from ingestion.records import Chunk, Document, Scores, Vectors
from ingestion.sections import split_sections
from ingestion.sentences import split_sentences
from ingestion.strategies import Chunking, choose_chunking


@dataclass(frozen=True, slots=True)
class Chunker:
    """One way to cut a document, with its parameters. family: what it is compared as."""

    family: str
    name: str
    chunking: Chunking

    def chunks(self, document: Document, embedder: PassageEmbedder) -> list[Chunk]:
        """Return the document's chunks."""
        sections = split_sections(document)
        sentences = [split_sentences(document, section) for section in sections]
        return self.chunking.chunks(document, sections, sentences, embedder.count_tokens)


def chunkers(
    embedder: PassageEmbedder, scorer: CoherenceScorer, limits: Sequence[int]
) -> list[Chunker]:
    """Return every family with a grid of its parameters, for each limit in tokens."""
    alone = judge_by_coherence_alone(scorer)
    similarity = similarity_ranks(embedder)
    found: list[Chunker] = []
    for limit in limits:
        found += [
            Chunker("fixed", f"fixed {limit}", choose_chunking("fixed", limit)),
            Chunker("recursive", f"recursive {limit}", choose_chunking("recursive", limit)),
            Chunker("structure", f"structure {limit}", choose_chunking("structure", limit)),
        ]
        for threshold in (0.05, 0.1, 0.15, 0.2):
            name = f"embedding {threshold} {limit}"
            cut = cut_greedily(threshold)
            found.append(Chunker("embedding", name, Chunking(limit, similarity, cut)))
        for threshold in (0.1, 0.2, 0.35, 0.5):
            name = f"greedy nsp {threshold} {limit}"
            cut = cut_greedily(threshold)
            found.append(Chunker("greedy nsp", name, Chunking(limit, alone, cut)))
        for weight in (1.0, 2.0, 4.0):
            for odds in (0.2, 0.35, 0.5):
                name = f"nsp {weight} {odds} {limit}"
                judge = judge_by_coherence(scorer, weight=weight, even_odds=odds)
                found.append(Chunker("nsp", name, Chunking(limit, judge)))
    return found


def similarity_ranks(embedder: PassageEmbedder) -> Judge:
    """Return a judge by how similar the embeddings beside a boundary are: the share less similar.

    Cutting below 0.05 cuts at the 5 % largest drops, as breakpoints by percentile do. Each side is
    a sentence with its neighbour (a buffer of one).
    """

    def judge(document: Document, units: Sequence[Unit]) -> Boundaries:
        if len(units) < 2:
            return Boundaries([], [])
        ends = [*units[1:], units[-1]]
        pairs = [document.text[a.start : b.end] for a, b in zip(units, ends, strict=True)]
        first = document.text[units[0].start : units[0].end]
        vectors = embedder.embed_passages([first, *pairs])
        # Row i is what ends before boundary i; row i + 2 is what begins after it.
        similar = np.sum(vectors[: len(units) - 1] * vectors[2:], axis=1)
        ranks: Scores = similar.argsort().argsort() / max(len(similar), 1)
        return Boundaries([float(rank) for rank in ranks], [None] * len(ranks))

    return judge


class RememberedScorer:
    """A scorer that scores no pair twice."""

    def __init__(self, scorer: CoherenceScorer) -> None:
        self._scorer = scorer
        self._known: dict[tuple[str, str], float] = {}

    def score_pairs(self, pairs: Sequence[tuple[str, str]]) -> Scores:
        """Return what the scorer returns."""
        new = [pair for pair in dict.fromkeys(pairs) if pair not in self._known]
        self._known.update(zip(new, map(float, self._scorer.score_pairs(new)), strict=True))
        return np.array([self._known[pair] for pair in pairs], dtype=np.float32)


class RememberedEmbedder:
    """An embedder that embeds no text twice."""

    def __init__(self, embedder: PassageEmbedder) -> None:
        self._embedder = embedder
        self._known: dict[str, Vectors] = {}
        self._counts: dict[str, int] = {}

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return what the embedder returns."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._embedder.embed_passages(new), strict=True))
        return np.stack([self._known[text] for text in texts])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return what the embedder returns."""
        new = [text for text in dict.fromkeys(texts) if text not in self._counts]
        if new:
            self._counts.update(zip(new, self._embedder.count_tokens(new), strict=True))
        return [self._counts[text] for text in texts]
