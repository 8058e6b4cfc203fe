"""Footnotes: small print at the foot of a column that opens with a mark."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from ingestion.parsers.pdf.layout import Row

_SMALLER = 0.93
"""Of the body text's size, at most, a footnote is set in."""
_MARK = re.compile(
    r"(?:[*∗†‡§¶]{1,3}|\d{1,3}|[①-⑳]|[(（]\d{1,2}[)）]|〔\d{1,3}〕|注\s*\d*\s*[：:])"
    r"\s*[^\W\d]"
)
_HIGHEST = 0.45


def part_footnotes(rows: Sequence[Row], body: float) -> tuple[list[Row], list[list[Row]]]:
    """Return the rows of the running text, and the rows of each footnote, in order.

    A footnote is set smaller than the body text, stands in the lower part of the page under
    everything of its column that is not, and opens with a mark. body: the text's size.
    """
    flow: list[Row] = []
    notes: list[list[Row]] = []
    for _, column in groupby(rows, key=lambda row: (row.page, row.column)):
        inside = list(column)
        at = _first_note(inside, body)
        flow += inside[:at]
        notes += _notes(inside[at:])
    return flow, notes


def _first_note(column: Sequence[Row], body: float) -> int:
    """Return where the footnotes of a column begin; its length where it has none."""
    small = len(column)
    while small and _is_small(column[small - 1], body):
        small -= 1
    top = column[0].box.top
    if not small:
        return len(column)
    for at in range(small, len(column)):
        row = column[at]
        low = row.box.top <= _HIGHEST * top
        if low and row.box.top < column[at - 1].baseline and _MARK.match(row.text):
            return at
    return len(column)


def _is_small(row: Row, body: float) -> bool:
    return row.column >= 0 and row.grid is None and row.size <= _SMALLER * body


def _notes(rows: Sequence[Row]) -> Iterator[list[Row]]:
    note: list[Row] = []
    for row in rows:
        if note and _MARK.match(row.text) and row.box.left <= note[0].box.left + row.size:
            yield note
            note = []
        note.append(row)
    if note:
        yield note
