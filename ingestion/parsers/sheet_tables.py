"""The tables of a sheet: where one ends and the next begins, and the whole names of columns."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingestion.builder import DraftBlock
from ingestion.parsers.table_grid import DEEPEST_HEADER, GridCell, is_value, joined_header
from ingestion.records import BlockKind

Row = list[str]
_DEEPEST_CUT = 8
_LEAST_SIDE = 2
_MOST_SAMPLE = 200


class Merged(Protocol):
    """Cells that are merged into the first of them. Rows and columns from 0, both ends in."""

    @property
    def top(self) -> int:
        """The first row."""

    @property
    def left(self) -> int:
        """The first column."""

    @property
    def bottom(self) -> int:
        """The last row."""

    @property
    def right(self) -> int:
        """The last column."""


@dataclass(frozen=True, slots=True)
class Span:
    """Merged cells of which no more is known than where they are."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Grid:
    """The text of a sheet's cells, in rows of one length. spans: by the row they begin in."""

    rows: Sequence[Row]
    spans: Mapping[int, Sequence[Merged]]


@dataclass(frozen=True, slots=True)
class Region:
    """A table with the lines over it: rows top to end and columns left to right, half-open.

    body: the row in which the table begins; `end` where there are only lines.
    """

    top: int
    body: int
    end: int
    left: int
    right: int


def grid_drafts(grid: Grid) -> Iterator[DraftBlock]:
    """Yield the tables of a sheet, each after the lines of one cell that stand over it.

    A header of several rows becomes one, each column with all its names from the top. Columns
    without text are left out.
    """
    for region in regions(grid):
        for row in grid.rows[region.top : region.body]:
            line = "".join(row[region.left : region.right])
            yield DraftBlock(BlockKind.PARAGRAPH, line)
        if region.body < region.end:
            yield _table(grid, region)


def regions(grid: Grid) -> Iterator[Region]:
    """Yield the tables, from the top and from the left.

    Empty rows part tables. Empty columns do where both sides look like tables: they have columns
    and rows, and the right one begins in another row, or begins with a column that names rows as
    the left one does. Else they are a space within one table.
    """
    yield from _cut(grid, 0, len(grid.rows), 0, max(map(len, grid.rows), default=0), 0)


def _cut(grid: Grid, top: int, end: int, left: int, right: int, depth: int) -> Iterator[Region]:
    for first, last in _runs(grid, top, end, left, right):
        body = _below_titles(grid, first, last, left, right)
        groups = _groups(grid, body, last, left, right) if depth < _DEEPEST_CUT else []
        if len(groups) < 2:
            yield Region(first, body, last, left, right)
            continue
        if first < body:
            yield Region(first, body, body, left, right)
        for start, stop in groups:
            yield from _cut(grid, body, last, start, stop, depth + 1)


def _runs(grid: Grid, top: int, end: int, left: int, right: int) -> Iterator[tuple[int, int]]:
    """Yield the rows, half-open, between empty ones."""
    first = -1
    for row in range(top, end):
        if any(grid.rows[row][left:right]):
            first = row if first < 0 else first
        elif first >= 0:
            yield first, row
            first = -1
    if first >= 0:
        yield first, end


def _below_titles(grid: Grid, top: int, end: int, left: int, right: int) -> int:
    """Return the row under the lines of one cell at the top.

    One that is merged over some of the columns names these, so it is no such line.
    """
    for row in range(top, end):
        texts = grid.rows[row][left:right]
        if sum(map(bool, texts)) != 1:
            return row
        spans = grid.spans.get(row, ())
        at = left + next(column for column, text in enumerate(texts) if text)
        if any(span.left == at and _names_columns(grid, span, end, left, right) for span in spans):
            return row
    return end


def _names_columns(grid: Grid, span: Merged, end: int, left: int, right: int) -> bool:
    """Return whether a merged cell stands over the names of columns, and others left of these."""
    if span.right == span.left:
        return False
    rows = grid.rows[span.top + 1 : min(end, span.top + DEEPEST_HEADER)]
    below = [column for column in range(left, right) if any(row[column] for row in rows)]
    inside = [column for column in below if span.left <= column <= span.right]
    return len(inside) > 1 and below[0] < span.left


