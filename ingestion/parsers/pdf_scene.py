"""What is painted on a PDF page, in order: its text objects, and what lies under or over them."""

import ctypes
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pypdfium2 import raw

Boxes = NDArray[np.float32]  # (n, 4): left, bottom, right, top in the page's own space
Matrix = tuple[float, float, float, float, float, float]
Box = tuple[float, float, float, float]
_Handle = Any  # ctypes pointers to opaque structures have no common type

DEEPEST_FORMS = 12
"""Forms within each other that are looked into."""
_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_FILLED_WIDTH = 3.0  # points from which a line is a bar that can cover text
_MOST_CLIP_POINTS = 200
_LAYER = (ord("O"), ord("C"), 0)


class Text(NamedTuple):
    """A text object. order: its place in the order of painting. clip: what of it may be seen."""

    handle: _Handle
    order: int
    box: Box
    matrix: Matrix
    colour: tuple[int, int, int] | None
    mode: int
    transparent: bool
    layered: bool
    clip: Box | None


class Scene(NamedTuple):
    """All of a page. Rows of boxes, orders and colours belong together.

    orders: (n,). colours: (n, 3), negative where they are not one plain colour. images: boxes of
    images alone.
    """

    texts: list[Text]
    boxes: Boxes
    orders: NDArray[np.int32]
    colours: NDArray[np.int16]
    images: list[Box]


def read_scene(page: _Handle) -> Scene:
    """Return what a loaded page paints; a form's content stands in the place of the form."""
    walk = _Walk()
    count = raw.FPDFPage_CountObjects(page)
    walk.objects(count, lambda index: raw.FPDFPage_GetObject(page, index), _IDENTITY, 0)
    return Scene(
        walk.texts,
        np.array(walk.boxes, np.float32).reshape(-1, 4),
        np.array(walk.orders, np.int32),
        np.array(walk.colours, np.int16).reshape(-1, 3),
        walk.images,
    )


