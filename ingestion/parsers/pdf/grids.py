"""Ruled tables: from the lines of a page to cells, and from cells to rows that say their header."""

import statistics
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ingestion.parsers.pdf.fragments import LINE_HYPHENS, Fragment
from ingestion.parsers.pdf.raster import NEAR, Cell, Raster, crossing_lines, frame, raster_of
from ingestion.parsers.pdf.rulings import Ruling, Rulings
from ingestion.parsers.table_grid import LONGEST_LABEL, header_end, title_depth
from ingestion.records import BoundingBox
from ingestion.reflow import display_width, gap_between

_MOST_CELLS = 4000
_SAME_LINE = 0.5
_LEAST_FILLED = 0.3
_MOST_CROSSING = 0.2
_FEW_LINES = 3
NEARLY_ALL = 0.8


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row of a table: one text a column, '' where the cell is empty.

    spans: x of each column's left and right edge. title: the row is one cell over all columns
    above the table's header.
    """

    cells: tuple[str, ...]
    spans: tuple[tuple[float, float], ...]
    box: BoundingBox
    title: bool


@dataclass(frozen=True, slots=True)
class Grid:
    """A ruled table. size: of its letters. fragments: those that stand in it."""

    rows: tuple[GridRow, ...]
    box: BoundingBox
    size: float
    fragments: frozenset[Fragment]


_Line = tuple[float, str]
_Held = dict[Cell, list[_Line]]


def grids_of(rulings: Rulings, fragments: Sequence[Fragment]) -> list[Grid]:
    """Return the ruled tables of a page: at least two rows and two columns with text in them.

    Lines that close a table at its sides may be missing. A cell merged over several rows stands
    in each of them, for rows are read alone; one merged over columns stands in the first. A
    header of several rows becomes one, so that each column says its whole name.
    O(lines across x lines down), both bounded.
    """
    grids = [_grid(across, down, fragments) for across, down in crossing_lines(rulings)]
    return [grid for grid in grids if grid is not None]


def _grid(
    across: Sequence[Ruling], down: Sequence[Ruling], fragments: Sequence[Fragment]
) -> Grid | None:
    edges, levels = frame(down, across), frame(across, down)[::-1]
    if not (len(edges) > 2 and len(levels) > 2 and len(edges) * len(levels) <= _MOST_CELLS):
        return None
    inside = [item for item in fragments if _is_inside(item, edges, levels)]
    cells = raster_of(across, down, edges, levels)
    held, crossing = _held(cells, inside, edges, levels)
    if not _is_table(cells, held, crossing, len(inside)):
        return None
    if _is_part(inside, fragments, edges, held):
        return None
    title = title_depth(cells, len(levels) - 1, len(edges) - 1)
    header = header_end(cells, held, title, len(levels) - 1, len(edges) - 1)
    return Grid(
        rows=tuple(_rows(cells, held, (title, header), edges, levels)),
        box=BoundingBox(edges[0], levels[-1], edges[-1], levels[0]),
        size=statistics.median(item.size for item in inside),
        fragments=frozenset(inside),
    )


def _is_inside(item: Fragment, edges: Sequence[float], levels: Sequence[float]) -> bool:
    across, up = (item.left + item.right) / 2, (item.bottom + item.top) / 2
    return edges[0] <= across <= edges[-1] and levels[-1] <= up <= levels[0]


def _held(
    cells: Raster, inside: Sequence[Fragment], edges: Sequence[float], levels: Sequence[float]
) -> tuple[_Held, int]:
    """Return the lines of text in each cell, and how many fragments ran over a line."""
    pieces: dict[Cell, list[Fragment]] = {}
    crossing = 0
    falling = [-level for level in levels]
    for item in inside:
        row = bisect_right(falling, -(item.bottom + item.top) / 2) - 1
        row = max(0, min(row, len(levels) - 2))
        walls = [
            edges[column]
            for column in range(1, len(edges) - 1)
            if cells[row, column] is not cells[row, column - 1]
        ]
        parts = list(_parts(item, walls))
        crossing += len(parts) > 1
        for part in parts:
            column = bisect_right(edges, (part.left + part.right) / 2) - 1
            cell = cells[row, max(0, min(column, len(edges) - 2))]
            pieces.setdefault(cell, []).append(part)
    return {cell: _lines_in(parts) for cell, parts in pieces.items()}, crossing


def _parts(item: Fragment, walls: Sequence[float]) -> Iterator[Fragment]:
    """Yield a fragment, cut where it runs over a line between two cells."""
    text, left = item.text, item.left
    reach = 0.5 * item.size
    for wall in walls:
        if not left + reach < wall < item.right - reach or len(text) < 2:
            continue
        cut = _cut(text, (wall - left) / (item.right - left) * display_width(text))
        if before := text[:cut].strip():
            yield replace(item, text=before, left=left, right=wall)
        text, left = text[cut:].strip(), wall
    if text:
        yield replace(item, text=text, left=left)


def _cut(text: str, wanted: float) -> int:
    """Return the index where `wanted` columns of the text are over; a space nearby wins."""
    at = next((end for end in range(len(text)) if display_width(text[:end]) >= wanted), len(text))
    spaces = [index for index, char in enumerate(text) if char == " " and abs(index - at) <= 4]
    return min(spaces, key=lambda index: abs(index - at), default=at)


def _lines_in(parts: Sequence[Fragment]) -> list[_Line]:
    """Return the lines of a cell from top to bottom."""
    lines: list[list[Fragment]] = []
    for part in sorted(parts, key=lambda part: (-part.baseline, part.left)):
        if lines and lines[-1][0].baseline - part.baseline <= _SAME_LINE * part.size:
            lines[-1].append(part)
        else:
            lines.append([part])
    return [
        (line[0].baseline, _joined(part.text for part in sorted(line, key=lambda part: part.left)))
        for line in lines
    ]


def _joined(pieces: Iterable[str]) -> str:
    text = ""
    for piece in pieces:
        if text.endswith(LINE_HYPHENS):
            text = text[:-1] + piece
        else:
            text += (gap_between(text, piece) if text else "") + piece
    return text


def _is_table(cells: Raster, held: _Held, crossing: int, fragments: int) -> bool:
    """Return whether the lines part the text as a table's do; those of a drawing do not.

    A chart's raster is nearly empty, a drawing's lines end anywhere or run through its words.
    """
    areas = Counter(cells.values())
    if any(cell.places != count for cell, count in areas.items()):
        return False
    filled = [cell for cell in areas if cell in held]
    rows, columns = {cell.top for cell in filled}, {cell.left for cell in filled}
    parted = crossing <= _MOST_CROSSING * fragments
    return (
        parted and len(rows) > 1 and len(columns) > 1 and len(filled) >= _LEAST_FILLED * len(areas)
    )


def _is_part(
    inside: Sequence[Fragment], fragments: Sequence[Fragment], edges: Sequence[float], held: _Held
) -> bool:
    """Return whether the lines only set off some columns of a table that goes on beside them.

    Then a cell holds many lines, and nearly each of them has words at its height outside.
    """
    if max(len(lines) for lines in held.values()) < _FEW_LINES:
        return False
    outside = {
        round(item.baseline) for item in fragments if item.right < edges[0] or item.left > edges[-1]
    }
    heights = {round(item.baseline) for item in inside}
    beside = sum(not outside.isdisjoint((at - 1, at, at + 1)) for at in heights)
    return beside >= NEARLY_ALL * len(heights)


def _rows(
    cells: Raster,
    held: _Held,
    header: tuple[int, int],
    edges: Sequence[float],
    levels: Sequence[float],
) -> Iterator[GridRow]:
    """Yield the rows from top to bottom, those of the header as one."""
    filled = {cell.left for cell in held}
    columns = [column for column in range(len(edges) - 1) if column in filled]
    spans = tuple((edges[column], edges[column + 1]) for column in columns)
    single = (*range(header[0]), *range(header[1], len(levels) - 1))
    only = len(levels) - 1 - header[1] == 1
    for first, last in sorted([header, *((row, row + 1) for row in single)]):
        box = BoundingBox(edges[0], levels[last], edges[-1], levels[first])
        if first >= header[1] and (
            lines := _unruled([cells[first, at] for at in columns], held, only)
        ):
            yield from (GridRow(tuple(line), spans, box, title=False) for line in lines)
            continue
        line = [_said(cells, held, range(first, last), column) for column in columns]
        if any(line):
            yield GridRow(tuple(line), spans, box, title=last <= header[0])


def _said(cells: Raster, held: _Held, rows: range, column: int) -> str:
    """Return what a row says in a column; a header of several rows, all its names from the top."""
    if len(rows) > 1:
        names = dict.fromkeys(cells[row, column] for row in rows)
        return " ".join(_text(name, held) for name in names if name in held)
    cell, text = cells[rows[0], column], _text(cells[rows[0], column], held)
    repeated = rows[0] == cell.top or len(text) <= LONGEST_LABEL
    return text if column == cell.left and repeated else ""


def _text(cell: Cell, held: _Held) -> str:
    return _joined(line for _, line in held.get(cell, ()))


def _unruled(row: Sequence[Cell], held: _Held, only: bool) -> list[list[str]]:
    """Return the rows that stand in one without a line between them; none if it is one row.

    Each of its cells has as many lines as the others, at the same heights; two are enough where
    it is the only row, for cells of two lines are common.
    """
    stacks = [held.get(cell, []) for cell in row]
    counts = {len(stack) for stack in stacks}
    least = _FEW_LINES - only
    if len(counts) > 1 or len(stacks) < 2 or min(counts) < least:
        return []
    heights = [[baseline for baseline, _ in stack] for stack in stacks]
    if any(max(level) - min(level) > NEAR for level in zip(*heights, strict=True)):
        return []
    return [[text for _, text in line] for line in zip(*stacks, strict=True)]
