"""Tables with merged cells: rows of equal length that each say their labels, one header row."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Protocol

from ingestion.builder import DraftBlock
from ingestion.parsers.pdf.captions import is_caption
from ingestion.records import BlockKind

LONGEST_LABEL = 100
"""Characters of a cell merged over rows that stands in each of them; longer ones stand once."""
LARGEST_GRID = 1_000_000
"""Places of a table; one with more is written without them."""
DEEPEST_HEADER = 4
"""Most rows of a header that nothing marks as one."""
_PLACES_A_CELL = 16
_REPEATED_SHARE = 16
_FEW = 2000
_WIDE = 8
_MOST_COVERED = 0.5
# A number names no column, unless it is a year.
_VALUE = re.compile(r"(?!(?:19|20)\d\d年?$)[^\w\s]*\d[\W\d_]*")


class Spanning(Protocol):
    """A cell that takes rows and columns; both ends are inside it, rows count from the top."""

    @property
    def bottom(self) -> int:
        """Its last row."""

    @property
    def left(self) -> int:
        """Its first column."""

    @property
    def right(self) -> int:
        """Its last column."""


@dataclass(frozen=True, slots=True, eq=False)
class GridCell:
    """A cell of a table and its text on one line. Rows and columns count from 0, both ends in."""

    text: str
    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class SpannedCell:
    """A cell that says how many rows and columns it takes, but not where it stands."""

    text: str
    rows: int = 1
    columns: int = 1


def title_depth(cells: Mapping[tuple[int, int], Spanning], rows: int, columns: int) -> int:
    """Return how many rows at the top are one cell over all columns."""
    depth = 0
    while depth < rows - 1 and cells[depth, 0].right == columns - 1:
        depth += 1
    return depth


def header_end(
    cells: Mapping[tuple[int, int], Spanning],
    held: Collection[object],
    start: int,
    rows: int,
    columns: int,
) -> int:
    """Return the row under the header, which takes more than one row where its cells are merged.

    Below a cell merged over columns stand their own names, and every other cell of the header
    reaches down to its last row, or nothing stands below it. cells: by row and column, for at
    least the rows from `start` that a header may have. held: those with text.
    """
    deepest = start + 1
    while deepest < min(rows - 1, start + DEEPEST_HEADER):
        above = {cells[deepest - 1, column] for column in range(columns)}
        if all(cell.right == cell.left for cell in above):
            break
        deepest += 1
    for end in range(deepest, start + 1, -1):
        stacks = ([cells[row, column] for row in range(start, end)] for column in range(columns))
        if all(_is_name(stack, held, end) for stack in stacks):
            return end
    return start + 1


def _is_name(stack: Sequence[Spanning], held: Collection[object], end: int) -> bool:
    """Return whether the cells of a column above `end` are its name, one below the other.

    Each is narrower than the one above it and under it alone, and none goes on below the header.
    """
    named = [cell for cell in dict.fromkeys(stack) if cell in held]
    nested = all(
        above.left <= below.left
        and below.right <= above.right
        and below.right - below.left < above.right - above.left
        for above, below in pairwise(named)
    )
    return nested and stack[-1].bottom < end


def placed(rows: Sequence[Sequence[SpannedCell]]) -> list[GridCell]:
    """Return where the cells of a table stand, each in the next place of its row that is free.

    Spans that no table of so many cells needs are cut. Where even these are absurd, the rest of
    the cells stand as if nothing was merged. O(cells).
    """
    count = sum(map(len, rows))
    steps = _FEW + 4 * _PLACES_A_CELL * count
    taken: list[int] = []  # the row from which on each column is free
    cells = []
    for top, row in enumerate(rows):
        column = 0
        for cell in row:
            while steps > 0 and column < len(taken) and taken[column] > top:
                column, steps = column + 1, steps - 1
            tall, wide = max(cell.rows, 1), max(1, min(cell.columns, count, steps))
            bottom = min(top + tall, len(rows)) - 1
            cells.append(GridCell(cell.text, top, column, bottom, column + wide - 1))
            taken += [0] * (column + wide - len(taken))
            taken[column : column + wide] = [bottom + 1] * wide
            column, steps = column + wide, steps - wide
    return cells


def table_drafts(cells: Sequence[GridCell], header: int = 0) -> list[DraftBlock]:
    """Return a table: a row a line, with as many cells as the others, none for an empty table.

    A header of several rows becomes one, each column with all its names from the top; `header`
    says how many rows it has, where more than one, for it may look like any others. A label
    merged over rows stands in each, one merged over columns in the first of them. Rows above the
    header that are one cell over all columns become captions or paragraphs of their own. Rows and
    columns without text are left out. The rows of a form, whose cells are mostly merged over many
    columns that nothing names, are written without the places that these cover. Where the places
    by far outnumber the cells, each row is written with its own cells alone, so the result is of
    the order of what is given.
    """
    filled = sorted((cell for cell in cells if cell.text), key=lambda cell: (cell.top, cell.left))
    dense, tops, columns = _dense(filled)
    if not dense:
        return []
    if len(tops) * columns > min(LARGEST_GRID, _FEW + _PLACES_A_CELL * len(cells)):
        lines = [
            [cell.text for cell in row] for _, row in groupby(dense, key=lambda cell: cell.top)
        ]
        return [_table(lines)]
    over, end = _header(dense, len(tops), columns, bisect_left(tops, header))
    titles = [_title(cell.text) for cell in dense if cell.top < over]
    rows = _filled_rows([cell for cell in dense if cell.top >= over], over, len(tops), columns)
    if end - over > 1:
        rows[: end - over] = [_names(dense, over, end, columns)]
    elif columns >= _WIDE:
        covered = _covered(cells, tops[over:], sorted({cell.left for cell in filled}))
        if sum(map(len, covered)) > _MOST_COVERED * len(rows) * columns:
            rows = [
                [text for column, text in enumerate(row) if column not in places]
                for row, places in zip(rows, covered, strict=True)
            ]
    return [*titles, _table(rows)]


def joined_header(cells: Collection[GridCell], rows: int, columns: int) -> tuple[int, list[str]]:
    """Return how many rows the header of a table takes, and the whole name of each column.

    cells: those with text in the first `DEEPEST_HEADER` + 1 rows. rows, columns: of the table,
    each with text. A table without a header of several rows has one of one row.
    """
    dense = sorted(cells, key=lambda cell: (cell.top, cell.left))
    over, end = _header(dense, rows, columns, 0)
    return (end, _names(dense, 0, end, columns)) if not over and end > 1 else (1, [])


def is_value(text: str) -> bool:
    """Return whether a cell's text is a number that names nothing; years name columns."""
    return _VALUE.fullmatch(text) is not None


