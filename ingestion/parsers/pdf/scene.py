"""What is painted on a PDF page, in order: its text objects, and what lies under or over them."""

import ctypes
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pypdfium2 import raw

from ingestion.parsers.pdf import pdfium_calls as calls
from ingestion.parsers.pdf.pdfium_calls import Handle

Boxes = NDArray[np.float32]  # (n, 4): left, bottom, right, top in the page's own space
Matrix = tuple[float, float, float, float, float, float]
Box = tuple[float, float, float, float]
Colour = tuple[int, int, int]

DEEPEST_FORMS = 12
"""Forms within each other that are looked into."""
_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_FILLED_WIDTH = 3.0  # points from which a line is a bar that can cover text
_MOST_CLIP_POINTS = 200
# Only what stands outside of streams is plain text, and a form's own dictionary does, unless it is
# packed with other objects. A name may be spelled with the codes of letters, which nobody does.
_LAYERED = re.compile(rb"/(?:OC(?![A-Za-z])|ObjStm|[!-~]{0,5}#[4-7][0-9A-Fa-f])")
_LAYER = (ord("O"), ord("C"), 0)
_LAYER_BYTES = ctypes.c_ulong(16)


class Text(NamedTuple):
    """A text object. order: its place in the order of painting. clip: what of it may be seen."""

    handle: Handle
    order: int
    box: Box
    matrix: Matrix
    colour: Colour | None
    mode: int
    transparent: bool
    layered: bool
    clip: Box | None


class _Place(NamedTuple):
    """The page or a form in it: where and how its objects are shown."""

    matrix: Matrix = _IDENTITY
    depth: int = 0
    layered: bool = False
    clip: Box | None = None


_PAGE = _Place()


class Scene(NamedTuple):
    """All of a page. Rows of boxes, orders and colours belong together.

    orders: (n,). colours: (n, 3), negative where they are not one plain colour. images: boxes of
    images alone. paths: what is drawn on the page itself, not in its forms. total: of all objects.
    """

    texts: list[Text]
    boxes: Boxes
    orders: NDArray[np.int32]
    colours: NDArray[np.int16]
    images: list[Box]
    paths: list[Handle]
    total: int


def may_layer_forms(content: bytes) -> bool:
    """Return whether a form in the file may belong to a layer, which PDFium does not tell.

    O(bytes). Never False where one does.
    """
    return _LAYERED.search(content) is not None


def read_scene(page: Handle, *, layered_forms: bool = True) -> Scene:
    """Return what a loaded page paints; a form's content stands in the place of the form.

    layered_forms: whether a form may belong to a layer without a mark.
    """
    walk = _Walk(layered_forms=layered_forms)
    walk.objects(page, calls.count_objects(page), calls.object_at, _PAGE)
    return Scene(
        walk.texts,
        np.array(walk.boxes, np.float32).reshape(-1, 4),
        np.array(walk.orders, np.int32),
        np.array(walk.colours, np.int16).reshape(-1, 3),
        walk.images,
        walk.paths,
        walk.order,
    )


