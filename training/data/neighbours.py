"""Find with an encoder what lies near a question: what a search would show without being right."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from ingestion.records import Vectors
from training.data.ranking import Neighbours

_TOGETHER = 1024


class TextEmbedder(Protocol):
    """Turns questions and passages into unit vectors."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per question, (n, d)."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per passage, (n, d)."""
        ...


def nearest_by(embedder: TextEmbedder, report: Callable[[str], None]) -> Neighbours:
    """Return a search by cosine that embeds all passages for each call. O(passages · questions)."""

    def nearest(passages: Sequence[str], questions: Sequence[str], k: int) -> list[list[int]]:
        rows = []
        for start in range(0, len(passages), _TOGETHER):
            report(f"embedding passages {start}/{len(passages)}")
            rows.append(embedder.embed_passages(passages[start : start + _TOGETHER]))
        vectors, asked = np.concatenate(rows), embedder.embed_queries(questions)
        # Question by question: all cosines of a large corpus at once would not fit in memory.
        return [np.argsort(-(vectors @ one))[:k].tolist() for one in asked]

    return nearest
