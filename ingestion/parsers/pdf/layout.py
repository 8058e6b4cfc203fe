"""From fragments to rows in reading order: columns are found by the empty strip between them."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple

from ingestion.parsers.pdf.fragments import CURRENCY_SIGNS, Fragment, PageText
from ingestion.parsers.pdf.grids import Grid, grids_of
from ingestion.records import BoundingBox
from ingestion.reflow import gap_between

_CELL_GAP = 1.4
"""In font sizes: a wider gap within a row separates cells."""
_PART_GAP = 0.9
_SAME_ROW = 0.45
_STEP = 2.0
_MOST_CROSSING = 0.25
"""Share of the lines that may cross a gutter (titles, figures, tables over both columns)."""
_LEAST_LINES = 4
_LEAST_COLUMN = 0.18
_BAND_GAP = 0.8
"""In font sizes: what is this far apart may belong to different bands of a page."""
_MOST_BANDS = 6
_FILLED = 0.55
_MOSTLY = 0.7


class Cell(NamedTuple):
    """Words of a row that a wide gap sets apart, and where they begin and end."""

    text: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Row:
    """One line of text as the eye sees it.

    page: from 1. column: rows with another number stand in another column or band. left, right
    and the column's own margins in points. cells: the parts that wide gaps set apart. parts: the
    same, those that a gap of one letter sets apart. grid: of the ruled table on this page, whose
    rows have a cell as wide as its column for each, empty ones too. mono: set in a font like that
    of a typewriter.
    """

    text: str
    cells: tuple[Cell, ...]
    parts: tuple[Cell, ...]
    page: int
    column: int
    box: BoundingBox
    baseline: float
    size: float
    bold: bool
    column_left: float
    column_right: float
    mono: bool = False
    grid: int | None = None


@dataclass(frozen=True, slots=True)
class _Column:
    """Where rows are being made. grids: by the fragment that holds the place of each."""

    page: int
    ordinal: int
    margins: tuple[float, float]
    grids: Mapping[Fragment, tuple[int, Grid]]


def rows_of(page: PageText, number: int) -> list[Row]:
    """Return the page's rows in reading order. number: of the page, from 1."""
    shown = [fragment for fragment in page.fragments if _on_page(fragment, page)]
    upright = [fragment for fragment in shown if fragment.upright]
    grids = grids_of(page.rulings, upright)
    ruled = frozenset[Fragment]().union(*(grid.fragments for grid in grids))
    places = {_place_of(grid): (ordinal, grid) for ordinal, grid in enumerate(grids)}
    flow = [*(fragment for fragment in upright if fragment not in ruled), *places]
    rows: list[Row] = []
    for ordinal, fragments in enumerate(_columns(flow, page.width)):
        lines = _lines(fragments)
        rows += _column_rows(lines, _Column(number, ordinal, _margins(lines), places))
    # Text up the margin, or a table on its side: after the rest, in the order of the file.
    rows += [
        _row([fragment], _Column(number, -1, (fragment.left, fragment.right), {}))
        for fragment in shown
        if not fragment.upright
    ]
    return rows


def _place_of(grid: Grid) -> Fragment:
    """Return a fragment without words that holds a table's place in the reading order."""
    box = grid.box
    return Fragment(
        text="",
        left=box.left,
        right=box.right,
        bottom=box.bottom,
        top=box.top,
        baseline=box.top,
        size=grid.size,
        bold=False,
        upright=True,
    )


def _on_page(fragment: Fragment, page: PageText) -> bool:
    """Return whether a reader sees the fragment: drawing programs leave some beyond the edge."""
    across = (fragment.left + fragment.right) / 2
    return 0 <= across <= page.width and 0 <= fragment.baseline <= page.height


def _columns(fragments: list[Fragment], page_width: float) -> Iterator[list[Fragment]]:
    """Yield groups of fragments to be read one after the other, each from top to bottom."""
    gutters = _gutters(fragments, page_width)
    if gutters:
        yield from _banded(fragments, gutters)
        return
    single: list[Fragment] = []
    for band in _bands(fragments) if _may_hold_columns(fragments) else [fragments]:
        if gutters := _gutters(band, page_width):
            if single:
                yield single
                single = []
            yield from _banded(band, gutters)
        else:
            single += band
    if single:
        yield single


def _may_hold_columns(fragments: Sequence[Fragment]) -> bool:
    """Return whether enough of the page's lines are short: those of columns are."""
    if not fragments:
        return False
    left, right = min(item.left for item in fragments), max(item.right for item in fragments)
    short = sum(item.right - item.left < _FILLED * (right - left) for item in fragments)
    return short > 0.3 * len(fragments)


