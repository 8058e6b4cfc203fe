"""What ingestion needs from the layer below, as it sees it."""

from collections.abc import Callable, Sequence
from typing import Protocol

from ingestion.records import (
    Chunk,
    Document,
    ParseOptions,
    Pixels,
    Recognition,
    Scores,
    Vectors,
    WrittenKeys,
)


class PassageEmbedder(Protocol):
    """Turns passages into unit vectors and knows the encoder's own token counts."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per text, (n, d)."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the encoder's token count of each text, special tokens left out."""
        ...


class CoherenceScorer(Protocol):
    """Tells how well texts follow each other."""

    def score_pairs(self, pairs: Sequence[tuple[str, str]]) -> Scores:
        """Return the probability that each pair's second text follows its first, (pairs,)."""
        ...


class KeyWriter(Protocol):
    """Words key information of chunks: a language model. Asked from several threads at once."""

    def write(self, document: Document, chunk: Chunk, is_over: Callable[[], bool]) -> WrittenKeys:
        """Return what can be said of a chunk, in the document's language.

        is_over: asked again and again; once it says so, nothing is waited for any longer. Raises
        KeysNotWritten.
        """
        ...


class Parser(Protocol):
    """Reads the bytes of one kind of file."""

    def __call__(self, content: bytes, name: str) -> Document:
        """Return the document. Raises IngestionError."""
        ...


Advance = Callable[[float], None]
"""Called by a parser, page by page, with the share of the file it has read, 0 to 1."""


class PagedParser(Protocol):
    """Reads files that may be locked or take long: PDF, scans, images."""

    def __call__(
        self, content: bytes, name: str, options: ParseOptions, advance: Advance
    ) -> Document:
        """Return the document. Raises IngestionError."""
        ...


Recognise = Callable[[Pixels], Recognition]
"""Reads the text in one image."""


class Progress(Protocol):
    """Hears how far a job is."""

    def __call__(self, stage: str, share: float, characters: int = 0, /) -> None:
        """Note the stage and the share of the whole job done, 0 to 1.

        characters: length of the document's text, once it is known. What it raises ends the work.
        """
        ...
