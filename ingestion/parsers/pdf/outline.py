"""The outline (bookmarks) of a PDF, by PDFium, which has the file open already."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import pypdfium2 as pdfium

# It reports outlines that run in a circle or too deep, which are read as far as they make sense.
logging.getLogger("pypdfium2").setLevel(logging.ERROR)

_DEEPEST = 6
_MOST_ENTRIES = 5000
_BETWEEN_WORDS = re.compile(r"[\s\u3000.·．…]+")


@dataclass(frozen=True, slots=True)
class Outline:
    """levels: of each heading, from 1, by (page from 1, the words without spaces)."""

    levels: dict[tuple[int, str], int]

    def level_at(self, page: int, text: str) -> int:
        """Return the level of a heading that stands on a page, 0 where the outline has none."""
        return self.levels.get((page, outline_key(text)), 0) if self.levels else 0


def read_outline(document: pdfium.PdfDocument) -> Outline:
    """Return the bookmarks of an open file; of a damaged one what can be read."""
    return Outline(dict(_levels(document)))


@lru_cache(1024)  # each row is asked about with the one above it and the one below
def outline_key(text: str) -> str:
    """Return the words by which an outline's entry and a line on the page are the same."""
    return _BETWEEN_WORDS.sub("", text).casefold()


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