def _bands(fragments: list[Fragment]) -> list[list[Fragment]]:
    """Return the fragments of a page in bands, cut where it is emptiest from side to side.

    A page may begin with a figure over its whole width and go on in columns. Bands of a few lines
    hold no columns and are not cut further.
    """
    lines = _lines(fragments)
    if len(lines) < 2 * _LEAST_LINES:
        return [fragments]
    gaps = [
        min(item.bottom for item in above) - max(item.top for item in below)
        for above, below in pairwise(lines)
    ]
    size = statistics.median(fragment.size for fragment in fragments)
    inner = range(_LEAST_LINES - 1, len(gaps) - _LEAST_LINES + 1)
    wide = [at for at in inner if gaps[at] >= _BAND_GAP * size]
    widest = sorted(wide, key=lambda at: -gaps[at])[:_MOST_BANDS]
    edges = [0, *(at + 1 for at in sorted(widest)), len(lines)]
    return [[item for line in lines[a:b] for item in line] for a, b in pairwise(edges)]


def _banded(fragments: list[Fragment], gutters: list[float]) -> Iterator[list[Fragment]]:
    """Yield the columns between the gutters, and what lies over several of them, in bands."""
    crossing = [
        item for item in fragments if any(item.left < gutter < item.right for gutter in gutters)
    ]
    band: list[Fragment] = []
    spanning: list[Fragment] = []
    for fragment in sorted(fragments, key=lambda item: -item.baseline):
        if any(_touch(fragment, other) for other in crossing):
            yield from _split(band, gutters)
            band = []
            spanning.append(fragment)
            continue
        if spanning:
            yield spanning
            spanning = []
        band.append(fragment)
    yield from _split(band, gutters)
    if spanning:
        yield spanning


def _touch(one: Fragment, other: Fragment) -> bool:
    """Return whether two fragments are parts of one line (a raised mark cuts a line in two)."""
    size = max(one.size, other.size)
    gap = max(one.left - other.right, other.left - one.right)
    return abs(one.baseline - other.baseline) <= _SAME_ROW * size and gap < 0.7 * size


def _split(band: list[Fragment], gutters: list[float]) -> Iterator[list[Fragment]]:
    edges = [float("-inf"), *gutters, float("inf")]
    for left, right in pairwise(edges):
        if inside := [item for item in band if left <= (item.left + item.right) / 2 < right]:
            yield inside


