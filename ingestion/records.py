"""What passes between the stages of ingestion. Every span is half-open, in code points."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]  # (n, d), unit rows
Scores = NDArray[np.float32]  # (n,)
Pixels = NDArray[np.uint8]  # (height, width, 3): blue, green, red
Language = Literal["zh", "en"]


class BlockKind(StrEnum):
    """What a block of a document is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE = "table"
    CODE = "code"
    CAPTION = "caption"
    FOOTNOTE = "footnote"


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """A rectangle on a page, in points from the page's lower left corner."""

    left: float
    bottom: float
    right: float
    top: float


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, table or other piece of a document: `Document.text[start:end]`.

    page: from 1, or None where the format has no pages. level: 1 (highest) to 6 for headings,
    0 for everything else. box: where it stands on its page, as far as it begins there: a block
    may go on in the next column or on the next page.
    """

    kind: BlockKind
    start: int
    end: int
    page: int | None
    level: int
    box: BoundingBox | None


@dataclass(frozen=True, slots=True)
class ParseOptions:
    """What a parser is told besides a file's bytes and name.

    password: opens a locked document; empty: none. ocr: read the text in scans and images.
    ocr_pages: most pages of one document, or pictures in an Office file, that are read so.
    stopped_at: the shares of a PDF, 0 to 1, after which reading it came to a bad end before: the
    page that comes next is left out, and from the `MOST_STOPS`-th on all that come.
    """

    password: str = field(default="", repr=False)
    ocr: bool = True
    ocr_pages: int = 500
    stopped_at: tuple[float, ...] = ()


MOST_STOPS = 4
"""What stops the parser at more pages than this is read up to there."""
PLAIN = ParseOptions()
"""Nothing asked for."""


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document. Blocks are in order, do not overlap, and are separated by line breaks.

    warnings: what a reader should know, as short sentences (a page without text, bytes that did
    not decode).
    """

    title: str
    text: str
    blocks: tuple[Block, ...]
    language: Language
    media_type: str
    page_count: int | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecognisedLine:
    """A line of text in an image. confidence: 0 to 1. Its box in pixels from the upper left corner.

    upright: False for text that runs up or down.
    """

    text: str
    confidence: float
    left: float
    top: float
    right: float
    bottom: float
    upright: bool = True


@dataclass(frozen=True, slots=True)
class Recognition:
    """What was read in an image: lines on an upright, level page of width by height pixels.

    The image becomes that page by `turns` quarters to the left, then by `angle` radians to the
    left about its middle.
    """

    lines: tuple[RecognisedLine, ...]
    width: int
    height: int
    turns: int = 0
    angle: float = 0.0


@dataclass(frozen=True, slots=True)
class Section:
    """A run of blocks under one heading. `path` is the heading with its ancestors, outermost first.

    The heading's own block is the first of `blocks`.
    """

    path: tuple[str, ...]
    start: int
    end: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence (or table row, or code line group) of a section."""

    start: int
    end: int
    page: int | None


@dataclass(frozen=True, slots=True)
class Chunk:
    """The indexed unit: `text` is `Document.text[start:end]`; `page` is where it starts.

    heading_path: outermost first; of a chunk that begins inside a table, the table's first row too.
    coherence: the probability that it goes on from the chunk before; None: nobody asked.
    """

    ordinal: int
    start: int
    end: int
    page: int | None
    heading_path: tuple[str, ...]
    text: str
    coherence: float | None = None


class KeyKind(StrEnum):
    """What a level-1 entry says about its chunk."""

    HEADING = "heading"
    KEYPHRASE = "keyphrase"
    ENTITY = "entity"
    SUMMARY = "summary"
    ABSTRACT = "abstract"
    QUESTION = "question"


WRITTEN_KINDS = frozenset((KeyKind.ABSTRACT, KeyKind.QUESTION))
"""Kinds that a generator words: what it says the chunk is about, and questions it answers."""


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One piece of key information of a chunk, with the span of the document it was read from.

    `text` is `Document.text[start:end]`, but of `WRITTEN_KINDS`: their words stand nowhere, and the
    span is what they are about: of a question the sentence that seems to answer it, or the whole
    chunk, of an abstract the whole chunk. Headings may lie outside the chunk, so their span is that
    of the heading's own words; every other span is inside.
    """

    kind: KeyKind
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class WrittenKeys:
    """What a generator says of a chunk, each on one line; nothing of it has been checked.

    abstract: what the chunk says, in few words. questions: that it answers. keyphrases: of it.
    """

    abstract: str
    questions: tuple[str, ...]
    keyphrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk with its level-1 entries and both vectors, ready for the catalog."""

    chunk: Chunk
    keys: tuple[KeyEntry, ...]
    key_text: str
    raw_vector: NDArray[np.float32]
    key_vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """What the document-level index holds: an extractive summary, keyphrases, one vector."""

    text: str
    keyphrases: tuple[str, ...]
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class IngestedDocument:
    """All that ingestion makes of one file: the unit of one catalog transaction."""

    document: Document
    summary: DocumentSummary
    chunks: tuple[IndexedChunk, ...]
