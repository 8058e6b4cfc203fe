"""Vectors of the texts embedded last: what looks at one sentence in turn embeds it once."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.dense import Vectors

KEPT = 256
_LONGEST = 4_000  # characters of a text that is kept


class QueryEmbedder(Protocol):
    """Turns sentences into vectors."""

    @property
    def name(self) -> str:
        """Return the model's name."""
        ...

    @property
    def dimension(self) -> int:
        """Return the length of a vector."""
        ...

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per text."""
        ...


class RecentVectors:
    """An embedder that remembers single texts. Safe to share between threads."""

    def __init__(self, embedder: QueryEmbedder, *, kept: int = KEPT) -> None:
        """kept: how many vectors are remembered."""
        self._embedder = embedder
        self._kept = kept
        self._rows: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()
        self.name = embedder.name
        self.dimension = embedder.dimension

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per text. Raises as the embedder, which remembers nothing."""
        if len(texts) != 1 or len(texts[0]) > _LONGEST:
            return self._embedder.embed_queries(texts)
        with self._lock:
            known = self._rows.get(texts[0])
            if known is not None:
                self._rows.move_to_end(texts[0])
                return known.reshape(1, -1).copy()
        made = self._embedder.embed_queries(texts)
        if np.isfinite(made).all():
            with self._lock:
                self._rows[texts[0]] = np.array(made[0], dtype=np.float32)
                while len(self._rows) > self._kept:
                    self._rows.popitem(last=False)
        return made
