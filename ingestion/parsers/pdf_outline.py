"""The title and the outline (bookmarks) of a PDF, by pypdf."""

import io
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pypdf import PdfReader
from pypdf.errors import DependencyError, PyPdfError

# It reports every oddity of a damaged file that PDFium reads without a word.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)

_DEEPEST = 6
_MOST_ENTRIES = 5000
# Broken files make pypdf fail in the ways of the code it happens to be in.
_FAILURES = (
    PyPdfError,
    DependencyError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
# What a word processor writes when nobody gave the document a title.
_NO_TITLE = re.compile(
    r"untitled|\(?anonymous\)?$|无标题|microsoft word|document\d*$"
    r"|.*\.(?:docx?|indd|tex|dvi|pdf|pptx?|xlsx?|wps)$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Outline:
    """levels: of each heading, from 1, by (page from 1, the words without spaces)."""

    title: str | None = None
    levels: dict[tuple[int, str], int] = field(default_factory=dict)


def read_outline(content: bytes, password: str = "") -> Outline:
    """Return what the file says of itself; nothing where pypdf can't read that.

    password: opens a locked file.

    The text comes from PDFium, which opens much that pypdf does not, so failing here must not
    cost the document.
    """
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not (reader.decrypt("") or reader.decrypt(password)):
            return Outline()
        title = reader.metadata.title if reader.metadata else None
    except _FAILURES:
        return Outline()
    try:
        levels = dict(_levels(reader, reader.outline, 1))
    except _FAILURES:
        levels = {}
    return Outline(_usable(title), levels)


def outline_key(text: str) -> str:
    """Return the words by which an outline's entry and a line on the page are the same."""
    return re.sub(r"[\s\u3000.·．…]+", "", text).casefold()


def _usable(title: object) -> str | None:
    text = " ".join(title.split()) if isinstance(title, str) else ""
    worded = len(re.findall(r"[^\W\d_]", text)) > 1
    readable = worded and "\ufffd" not in text and not _NO_TITLE.match(text)
    return text if readable else None


def _levels(reader: PdfReader, entries: Any, level: int) -> Iterator[tuple[tuple[int, str], int]]:
    for entry in entries[:_MOST_ENTRIES]:
        if isinstance(entry, list):
            if level < _DEEPEST:
                yield from _levels(reader, entry, level + 1)
            continue
        page = reader.get_destination_page_number(entry)
        if page is not None and entry.title:
            yield (page + 1, outline_key(entry.title)), level
