"""How surely a text goes on at the borders of its chunks, for those that ingestion did not score.

Only the strategies by next-sentence prediction ask that of their borders when they cut; scoring all
others too would cost up to half of embedding, and few are ever looked at.
"""

import threading
from collections.abc import Callable

from ingestion.coherence import with_borders_scored
from ingestion.ports import CoherenceScorer
from ingestion.store.catalog import Catalog
from ingestion.store.stored import StoredChunk


class BorderScores:
    """Pages of chunks with every border scored. Safe to call from several threads."""

    def __init__(self, catalog: Catalog, load: Callable[[], CoherenceScorer | None]) -> None:
        """load: returns the scorer, or None where there is none; called once, when it is needed."""
        self._catalog = catalog
        self._load = load
        self._lock = threading.Lock()
        self._scorer: CoherenceScorer | None = None
        self._is_loaded = False

    def page(self, document_id: str, offset: int, limit: int) -> tuple[list[StoredChunk], int]:
        """Return a page of a document's chunks in order, and how many there are."""
        before = min(offset, 1)
        chunks, total = self._catalog.chunks(document_id, offset - before, limit + before)
        return self._scored(chunks)[before:], total

    def _scored(self, chunks: list[StoredChunk]) -> list[StoredChunk]:
        is_whole = all(chunk.coherence is not None for chunk in chunks[1:])
        scorer = None if is_whole else self._loaded()
        return chunks if scorer is None else with_borders_scored(scorer, chunks)

    def _loaded(self) -> CoherenceScorer | None:
        with self._lock:
            if not self._is_loaded:
                self._scorer, self._is_loaded = self._load(), True
        return self._scorer
