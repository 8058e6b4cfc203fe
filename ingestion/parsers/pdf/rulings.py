"""The straight lines that are drawn on a PDF page: what a table's cells are ruled with (PDFium)."""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from pypdfium2 import raw

from ingestion.parsers.pdf import pdfium_calls as calls
from ingestion.parsers.pdf.pdfium_calls import Handle

Place = Callable[[float, float], tuple[float, float]]
"""Takes a point of a page's own space to where it lies on the page that is shown."""

_MOST_PATHS = 6000
_MOST_SEGMENTS = 4000
"""A page with more paths or segments is a drawing; the rest of it is not looked at."""
_RECTANGLE = 5
_THICKEST = 3.0
_SHORTEST = 6.0
_JOINED = 3.0


class Ruling(NamedTuple):
    """A line along one axis: where it stands on the other one, where it begins and ends."""

    at: float
    start: float
    end: float


class Rulings(NamedTuple):
    """The lines of one page, in points from its lower left corner, those that touch made one.

    across: `at` is y. down: `at` is x.
    """

    across: tuple[Ruling, ...]
    down: tuple[Ruling, ...]


NO_RULINGS = Rulings((), ())


def read_rulings(paths: Sequence[Handle], place: Place) -> Rulings:
    """Return the lines that paths draw: thin bars, edges of rectangles, straight segments.

    place: from the page's own space, in which the paths are, to the page as it is shown.
    O(paths), of which a fixed number is looked at. Never raises: lines are an extra.
    """
    across: list[Ruling] = []
    down: list[Ruling] = []
    for x0, y0, x1, y1 in _edges(paths):
        (left, bottom), (right, top) = place(x0, y0), place(x1, y1)
        left, right = min(left, right), max(left, right)
        bottom, top = min(bottom, top), max(bottom, top)
        if top - bottom <= _THICKEST and right - left >= _SHORTEST:
            across.append(Ruling((bottom + top) / 2, left, right))
        elif right - left <= _THICKEST and top - bottom >= _SHORTEST:
            down.append(Ruling((left + right) / 2, bottom, top))
    return Rulings(tuple(_joined(across)), tuple(_joined(down)))


def _edges(paths: Sequence[Handle]) -> Iterator[tuple[float, float, float, float]]:
    """Yield the two ends of each line, in the page's own space."""
    corners = [ctypes.c_float() for _ in range(4)]
    left, bottom, right, top = corners
    sides = tuple(map(ctypes.byref, corners))
    segments = 0
    for item in islice(paths, _MOST_PATHS):
        count = calls.count_segments(item)
        segments += count
        if count < 2 or segments > _MOST_SEGMENTS:
            continue
        if not calls.bounds_of(item, *sides):
            continue
        x0, y0, x1, y1 = left.value, bottom.value, right.value, top.value
        if x1 - x0 <= _THICKEST or y1 - y0 <= _THICKEST:
            yield x0, y0, x1, y1
        elif count > _RECTANGLE:
            yield from _straight(item, count)
        elif count >= _RECTANGLE - 1 and _is_stroked(item):
            yield x0, y0, x1, y0
            yield x0, y1, x1, y1
            yield x0, y0, x0, y1
            yield x1, y0, x1, y1


def _is_stroked(item: Handle) -> bool:
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    return bool(calls.draw_mode(item, ctypes.byref(fill), ctypes.byref(stroke)) and stroke.value)


def _straight(item: Handle, count: int) -> Iterator[tuple[float, float, float, float]]:
    """Yield the straight segments of a path that draws several lines at once."""
    matrix = raw.FS_MATRIX()
    calls.matrix_of(item, ctypes.byref(matrix))
    a, b, c, d, e, f = matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f
    x, y = ctypes.c_float(), ctypes.c_float()
    ends = ctypes.byref(x), ctypes.byref(y)
    opened = last = (0.0, 0.0)
    for index in range(count):
        segment = calls.segment_at(item, index)
        calls.segment_point(segment, *ends)
        point = (a * x.value + c * y.value + e, b * x.value + d * y.value + f)
        kind = calls.segment_kind(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            opened = point
        elif kind == raw.FPDF_SEGMENT_LINETO:
            yield *last, *point
        if calls.segment_closes(segment):
            yield *point, *opened
        last = point


def _joined(rulings: list[Ruling]) -> Iterator[Ruling]:
    """Yield the lines, those on one axis that touch or overlap as one."""
    for level in _levels(sorted(rulings)):
        at = sum(ruling.at for ruling in level) / len(level)
        start, end = level[0].start, level[0].end
        for ruling in sorted(level, key=lambda ruling: ruling.start):
            if ruling.start > end + _JOINED:
                yield Ruling(at, start, end)
                start, end = ruling.start, ruling.end
            start, end = min(start, ruling.start), max(end, ruling.end)
        yield Ruling(at, start, end)


def _levels(rulings: list[Ruling]) -> Iterator[list[Ruling]]:
    level: list[Ruling] = []
    for ruling in rulings:
        if level and ruling.at - level[0].at > _THICKEST:
            yield level
            level = []
        level.append(ruling)
    if level:
        yield level
