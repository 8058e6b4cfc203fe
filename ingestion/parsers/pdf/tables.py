"""Tables: rows of cells, ruled or set apart by white space, brought into columns and joined."""

import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingestion.builder import DraftBlock
from ingestion.parsers.pdf.fragments import CURRENCY_SIGNS, LINE_HYPHENS
from ingestion.parsers.pdf.layout import Cell, Row
from ingestion.records import BlockKind, BoundingBox

_MARK_CELL = re.compile(
    r"[•●○◦▪■□‣·∙➢➤✓*–—-]|[(（]?[\w一二三四五六七八九十]{1,4}[.)）、]?|第.{1,8}[条章节编]|\d+(?:\.\d+)+"
)
_MARK_GAP = 5.0
_CELL_TAILS = (")", "%", "%)")
_LEADER = re.compile(r"(?:[.．…·]\s*){4,}")
_WORD = re.compile(r"[^\W\d_]{3,}|[\u4e00-\u9fff]")
_FORMULA = re.compile("[=≈∑∫∏√≤≥∈∀∃→⇒⇔↦∂∆⊆∪∩◦\ue000-\uf8ff]|^[|{}]|^$")
_FIGURE = re.compile(r"[$¥￥€£]?\s*[(+-]?\s*[$¥￥€£]?\s*(?:\d[\d,.]*|[—–-])\s*\)?\s*%?\)?")
_YEAR = re.compile(r"(?:19|20)\d\d")
_FORMULA_ROWS = 6
_MOST_LABELS = 3
_MOST_COMPARED = 30
_MOST_HEADERS = 5
_SPANNING = 0.25
_SAME_PLACE = 6.0


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a table, each with a text for every column.

    columns: x of their edges. rows: what it was read from, on the page where it begins. ends: its
    last row. ruled: its cells have lines around them.
    """

    lines: tuple[tuple[str, ...], ...]
    columns: tuple[tuple[float, float], ...]
    rows: tuple[Row, ...]
    ends: Row
    ruled: bool


def tidied(row: Row) -> Row:
    """Return the row, currency signs and list marks put into the cell that they belong to."""
    if row.grid is not None or len(row.parts) == 1:
        return row
    cells = row.cells
    if len(cells) == 2 and _is_marked(*cells, row.size):
        whole = (Cell(row.text, cells[0].left, cells[1].right),)
        return replace(row, cells=whole, parts=whole)
    return replace(row, cells=_whole(cells), parts=_whole(row.parts))


def _is_marked(mark: Cell, text: Cell, size: float) -> bool:
    """Return whether a row of two cells is a list item, its mark set apart."""
    near = text.left - mark.right <= _MARK_GAP * size
    return near and bool(_MARK_CELL.fullmatch(mark.text)) and not text.text[:1].isdigit()


def _whole(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    merged: list[Cell] = []
    for cell in cells:
        if merged and (merged[-1].text in CURRENCY_SIGNS or cell.text in _CELL_TAILS):
            merged[-1] = Cell(f"{merged[-1].text} {cell.text}", merged[-1].left, cell.right)
        else:
            merged.append(cell)
    return tuple(merged)


def table_runs(rows: Sequence[Row]) -> Iterator[tuple[bool, list[Row]]]:
    """Yield the rows in runs: those of one table (at least two with cells) and everything else."""
    marks = [_is_celled(row) for row in rows]
    _take_labels(rows, marks)
    _take_headers(rows, marks)
    start = 0
    for index in range(1, len(rows) + 1):
        alike = index < len(rows) and marks[index] == marks[start]
        if alike and (not marks[start] or _is_same_table(rows[index - 1], rows[index])):
            continue
        run = list(rows[start:index])
        for part in _stacked(run) if marks[start] and run[0].grid is None else [run]:
            ruled = part[0].grid is not None
            yield marks[start] and (ruled or sum(map(_is_celled, part)) > 1), part
        start = index


def _stacked(run: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield the tables of a run: a new one begins after a gap, with a header that is set in."""
    gaps = [above.baseline - below.baseline for above, below in pairwise(run)]
    usual = statistics.median(gaps) if gaps else 0.0
    margin = min(row.box.left for row in run)
    part = [run[0]]
    for (above, below), gap in zip(pairwise(run), gaps, strict=True):
        set_in = below.box.left > margin + 0.2 * _width(below) >= above.box.left
        if set_in and gap > 1.5 * usual and gap > 1.5 * below.size and not _has_figures(below):
            yield part
            part = []
        part.append(below)
    yield part


