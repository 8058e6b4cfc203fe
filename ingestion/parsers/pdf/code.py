"""Program text: rows in a font like that of a typewriter, their lines and indents kept."""

import re
import statistics
from collections.abc import Iterator, Sequence
from itertools import groupby

from ingestion.parsers.pdf.fragments import LINE_HYPHENS
from ingestion.parsers.pdf.layout import Row
from ingestion.reflow import display_width

_MOSTLY = 0.5
_STATEMENT = re.compile(
    r"[{};]$|\w\(|\w\s?:?[=<>]{1,2}\s?\w|^\s*(?:[$#>]\s\S|//|/\*|</?\w|[@#]\w|\w+:$)"
)
_DEEPEST = 60
_NEAR = 3.0


def code_runs(rows: Sequence[Row]) -> Iterator[tuple[bool, list[Row]]]:
    """Yield the rows in runs: those of one listing and everything else.

    A document that is itself written on a typewriter has none.
    """
    typed = sum(len(row.text) for row in rows if row.mono)
    if typed > _MOSTLY * sum(len(row.text) for row in rows):
        yield False, list(rows)
        return
    run: list[Row] = []
    for mono, group in groupby(rows, key=lambda row: row.mono):
        for part in _connected(list(group)) if mono else [list(group)]:
            if mono and any(_STATEMENT.search(row.text) for row in part):
                if run:
                    yield False, run
                    run = []
                yield True, part
            else:
                run += part
    if run:
        yield False, run


def _connected(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield the rows that follow each other closely in one column."""
    part: list[Row] = []
    for row in rows:
        last = part[-1] if part else row
        apart = (last.page, last.column) != (row.page, row.column)
        if apart or last.baseline - row.baseline > _NEAR * row.size:
            yield part
            part = []
        part.append(row)
    yield part


def code_text(rows: Sequence[Row]) -> str:
    """Return the lines of a listing, each part as far from the margin as it stands on the page."""
    widths = [
        (part.right - part.left) / display_width(part.text)
        for row in rows
        for part in row.parts
        if len(part.text) > 1
    ]
    width = max(1.0, statistics.median(widths or [1.0]))
    margin = min(row.box.left for row in rows)
    lines = []
    for row in rows:
        line = ""
        for part in row.parts:
            wanted = min(round((part.left - margin) / width), len(line) + _DEEPEST)
            line += " " * max(bool(line), wanted - display_width(line)) + part.text
        lines.append(line)
    text = "\n".join(lines)
    for hyphen in LINE_HYPHENS:
        text = text.replace(hyphen, "-")
    return text