def _gutters(fragments: list[Fragment], page_width: float) -> list[float]:
    """Return the x of each strip between two columns of running text, from left to right."""
    if len(fragments) < 2 * _LEAST_LINES or _is_typed(fragments):
        return []
    size = statistics.median(fragment.size for fragment in fragments)
    coverage = _coverage(fragments, page_width)
    allowed = _MOST_CROSSING * max(coverage)
    gutters: list[float] = []
    start: int | None = None
    for cell, count in enumerate([*coverage, max(coverage)]):
        if count <= allowed:
            start = cell if start is None else start
            continue
        if start is not None and (cell - start) * _STEP >= 0.7 * size:
            # Where it is emptiest, the middle of the strip.
            least = min(coverage[start:cell])
            empty = [at for at in range(start, cell) if coverage[at] == least]
            gutters.append((empty[len(empty) // 2] + 0.5) * _STEP)
        start = None
    return _between_columns(fragments, gutters)


def _is_typed(fragments: Sequence[Fragment]) -> bool:
    """Return whether most of the text is program text, whose comments stand like a column."""
    typed = sum(len(item.text) for item in fragments if item.mono)
    return typed > 0.5 * sum(len(item.text) for item in fragments)


def _coverage(fragments: list[Fragment], page_width: float) -> list[int]:
    """Return how many fragments lie over each strip of _STEP points."""
    cells = max(1, min(4000, int(page_width / _STEP) + 1))
    changes = [0] * (cells + 1)
    for fragment in fragments:
        changes[max(0, min(cells, int(fragment.left / _STEP)))] += 1
        changes[max(0, min(cells, int(fragment.right / _STEP) + 1))] -= 1
    return list(accumulate(changes[:cells]))


def _between_columns(fragments: list[Fragment], gutters: list[float]) -> list[float]:
    """Return the gutters that have running text, not table cells, on both sides."""
    left = min(fragment.left for fragment in fragments)
    right = max(fragment.right for fragment in fragments)
    kept = [gutter for gutter in gutters if left < gutter < right]
    while kept:
        edges = [left, *kept, right]
        full = [
            _is_running_text(fragments, start, end, right - left) for start, end in pairwise(edges)
        ]
        if all(full):
            return kept
        # A strip that is no column joins its neighbour.
        bad = full.index(False)
        kept.pop(min(bad, len(kept) - 1))
    return []


def _is_running_text(
    fragments: list[Fragment], start: float, end: float, page_width: float
) -> bool:
    inside = [item for item in fragments if item.left >= start - 1 and item.right <= end + 1]
    if len(inside) < _LEAST_LINES or end - start < _LEAST_COLUMN * page_width:
        return False
    width = max(item.right for item in inside) - min(item.left for item in inside)
    full = sum(item.right - item.left >= _FILLED * width for item in inside)
    # Formulas and references break lines into small pieces, so count what the pieces hold.
    held = sum(len(item.text) for item in inside if item.right - item.left >= _FILLED * width)
    return full >= _LEAST_LINES and held >= 0.5 * sum(len(item.text) for item in inside)


def _lines(fragments: list[Fragment]) -> list[list[Fragment]]:
    """Return the fragments by line, from top to bottom."""
    lines: list[list[Fragment]] = []
    for fragment in sorted(fragments, key=lambda item: (-item.baseline, item.left)):
        if lines and _same_row(lines[-1], fragment):
            lines[-1].append(fragment)
        else:
            lines.append([fragment])
    return lines


def _column_rows(lines: list[list[Fragment]], column: _Column) -> Iterator[Row]:
    for line in lines:
        if words := sorted((item for item in line if item.text), key=lambda item: item.left):
            yield _row(words, column)
        for item in line:
            if not item.text:
                yield from _grid_rows(*column.grids[item], column)


def _grid_rows(ordinal: int, grid: Grid, column: _Column) -> Iterator[Row]:
    left, right = column.margins
    for row in grid.rows:
        cells = tuple(map(Cell, row.cells, *zip(*row.spans, strict=True)))
        yield Row(
            text=" ".join(filter(None, row.cells)),
            cells=cells,
            parts=cells,
            page=column.page,
            column=column.ordinal,
            box=row.box,
            baseline=row.box.bottom,
            size=grid.size,
            bold=False,
            column_left=left,
            column_right=right,
            grid=None if row.title else ordinal,
        )


def _same_row(line: list[Fragment], fragment: Fragment) -> bool:
    largest = line[0] if len(line) == 1 else max(line, key=lambda item: item.size)
    reach = _SAME_ROW * max(largest.size, fragment.size)
    return abs(largest.baseline - fragment.baseline) <= reach


def _margins(lines: list[list[Fragment]]) -> tuple[float, float]:
    """Return where the column's lines usually begin and end."""
    lefts = sorted(min(item.left for item in line) for line in lines)
    rights = sorted(max(item.right for item in line) for line in lines)
    if not lefts:
        return 0.0, 0.0
    return lefts[len(lefts) // 10], rights[-1 - len(rights) // 10]


def _row(line: Sequence[Fragment], column: _Column) -> Row:
    largest = max(line, key=lambda item: (len(item.text) > 1, item.size))
    cells = [Cell(line[0].text, line[0].left, line[0].right)]
    parts = cells[:]
    for last, fragment in pairwise(line):
        gap = fragment.left - last.right
        own = Cell(fragment.text, fragment.left, fragment.right)
        apart = fragment.text in CURRENCY_SIGNS
        wide = gap > 0.5 * largest.size
        between = " " if wide else _narrow(last, fragment, gap)
        for held, least in ((cells, _CELL_GAP), (parts, _PART_GAP)):
            if apart or gap >= least * largest.size:
                held.append(own)
            else:
                text, left, right = held[-1]
                held[-1] = Cell(text + between + own.text, left, max(right, own.right))
    return Row(
        text=" ".join(cell.text for cell in cells),
        cells=tuple(cells),
        parts=tuple(parts),
        page=column.page,
        column=column.ordinal,
        box=_box_around(line),
        baseline=largest.baseline,
        size=largest.size,
        bold=all(item.bold for item in line),
        column_left=column.margins[0],
        column_right=column.margins[1],
        mono=_is_mostly_mono(line),
    )


def _box_around(line: Sequence[Fragment]) -> BoundingBox:
    first = line[0]
    if len(line) == 1:  # as most are
        return BoundingBox(first.left, first.bottom, first.right, first.top)
    return BoundingBox(
        left=min(item.left for item in line),
        bottom=min(item.bottom for item in line),
        right=max(item.right for item in line),
        top=max(item.top for item in line),
    )


def _is_mostly_mono(line: Sequence[Fragment]) -> bool:
    if not any(item.mono for item in line):
        return False
    typed = sum(len(item.text) for item in line if item.mono)
    return typed >= _MOSTLY * sum(len(item.text) for item in line)


def _narrow(last: Fragment, fragment: Fragment, gap: float) -> str:
    """Return what stands between two fragments that nearly touch."""
    return "" if gap < 0.12 * fragment.size else gap_between(last.text, fragment.text)