def _has_figures(row: Row) -> bool:
    return any(
        _FIGURE.fullmatch(cell.text) and not _YEAR.fullmatch(cell.text) for cell in row.cells
    )


def _is_celled(row: Row) -> bool:
    return row.grid is not None or (len(row.cells) > 1 and not _LEADER.search(row.text))


def _is_same_table(above: Row, below: Row) -> bool:
    return (above.page, above.column, above.grid) == (below.page, below.column, below.grid)


def _take_labels(rows: Sequence[Row], marks: list[bool]) -> None:
    """Mark the rows of one cell that stand inside a table: labels over or without figures."""
    index = 1
    while index < len(rows):
        end = index
        while end < len(rows) and not marks[end]:
            end += 1
        inside = marks[index - 1] and end < len(rows) and 0 < end - index <= _MOST_LABELS
        if inside and _are_labels(rows[index - 1 : end + 1]):
            marks[index:end] = [True] * (end - index)
        index = end + 1


def _are_labels(rows: Sequence[Row]) -> bool:
    """Return whether the rows between the first and the last are labels in the table of both."""
    above, *labels, below = rows
    if above.grid is not None or below.grid is not None:
        return False
    if not all(_is_same_table(one, other) for one, other in pairwise(rows)):
        return False
    figures = max(above.cells[1].left if len(above.cells) > 1 else 0.0, below.cells[1].left)
    fits = all(
        row.box.right <= figures or row.box.right - row.box.left < 0.6 * _width(row)
        for row in labels
    )
    alike = all(row.size <= 1.1 * max(above.size, below.size) for row in labels)
    gaps = [one.baseline - other.baseline for one, other in pairwise(rows)]
    opens = max(gaps[:-1]) > 1.6 * min(gaps) and max(gaps[:-1]) > 1.6 * labels[0].size
    return fits and alike and not opens and max(gaps) < 2.5 * labels[0].size


def _width(row: Row) -> float:
    return row.column_right - row.column_left


def _take_headers(rows: Sequence[Row], marks: list[bool]) -> None:
    """Mark the row of one cell that stands over several columns right above a table."""
    for index in range(len(rows) - 1, 0, -1):
        row, below = rows[index - 1], rows[index]
        if not marks[index] or marks[index - 1] or below.grid is not None:
            continue
        if not _is_same_table(row, below) or len(below.cells) < 2:
            continue
        near = 0 < row.baseline - below.baseline < 2 * row.size
        inset = row.box.left > below.column_left + 0.2 * _width(row)
        if near and inset and row.size <= 1.1 * below.size and _is_over(row.cells[0], below.cells):
            marks[index - 1] = True


def _is_over(heading: Cell, cells: Sequence[Cell]) -> bool:
    """Return whether a heading stands over two cells or more, or in the middle above them."""
    over = sum(_overlap(heading, cell) > 0 for cell in cells)
    values = cells if cells[0].left > heading.left - (heading.right - heading.left) else cells[1:]
    return over > 1 or (len(values) > 1 and _is_centred(heading, values))


def _is_centred(heading: Cell, cells: Sequence[Cell]) -> bool:
    middle = (min(cell.left for cell in cells) + max(cell.right for cell in cells)) / 2
    return abs((heading.left + heading.right) / 2 - middle) < 0.5 * (heading.right - heading.left)