class _Walk:
    """Its C structures are made once, as a page has hundreds of objects."""

    def __init__(self, *, layered_forms: bool) -> None:
        self._layered_forms = layered_forms
        self.texts: list[Text] = []
        self.boxes: list[Box] = []
        self.orders: list[int] = []
        self.colours: list[Colour] = []
        self.images: list[Box] = []
        self.paths: list[Handle] = []
        self.order = 0
        self._floats = tuple(ctypes.c_float() for _ in range(4))
        self._sides = tuple(map(ctypes.byref, self._floats))
        self._numbers = tuple(ctypes.c_uint() for _ in range(4))
        self._channels = tuple(map(ctypes.byref, self._numbers))
        self._mode, self._flag = ctypes.c_int(), ctypes.c_int()
        self._modes = ctypes.byref(self._mode), ctypes.byref(self._flag)
        self._layers: dict[int, bool] = {}
        self._clips: dict[tuple[object, ...], Box | None] = {}

    def objects(
        self,
        parent: Handle,
        count: int,
        at: Callable[[Handle, int], Handle],
        place: _Place,
    ) -> None:
        for index in range(count):
            handle = at(parent, index)
            self.order += 1
            # What is no text has no mode: of thousands of objects most need one call less so.
            mode = calls.render_mode(handle)
            if mode != raw.FPDF_TEXTRENDERMODE_UNKNOWN:
                self._text(handle, mode, place)
                continue
            match calls.kind_of(handle):
                case raw.FPDF_PAGEOBJ_PATH:
                    self._path(handle, place)
                case raw.FPDF_PAGEOBJ_FORM if place.depth < DEEPEST_FORMS:
                    self._form(handle, place)
                case raw.FPDF_PAGEOBJ_IMAGE:
                    self.images.append(self._paint(handle, place.matrix, None))
                case _:
                    self._paint(handle, place.matrix, None)

    def _text(self, handle: Handle, mode: int, place: _Place) -> None:
        matrix = place.matrix
        colour, alpha = self._colour(calls.fill_colour, handle)
        self.texts.append(
            Text(
                handle,
                self.order,
                self._box(handle, matrix),
                matrix,
                colour,
                mode,
                alpha < 255 or bool(calls.has_transparency(handle)),
                place.layered or self._has_layer(handle),
                _both(self._clip(handle, matrix), place.clip),
            )
        )

    def _path(self, handle: Handle, place: _Place) -> None:
        matrix = place.matrix
        if place.depth == 0:
            self.paths.append(handle)
        calls.draw_mode(handle, *self._modes)
        if self._mode.value != raw.FPDF_FILLMODE_NONE:
            self._paint(handle, matrix, self._colour(calls.fill_colour, handle)[0])
        elif self._flag.value:
            calls.stroke_width(handle, self._sides[0])
            if self._floats[0].value >= _FILLED_WIDTH:
                self._paint(handle, matrix, self._colour(calls.stroke_colour, handle)[0])

    def _form(self, handle: Handle, place: _Place) -> None:
        own = raw.FS_MATRIX()
        calls.matrix_of(handle, ctypes.byref(own))
        inner = _product((own.a, own.b, own.c, own.d, own.e, own.f), place.matrix)
        count = max(0, calls.form_count_objects(handle))
        # What hides a form hides all that is in it, which does not say so.
        doubtful = (
            place.layered
            or self._layered_forms
            or bool(calls.has_transparency(handle))
            or self._has_layer(handle)
        )
        clip = _both(self._clip(handle, place.matrix), place.clip)
        inside = _Place(inner, place.depth + 1, doubtful, clip)
        self.objects(handle, count, calls.form_object_at, inside)

    def _paint(self, handle: Handle, matrix: Matrix, colour: Colour | None) -> Box:
        box = self._box(handle, matrix)
        self.boxes.append(box)
        self.orders.append(self.order)
        self.colours.append(colour or (-1, -1, -1))
        return box

    def _box(self, handle: Handle, matrix: Matrix) -> Box:
        if not calls.bounds_of(handle, *self._sides):
            return 0.0, 0.0, 0.0, 0.0
        left, bottom, right, top = self._floats
        return _moved((left.value, bottom.value, right.value, top.value), matrix)

    def _colour(self, read: Callable[..., int], handle: Handle) -> tuple[Colour | None, int]:
        """Return a plain colour, or None, and how opaque it is, 0 to 255."""
        if not read(handle, *self._channels):
            return None, 255
        red, green, blue, alpha = self._numbers
        return (red.value, green.value, blue.value), alpha.value

    def _has_layer(self, handle: Handle) -> bool:
        return any(
            self._is_layer(calls.mark_at(handle, index))
            for index in range(calls.count_marks(handle))
        )

    def _is_layer(self, mark: int) -> bool:
        # Neighbours share their marks, so that few are asked for their names.
        known = self._layers.get(mark)
        if known is None:
            name, length = (ctypes.c_ushort * 8)(), ctypes.c_ulong()
            calls.mark_name(
                ctypes.c_void_p(mark), ctypes.byref(name), _LAYER_BYTES, ctypes.byref(length)
            )
            known = self._layers[mark] = tuple(name[:3]) == _LAYER
        return known

    def _clip(self, handle: Handle, matrix: Matrix) -> Box | None:
        """Return the rectangle around what clipping leaves, None where nothing is clipped."""
        path = calls.clip_path(handle)
        count = calls.clip_count_paths(path) if path else 0
        if count <= 0:
            return None
        # Neighbours share their clipping, and so its first points.
        count = min(count, _MOST_CLIP_POINTS)
        key = (matrix, *(calls.clip_start(path, index, 0) or 0 for index in range(count)))
        if key not in self._clips:
            self._clips[key] = self._read_clip(path, count, matrix)
        return self._clips[key]

    def _read_clip(self, path: Handle, count: int, matrix: Matrix) -> Box | None:
        clip: Box | None = None
        for index in range(count):
            points = list(self._clip_points(path, index))
            if not points:
                continue
            xs, ys = [x for x, _ in points], [y for _, y in points]
            box = _moved((min(xs), min(ys), max(xs), max(ys)), matrix)
            clip = _both(clip, box)
        return clip

    def _clip_points(self, path: Handle, index: int) -> Iterator[tuple[float, float]]:
        x, y = self._floats[:2]
        for number in range(calls.clip_count_segments(path, index)):
            if number == _MOST_CLIP_POINTS:
                return
            segment = calls.clip_segment_at(path, index, number)
            if calls.segment_point(segment, *self._sides[:2]):
                yield x.value, y.value


def overlap(one: Box, other: Box) -> Box:
    """Return where two boxes overlap; its right or top is not above its left or bottom if not."""
    return (
        max(one[0], other[0]),
        max(one[1], other[1]),
        min(one[2], other[2]),
        min(one[3], other[3]),
    )


def _both(one: Box | None, other: Box | None) -> Box | None:
    """Return what two clippings leave together; None is no clipping."""
    if one is None or other is None:
        return one or other
    return overlap(one, other)


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
