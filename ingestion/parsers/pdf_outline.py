"""The title and the outline (bookmarks) of a PDF (PDFium)."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

import pypdfium2 as pdfium

# It reports outlines that run in a circle or too deep, which are read as far as they make sense.
logging.getLogger("pypdfium2").setLevel(logging.ERROR)

_DEEPEST = 6
_MOST_ENTRIES = 5000
_BETWEEN_WORDS = re.compile(r"[\s\u3000.·．…]+")
_LETTER = re.compile(r"[^\W\d_]")
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

    def level_at(self, page: int, text: str) -> int:
        """Return the level of a heading that stands on a page, 0 where the outline has none."""
        return self.levels.get((page, outline_key(text)), 0) if self.levels else 0


def read_outline(document: pdfium.PdfDocument) -> Outline:
    """Return what an open file says of itself; of a damaged one what can be read."""
    try:
        title = document.get_metadata_value("Title")
    except UnicodeDecodeError:
        title = ""
    return Outline(_usable(title), dict(_levels(document)))


@lru_cache(1024)  # each row is asked about with the one above it and the one below
def outline_key(text: str) -> str:
    """Return the words by which an outline's entry and a line on the page are the same."""
    return _BETWEEN_WORDS.sub("", text).casefold()


def _usable(title: str) -> str | None:
    text = " ".join(title.split())
    worded = len(_LETTER.findall(text)) > 1
    readable = worded and "\ufffd" not in text and not _NO_TITLE.match(text)
    return text if readable else None


def _levels(document: pdfium.PdfDocument) -> Iterator[tuple[tuple[int, str], int]]:
    for entry in islice(document.get_toc(max_depth=_DEEPEST), _MOST_ENTRIES):
        target = entry.get_dest()
        page = target.get_index() if target else None
        try:
            title = entry.get_title()
        except UnicodeDecodeError:
            continue
        if page is not None and title:
            yield (page + 1, outline_key(title)), entry.level + 1