class _Walk:
    """Its C structures are made once, as a page has hundreds of objects."""

    def __init__(self) -> None:
        self.texts: list[Text] = []
        self.boxes: list[Box] = []
        self.orders: list[int] = []
        self.colours: list[tuple[int, int, int]] = []
        self.images: list[Box] = []
        self._order = 0
        # ctypes takes a pointer as it is, and wraps anything else at each call.
        self._floats = tuple(ctypes.c_float() for _ in range(4))
        self._sides = tuple(map(ctypes.pointer, self._floats))
        self._numbers = tuple(ctypes.c_uint() for _ in range(4))
        self._channels = tuple(map(ctypes.pointer, self._numbers))
        self._mode, self._flag = ctypes.c_int(), ctypes.c_int()
        self._modes = ctypes.pointer(self._mode), ctypes.pointer(self._flag)
        self._matrix = raw.FS_MATRIX()
        self._name = (ctypes.c_ushort * 8)()
        self._length = ctypes.c_ulong()

    def objects(self, count: int, at: Callable[[int], _Handle], matrix: Matrix, depth: int) -> None:
        for index in range(count):
            handle = at(index)
            self._order += 1
            # What is no text has no mode: of thousands of objects most need one call less so.
            mode = raw.FPDFTextObj_GetTextRenderMode(handle)
            if mode != raw.FPDF_TEXTRENDERMODE_UNKNOWN:
                self._text(handle, matrix, mode, depth)
                continue
            match raw.FPDFPageObj_GetType(handle):
                case raw.FPDF_PAGEOBJ_PATH:
                    self._path(handle, matrix)
                case raw.FPDF_PAGEOBJ_FORM if depth < DEEPEST_FORMS:
                    self._form(handle, matrix, depth)
                case raw.FPDF_PAGEOBJ_IMAGE:
                    self.images.append(self._paint(handle, matrix, None))
                case _:
                    self._paint(handle, matrix, None)

    def _text(self, handle: _Handle, matrix: Matrix, mode: int, depth: int) -> None:
        colour, alpha = self._colour(raw.FPDFPageObj_GetFillColor, handle)
        self.texts.append(
            Text(
                handle,
                self._order,
                self._box(handle, matrix),
                matrix,
                colour,
                mode,
                alpha < 255 or bool(raw.FPDFPageObj_HasTransparency(handle)),
                # A form may belong to a layer too; PDFium does not tell.
                depth > 0 or self._has_layer(handle),
                self._clip(handle, matrix),
            )
        )

    def _path(self, handle: _Handle, matrix: Matrix) -> None:
        raw.FPDFPath_GetDrawMode(handle, *self._modes)
        if self._mode.value != raw.FPDF_FILLMODE_NONE:
            self._paint(handle, matrix, self._colour(raw.FPDFPageObj_GetFillColor, handle)[0])
        elif self._flag.value:
            width = self._floats[0]
            raw.FPDFPageObj_GetStrokeWidth(handle, width)
            if width.value >= _FILLED_WIDTH:
                self._paint(handle, matrix, self._colour(raw.FPDFPageObj_GetStrokeColor, handle)[0])

    def _form(self, handle: _Handle, matrix: Matrix, depth: int) -> None:
        own = self._matrix
        raw.FPDFPageObj_GetMatrix(handle, own)
        inner = _product((own.a, own.b, own.c, own.d, own.e, own.f), matrix)
        count = max(0, raw.FPDFFormObj_CountObjects(handle))
        self.objects(
            count, lambda index: raw.FPDFFormObj_GetObject(handle, index), inner, depth + 1
        )

    def _paint(self, handle: _Handle, matrix: Matrix, colour: tuple[int, int, int] | None) -> Box:
        box = self._box(handle, matrix)
        self.boxes.append(box)
        self.orders.append(self._order)
        self.colours.append(colour or (-1, -1, -1))
        return box

    def _box(self, handle: _Handle, matrix: Matrix) -> Box:
        if not raw.FPDFPageObj_GetBounds(handle, *self._sides):
            return 0.0, 0.0, 0.0, 0.0
        left, bottom, right, top = self._floats
        return _moved((left.value, bottom.value, right.value, top.value), matrix)

    def _colour(
        self, read: Callable[..., int], handle: _Handle
    ) -> tuple[tuple[int, int, int] | None, int]:
        """Return a plain colour, or None, and how opaque it is, 0 to 255."""
        if not read(handle, *self._channels):
            return None, 255
        red, green, blue, alpha = self._numbers
        return (red.value, green.value, blue.value), alpha.value

    def _has_layer(self, handle: _Handle) -> bool:
        for index in range(raw.FPDFPageObj_CountMarks(handle)):
            mark = raw.FPDFPageObj_GetMark(handle, index)
            raw.FPDFPageObjMark_GetName(mark, self._name, 16, self._length)
            if tuple(self._name[:3]) == _LAYER:
                return True
        return False

    def _clip(self, handle: _Handle, matrix: Matrix) -> Box | None:
        """Return the rectangle around what clipping leaves, None where nothing is clipped."""
        path = raw.FPDFPageObj_GetClipPath(handle)
        count = raw.FPDFClipPath_CountPaths(path) if path else 0
        if count <= 0:
            return None
        clip: Box | None = None
        for index in range(min(count, _MOST_CLIP_POINTS)):
            points = list(self._clip_points(path, index))
            if not points:
                continue
            xs, ys = [x for x, _ in points], [y for _, y in points]
            box = _moved((min(xs), min(ys), max(xs), max(ys)), matrix)
            clip = box if clip is None else overlap(clip, box)
        return clip

    def _clip_points(self, path: _Handle, index: int) -> Iterator[tuple[float, float]]:
        x, y = self._floats[:2]
        for number in range(raw.FPDFClipPath_CountPathSegments(path, index)):
            if number == _MOST_CLIP_POINTS:
                return
            segment = raw.FPDFClipPath_GetPathSegment(path, index, number)
            if raw.FPDFPathSegment_GetPoint(segment, x, y):
                yield x.value, y.value


def overlap(one: Box, other: Box) -> Box:
    """Return where two boxes overlap; its right or top is not above its left or bottom if not."""
    return (
        max(one[0], other[0]),
        max(one[1], other[1]),
        min(one[2], other[2]),
        min(one[3], other[3]),
    )


def _moved(box: Box, matrix: Matrix) -> Box:
    if matrix is _IDENTITY:
        return box
    a, b, c, d, e, f = matrix
    xs = [a * x + c * y + e for x in (box[0], box[2]) for y in (box[1], box[3])]
    ys = [b * x + d * y + f for x in (box[0], box[2]) for y in (box[1], box[3])]
    return min(xs), min(ys), max(xs), max(ys)


def _product(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (
        a * p + b * r,
        a * q + b * s,
        c * p + d * r,
        c * q + d * s,
        e * p + f * r + t,
        e * q + f * s + u,
    )