def table_of(rows: Sequence[Row]) -> Table | None:
    """Return the table that a run of rows is; None where it is a formula set in several lines."""
    if rows[0].grid is not None:
        lines = [tuple(_plain(cell.text) for cell in row.cells) for row in rows]
        columns = tuple((cell.left, cell.right) for cell in rows[0].cells)
        return Table(tuple(lines), columns, tuple(rows), rows[-1], ruled=True)
    if _is_formula(rows):
        return None
    columns = _columns(rows)
    placed = [_placed(row, columns) for row in rows]
    if columns and sum(line is None for line in placed) <= 0.2 * len(rows):
        aligned = [line or _loose(row, columns) for line, row in zip(placed, rows, strict=True)]
        lines = _with_whole_labels(_with_one_header(aligned, rows, columns))
        lines, columns = _without_strays(lines, columns)
    else:
        columns = ()
        lines = [tuple(cell.text for cell in row.cells) for row in rows]
    plain = tuple(tuple(map(_plain, line)) for line in lines)
    return Table(plain, columns, tuple(rows), rows[-1], ruled=False)


def _is_formula(rows: Sequence[Row]) -> bool:
    if len(rows) > _FORMULA_ROWS:
        return False
    signs = sum(any(_FORMULA.search(cell.text) for cell in row.cells) for row in rows)
    words = sum(len(_WORD.findall(row.text)) for row in rows)
    return signs >= 0.4 * len(rows) and words < 2 * len(rows)


def _overlap(one: Cell, other: Cell) -> float:
    return min(one.right, other.right) - max(one.left, other.left)


def _columns(rows: Sequence[Row]) -> tuple[tuple[float, float], ...]:
    """Return the left and right of each column, from the cells that stand in one only.

    A cell stands over several columns if in many of the rows two cells lie over or under it.
    """
    compared = [row.parts for row in rows if len(row.parts) > 1]
    compared = compared[:: 1 + len(compared) // _MOST_COMPARED]
    spans: list[tuple[float, float]] = []
    for row in compared:
        for cell in row:
            left, right = cell.left + 1, cell.right - 1
            hits = [
                sum(left < other.right and other.left < right for other in another)
                for another in compared
                if another is not row
            ]
            several = sum(hit > 1 for hit in hits)
            if several < max(1, _SPANNING * sum(hit > 0 for hit in hits)):
                spans.append((cell.left, cell.right))
    columns: list[tuple[float, float]] = []
    for left, right in sorted(spans):
        if columns and left < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], right))
        else:
            columns.append((left, right))
    return tuple(columns)


def _covered(cell: Cell, columns: Sequence[tuple[float, float]]) -> list[int]:
    """Return the columns that a cell lies over, else the one nearest to it."""
    shares = [min(cell.right, right) - max(cell.left, left) for left, right in columns]
    over = [index for index, share in enumerate(shares) if share > 1]
    return over or [max(range(len(columns)), key=lambda index: shares[index])]


def _placed(row: Row, columns: Sequence[tuple[float, float]]) -> tuple[str, ...] | None:
    """Return the row's text by column; None where two of its cells fall into one."""
    line = [""] * len(columns)
    for cell in row.parts if len(row.cells) > 1 else row.cells:
        column = _covered(cell, columns)[0] if columns else 0
        if not columns or (line[column] and _is_apart(cell, row)):
            return None
        line[column] = f"{line[column]} {cell.text}".strip()
    return tuple(line)


def _is_apart(part: Cell, row: Row) -> bool:
    """Return whether a part opens a cell, so that a wide gap stands before it."""
    return any(cell.left == part.left for cell in row.cells)


def _loose(row: Row, columns: Sequence[tuple[float, float]]) -> tuple[str, ...]:
    """Return a row whose cells do not fit the columns, in order."""
    texts = [cell.text for cell in row.cells]
    kept, rest = texts[: len(columns) - 1], texts[len(columns) - 1 :]
    return (*kept, *[""] * (len(columns) - 1 - len(kept)), " ".join(rest))