def flattened_table(text: str) -> str:
    """Return a table on one line, for a cell that holds it: its rows parted by semicolons."""
    rows = ([cell for cell in line.split(" | ") if cell.strip()] for line in text.split("\n"))
    return "; ".join(", ".join(row) for row in rows)


def _dense(filled: Sequence[GridCell]) -> tuple[list[GridCell], list[int], int]:
    """Return the cells in a grid where each row and column has text; its rows' old numbers.

    The third is how many columns it has. A cell ends before the next of its row.
    """
    tops = sorted({cell.top for cell in filled})
    lefts = sorted({cell.left for cell in filled})
    dense: list[GridCell] = []
    for cell in filled:
        top, left = bisect_left(tops, cell.top), bisect_left(lefts, cell.left)
        bottom = max(top, bisect_right(tops, cell.bottom) - 1)
        right = max(left, bisect_right(lefts, cell.right) - 1)
        if dense and dense[-1].top == top and dense[-1].right >= left:
            dense[-1] = replace(dense[-1], right=max(dense[-1].left, left - 1))
        dense.append(GridCell(cell.text, top, left, bottom, right))
    return dense, tops, len(lefts)


def _header(dense: Sequence[GridCell], rows: int, columns: int, given: int) -> tuple[int, int]:
    """Return the row where the header begins, and the row under it."""
    if columns < 2:
        return 0, 1
    over = 0
    for cell in dense:
        if cell.top > over or (cell.left, cell.right, cell.bottom) != (0, columns - 1, over):
            break
        over += 1
    over = min(over, rows - 1)
    if over + 1 < given <= min(over + DEEPEST_HEADER, rows - 1):
        return over, given
    if given == over + 1:
        return over, given
    held = {cell for cell in dense if cell.top < over + DEEPEST_HEADER}
    end = _end_of_names(held, over, rows, columns)
    if end > over + 1:
        return over, end
    repeated = _with_repeats_merged(held, over)
    end = _end_of_names(repeated, over, rows, columns) if len(repeated) < len(held) else end
    # A label that is written again over each of its columns may also be data.
    under = any(cell.top == end and is_value(cell.text) for cell in dense)
    return over, end if under else over + 1


