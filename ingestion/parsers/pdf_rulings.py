"""The straight lines that are drawn on a PDF page: what a table's cells are ruled with (PDFium)."""

import ctypes
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

Place = Callable[[float, float], tuple[float, float]]
"""Takes a point of a page's own space to where it lies on the page that is shown."""

_MOST_OBJECTS = 6000
_MOST_SEGMENTS = 4000
"""A page with more objects or path segments is a drawing; the rest of it is not looked at."""
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


def read_rulings(page: pdfium.PdfPage, place: Place) -> Rulings:
    """Return the lines of a page: thin bars, edges of drawn rectangles, straight segments.

    O(objects), of which a fixed number is looked at. Never raises: lines are an extra.
    """
    across: list[Ruling] = []
    down: list[Ruling] = []
    for x0, y0, x1, y1 in _edges(page):
        (left, bottom), (right, top) = place(x0, y0), place(x1, y1)
        left, right = min(left, right), max(left, right)
        bottom, top = min(bottom, top), max(bottom, top)
        if top - bottom <= _THICKEST and right - left >= _SHORTEST:
            across.append(Ruling((bottom + top) / 2, left, right))
        elif right - left <= _THICKEST and top - bottom >= _SHORTEST:
            down.append(Ruling((left + right) / 2, bottom, top))
    return Rulings(tuple(_joined(across)), tuple(_joined(down)))


def _edges(page: pdfium.PdfPage) -> Iterator[tuple[float, float, float, float]]:
    """Yield the two ends of each line, in the page's own space."""
    corners = [ctypes.c_float() for _ in range(4)]
    left, bottom, right, top = corners
    segments = 0
    for index in range(min(raw.FPDFPage_CountObjects(page.raw), _MOST_OBJECTS)):
        item = raw.FPDFPage_GetObject(page.raw, index)
        if raw.FPDFPageObj_GetType(item) != raw.FPDF_PAGEOBJ_PATH:
            continue
        count = raw.FPDFPath_CountSegments(item)
        segments += count
        if count < 2 or segments > _MOST_SEGMENTS:
            continue
        if not raw.FPDFPageObj_GetBounds(item, *corners):
            continue
        x0, y0, x1, y1 = (corner.value for corner in (left, bottom, right, top))
        if min(x1 - x0, y1 - y0) <= _THICKEST:
            yield x0, y0, x1, y1
        elif count > _RECTANGLE:
            yield from _straight(item, count)
        elif count >= _RECTANGLE - 1 and _is_stroked(item):
            yield x0, y0, x1, y0
            yield x0, y1, x1, y1
            yield x0, y0, x0, y1
            yield x1, y0, x1, y1


def _is_stroked(item: raw.FPDF_PAGEOBJECT) -> bool:
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    return bool(raw.FPDFPath_GetDrawMode(item, fill, stroke) and stroke.value)


def _straight(item: raw.FPDF_PAGEOBJECT, count: int) -> Iterator[tuple[float, float, float, float]]:
    """Yield the straight segments of a path that draws several lines at once."""
    matrix = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(item, matrix)
    x, y = ctypes.c_float(), ctypes.c_float()
    opened = last = (0.0, 0.0)
    for index in range(count):
        segment = raw.FPDFPath_GetPathSegment(item, index)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        point = (
            matrix.a * x.value + matrix.c * y.value + matrix.e,
            matrix.b * x.value + matrix.d * y.value + matrix.f,
        )
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            opened = point
        elif kind == raw.FPDF_SEGMENT_LINETO:
            yield *last, *point
        if raw.FPDFPathSegment_GetClose(segment):
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
