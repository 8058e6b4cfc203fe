"""What generation needs from a language model and from a reader."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.span_logits import SpanLogits


class Generator(Protocol):
    """A language model that continues one user turn."""

    @property
    def name(self) -> str:
        """Return the model's name as answers and logs show it."""
        ...

    @property
    def is_up(self) -> bool:
        """Tell whether the model answers, as far as its last replies show."""
        ...

    def stream(self, prompt: str, *, max_tokens: int) -> Iterator[str]:
        """Yield pieces of the reply as they come; closing the iterator stops the model.

        Raises GeneratorUnavailable when no (more) text can be had.
        """
        ...

    def count_tokens(self, text: str) -> int:
        """Return the length of a text in the model's own tokens (or a safe upper estimate)."""
        ...

    def close(self) -> None:
        """Free what the model holds; nothing is asked of it afterwards."""
        ...


class EvidenceReader(Protocol):
    """A model that says where in a passage an answer may stand."""

    def read(self, question: str, passages: Sequence[str]) -> Sequence[SpanLogits]:
        """Return what stands where, one entry per passage."""
        ...


class SentenceEmbedder(Protocol):
    """A model that turns sentences into vectors whose nearness is likeness in meaning."""

    @property
    def dimension(self) -> int:
        """Return the length of a vector."""
        ...

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row per text, (n, dimension)."""
        ...