def _end_of_names(held: Collection[GridCell], over: int, rows: int, columns: int) -> int:
    """Return the row under the header, one row where values stand in what would be more."""
    raster = _raster(held, over, min(rows, over + DEEPEST_HEADER), columns)
    end = header_end(raster, held, over, rows, columns)
    below = (cell.text for cell in held if over < cell.top < end)
    return over + 1 if any(map(is_value, below)) else end


def _with_repeats_merged(cells: Collection[GridCell], first: int) -> set[GridCell]:
    """Return the cells, those of the first row that repeat the one before them as one with it."""
    merged: list[GridCell] = []
    for cell in sorted(cells, key=lambda cell: (cell.top, cell.left)):
        before = merged[-1] if merged else None
        if (
            before
            and before.top == cell.top == first
            and before.bottom == cell.bottom
            and before.right + 1 == cell.left
            and before.text == cell.text
        ):
            merged[-1] = replace(before, right=cell.right)
        else:
            merged.append(cell)
    return set(merged)


def _raster(
    cells: Collection[GridCell], first: int, end: int, columns: int
) -> dict[tuple[int, int], GridCell]:
    """Return the cell of each place in the rows from `first`; empty ones where there is none."""
    raster = {
        (row, column): GridCell("", row, column, row, column)
        for row in range(first, end)
        for column in range(columns)
    }
    for cell in sorted(cells, key=lambda cell: -cell.top):
        for row in range(max(cell.top, first), min(cell.bottom + 1, end)):
            raster |= {(row, column): cell for column in range(cell.left, cell.right + 1)}
    return raster


def _names(dense: Sequence[GridCell], first: int, end: int, columns: int) -> list[str]:
    """Return the whole name of each column under a header of several rows."""
    raster = _raster([cell for cell in dense if cell.top < end], first, end, columns)
    stacks = (
        dict.fromkeys(raster[row, column] for row in range(first, end)) for column in range(columns)
    )
    return [" ".join(cell.text for cell in stack if cell.text) for stack in stacks]


def _filled_rows(cells: Sequence[GridCell], first: int, end: int, columns: int) -> list[list[str]]:
    """Return the texts of the rows, labels repeated in the rows that they are merged over.

    Each step fills an empty place or ends its cell, so cells over each other cost no more.
    """
    rows = [[""] * columns for _ in range(first, end)]
    for cell in cells:
        rows[cell.top - first][cell.left] = cell.text
    spare = _FEW + _REPEATED_SHARE * sum(len(cell.text) for cell in cells)
    for cell in cells:
        if len(cell.text) > LONGEST_LABEL:
            continue
        for row in range(cell.top + 1, cell.bottom + 1):
            if rows[row - first][cell.left] or spare < len(cell.text):
                break
            rows[row - first][cell.left] = cell.text
            spare -= len(cell.text)
    return rows


def _covered(
    cells: Sequence[GridCell], tops: Sequence[int], lefts: Sequence[int]
) -> list[set[int]]:
    """Return, for each row, the columns that a cell of it covers besides its first."""
    covered: list[set[int]] = [set() for _ in tops]
    for cell in cells:
        row = bisect_left(tops, cell.top)
        if row == len(tops) or tops[row] != cell.top or len(covered[row]) == len(lefts):
            continue
        first, last = bisect_right(lefts, cell.left), bisect_right(lefts, cell.right)
        covered[row].update(range(first, last))
    return covered


def _title(text: str) -> DraftBlock:
    return DraftBlock(BlockKind.CAPTION if is_caption(text) else BlockKind.PARAGRAPH, text)


def _table(rows: Sequence[Sequence[str]]) -> DraftBlock:
    return DraftBlock(BlockKind.TABLE, "\n".join(" | ".join(row) for row in rows))