def _groups(grid: Grid, top: int, end: int, left: int, right: int) -> list[tuple[int, int]]:
    """Return the columns, half-open, of the tables that stand side by side."""
    used = {
        column
        for row in grid.rows[top:end]
        for column, text in enumerate(row[left:right], left)
        if text
    }
    if not used or max(used) - min(used) + 1 == len(used):
        return []
    for row in range(top, min(end, top + DEEPEST_HEADER)):
        reach = left
        for span in _spans(grid, row):
            used.update(range(max(span.left, reach), min(span.right + 1, right)))
            reach = max(reach, span.right + 1)
    bands: list[tuple[int, int]] = []
    for column in sorted(used):
        if bands and bands[-1][1] == column:
            bands[-1] = (bands[-1][0], column + 1)
        else:
            bands.append((column, column + 1))
    parts = [_part(grid, top, end, *band) for band in bands]
    groups = parts[:1]
    for part in parts[1:]:
        if _is_own(grid, end, groups[-1], part):
            groups.append(part)
        else:
            groups[-1] = groups[-1].with_more(part)
    return [(group.left, group.right) for group in groups]


@dataclass(frozen=True, slots=True)
class _Part:
    """Columns left to right, half-open, with text in `height` rows, the first of them `top`."""

    left: int
    right: int
    top: int
    height: int

    def with_more(self, other: "_Part") -> "_Part":
        return _Part(
            self.left, other.right, min(self.top, other.top), max(self.height, other.height)
        )


def _part(grid: Grid, top: int, end: int, left: int, right: int) -> _Part:
    rows = range(top, min(end, top + _MOST_SAMPLE))
    held = [row for row in rows if any(grid.rows[row][left:right])]
    return _Part(left, right, held[0] if held else top, len(held))


def _is_own(grid: Grid, end: int, before: _Part, part: _Part) -> bool:
    """Return whether columns are a table apart from the columns before them."""
    for one in (before, part):
        if one.right - one.left < _LEAST_SIDE or one.height < _LEAST_SIDE:
            return False
    if before.top != part.top:
        return True
    head = grid.rows[part.top]
    if head[part.left] and head[before.left] == head[part.left]:
        return True
    rows = [
        row[part.left : part.right]
        for row in grid.rows[part.top + 1 : min(end, part.top + _MOST_SAMPLE)]
        if any(row[part.left : part.right])
    ]
    labels = {row[0] for row in rows if row[0] and not is_value(row[0])}
    values = any(is_value(text) for row in rows for text in row[1:])
    return values and bool(head[part.left]) and 2 * len(labels) > len(rows)


def _table(grid: Grid, region: Region) -> DraftBlock:
    rows = [row[region.left : region.right] for row in grid.rows[region.body : region.end]]
    used = sorted({column for row in rows for column, text in enumerate(row) if text})
    rows = [[row[column] for column in used] for row in rows]
    cells = _header_cells(grid, region, rows, [region.left + column for column in used])
    depth, names = joined_header(cells, len(rows), len(used))
    if depth > 1:
        rows[:depth] = [names]
    return DraftBlock(BlockKind.TABLE, "\n".join(map(_line, rows)))


def _header_cells(
    grid: Grid, region: Region, rows: Sequence[Row], used: Sequence[int]
) -> list[GridCell]:
    """Return the cells of the rows that may be a header, and of the row below."""
    cells: list[GridCell] = []
    covered: set[tuple[int, int]] = set()
    for top, row in enumerate(rows[: DEEPEST_HEADER + 1]):
        for span in _spans(grid, region.body + top):
            left = bisect_left(used, span.left)
            right = bisect_right(used, span.right) - 1
            bottom = min(span.bottom - region.body, len(rows) - 1)
            seen = left <= right and used[left] == span.left and row[left]
            if seen and (top, left) not in covered:
                cells.append(GridCell(row[left], top, left, bottom, right))
                reach = range(top, min(bottom, top + DEEPEST_HEADER) + 1)
                covered |= {(line, at) for line in reach for at in range(left, right + 1)}
        cells += (
            GridCell(text, top, at, top, at)
            for at, text in enumerate(row)
            if text and (top, at) not in covered
        )
    return cells


def _spans(grid: Grid, row: int) -> list[Merged]:
    return sorted(grid.spans.get(row, ()), key=lambda span: span.left)


def _line(row: Row) -> str:
    width = max((column for column, text in enumerate(row, 1) if text), default=0)
    return " | ".join(row[:width])
