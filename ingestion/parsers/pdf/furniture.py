"""Running headers, running footers and page numbers: what a page repeats and a reader skips."""

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from ingestion.parsers.pdf.layout import Row

_MARGIN = 0.11
"""Share of a page's height, at its top and at its foot, in which furniture is looked for."""
_FEWEST = 3
_PAGE_NUMBER = re.compile(
    r"[-–—~·\s]*(?:"
    r"第\s*[0-9一二三四五六七八九十百]+\s*页(?:\s*[,，/]?\s*共\s*[0-9一二三四五六七八九十百]+\s*页)?"
    r"|(?:page\s*)?\d{1,4}\s*(?:(?:of|/)\s*\d{1,4})?"
    r"|[a-z]?\d{1,3}[-–—]\d{1,4}|[ivxlc]{1,6}"
    r")[-–—~·\s]*",
    re.I,
)


def drop_furniture(pages: Sequence[Sequence[Row]], heights: Sequence[float]) -> list[list[Row]]:
    """Return the pages' rows without running headers, footers and page numbers.

    A row in the top or bottom margin goes if it is a page number, or if what it says (digits
    aside) stands at the same height on three pages or more (two, in a document of up to three).
    A bare number under the text goes
    where it counts the pages. heights: in points, one a page.
    """
    seen: Counter[tuple[str, int]] = Counter()
    for rows, height in zip(pages, heights, strict=True):
        seen.update({_key(row) for row in rows if _in_margin(row, height)})
    common = _spread(seen, _fewest(pages))
    counted = _counted(pages)
    return [
        [
            row
            for row in rows
            if row not in counted and not (_in_margin(row, height) and _is_furniture(row, common))
        ]
        for rows, height in zip(pages, heights, strict=True)
    ]


def _counted(pages: Sequence[Sequence[Row]]) -> frozenset[Row]:
    """Return the page numbers that stand right under the text, wherever a page's text ends.

    Such a row is the lowest of its page, a bare number, and as far from the page's own number
    as those of other pages.
    """
    lowest = [min(rows, key=lambda row: row.baseline) for rows in pages if rows]
    numbers = [row for row in lowest if row.text.isdecimal() and len(row.text) <= 4]
    shifts = Counter(int(row.text) - row.page for row in numbers)
    return frozenset(row for row in numbers if shifts[int(row.text) - row.page] >= _FEWEST)


def _in_margin(row: Row, height: float) -> bool:
    return row.baseline < _MARGIN * height or row.baseline > (1 - _MARGIN) * height


def _key(row: Row) -> tuple[str, int]:
    return re.sub(r"\d+", "#", re.sub(r"\s+", "", row.text)), round(row.baseline / 3)


def _fewest(pages: Sequence[Sequence[Row]]) -> int:
    """Return how often a row must come to be furniture: twice is enough in a short document.

    Unless its pages are copies of each other, where everything comes twice.
    """
    filled = [{row.text for row in rows} for rows in pages if rows]
    if len(filled) > _FEWEST:
        return _FEWEST
    copies = any(
        2 * len(one & other) > min(len(one), len(other))
        for one, other in itertools.combinations(filled, 2)
    )
    return _FEWEST if copies else 2


def _spread(seen: Counter[tuple[str, int]], fewest: int) -> set[tuple[str, int]]:
    """Return the keys seen often enough, those a hair higher or lower counted with them."""
    by_text: dict[str, list[int]] = defaultdict(list)
    for text, height in seen:
        by_text[text].append(height)
    return {
        (text, height)
        for text, heights in by_text.items()
        for height in heights
        if sum(seen[text, near] for near in (height - 1, height, height + 1)) >= fewest
    }


def _is_furniture(row: Row, common: set[tuple[str, int]]) -> bool:
    return _key(row) in common or _PAGE_NUMBER.fullmatch(row.text) is not None