def _with_one_header(
    lines: Sequence[tuple[str, ...]], rows: Sequence[Row], columns: Sequence[tuple[float, float]]
) -> list[tuple[str, ...]]:
    """Return the lines, a header of several rows made one, so that columns have their whole names.

    A heading over all columns but the first goes into the empty corner, one over several into
    each of them.
    """
    depth = _header_depth(lines, rows)
    if depth < 2 or len(columns) < 2:
        return list(lines)
    header = [""] * len(columns)
    values = list(range(1, len(columns)))
    for row in rows[:depth]:
        for cell in row.parts if len(row.cells) > 1 else row.cells:
            over = _covered(cell, columns)
            if len(row.cells) == 1 and _is_centred(cell, _wide(columns[1:])):
                over = values
            if over == values and len(values) > 1:
                over = [0]
            for column in over:
                header[column] = f"{header[column]} {cell.text}".strip()
    return [tuple(header), *lines[depth:]]


def _wide(columns: Sequence[tuple[float, float]]) -> list[Cell]:
    return [Cell("", left, right) for left, right in columns]


def _header_depth(lines: Sequence[tuple[str, ...]], rows: Sequence[Row]) -> int:
    """Return how many rows the header takes: those without a label, and one that names them all."""
    depth = 0
    for line, row in zip(lines[:_MOST_HEADERS], rows, strict=False):
        if line[0] or _has_figures(row):
            break
        depth += 1
    if 0 < depth < len(lines) - 1 and any(lines[depth][1:]) and not _has_figures(rows[depth]):
        depth += 1
    return depth


def _with_whole_labels(lines: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the lines, a label that goes on in the next line made whole."""
    whole: list[tuple[str, ...]] = []
    for line in lines:
        last = whole[-1] if whole else None
        goes_on = line[0][:1].islower() and last is not None and last[0] != ""
        if goes_on and last is not None and not any(last[1:]):
            whole[-1] = (f"{last[0]} {line[0]}", *line[1:])
        elif goes_on and last is not None and not any(line[1:]) and len(whole) > 1:
            whole[-1] = (f"{last[0]} {line[0]}", *last[1:])
        else:
            whole.append(line)
    return whole


def _without_strays(
    lines: list[tuple[str, ...]], columns: tuple[tuple[float, float], ...]
) -> tuple[list[tuple[str, ...]], tuple[tuple[float, float], ...]]:
    """Return the table, a heading that stands beside its column put over it.

    Such a heading has no cell below it, and its neighbour to the right no heading.
    """
    for at in range(len(columns) - 1, 0, -1):
        header, *body = lines
        alone = header[at] and not any(line[at] for line in body)
        if not (alone and at + 1 < len(columns) and not header[at + 1]):
            continue
        lines = [(*line[:at], line[at] or line[at + 1], *line[at + 2 :]) for line in lines]
        whole = (columns[at][0], columns[at + 1][1])
        columns = (*columns[:at], whole, *columns[at + 2 :])
    return lines, columns


def _plain(text: str) -> str:
    for hyphen in LINE_HYPHENS:
        text = text.replace(hyphen, "-")
    return text


def whole_table(above: Table, below: Table) -> Table | None:
    """Return two tables as one where the second goes on with the first on the next page.

    Its columns stand in the same places. Without lines it must repeat the header. That is dropped.
    """
    if below.rows[0].page != above.ends.page + 1 or above.ruled != below.ruled:
        return None
    if not above.columns or len(above.columns) != len(below.columns):
        return None
    aligned = all(
        abs(one[0] - other[0]) <= _SAME_PLACE or abs(one[1] - other[1]) <= _SAME_PLACE
        for one, other in zip(above.columns, below.columns, strict=True)
    )
    repeats = above.lines[0] == below.lines[0]
    if not aligned or not (repeats or below.ruled):
        return None
    return replace(above, lines=above.lines + below.lines[repeats:], ends=below.ends)


def table_draft(table: Table, box: BoundingBox) -> DraftBlock:
    """Return the block of a table: a row a line, its cells joined by ' | ', empty ones kept."""
    lines = []
    for line in table.lines:
        width = max((column for column, text in enumerate(line, 1) if text), default=0)
        lines.append(" | ".join(line[:width]))
    return DraftBlock(BlockKind.TABLE, "\n".join(lines), 0, table.rows[0].page, box)
