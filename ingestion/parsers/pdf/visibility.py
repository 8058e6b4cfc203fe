"""Which characters of a PDF page its reader cannot see, by what drawing the page shows of them.

A look at the page's objects finds the text that could be hidden: most pages have none. The others
are drawn with and without that text, so that colours, pictures, layers, clipping and transparency
count as they do on a screen.
"""

import ctypes
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray
from pypdfium2 import raw

from ingestion.parsers.hidden_text import HiddenText
from ingestion.parsers.pdf import pdfium_calls as calls
from ingestion.parsers.pdf.scene import Box, Scene, Text, overlap

Point = tuple[float, float]
_Flags = NDArray[np.bool_]
INVISIBLE = "drawn invisibly"
TRANSPARENT = "transparent"
COLOUR = "in the colour of the background"
COVERED = "covered"
CUT = "cut off"
LAYER = "not shown"
OUTSIDE = "outside the page"
TINY = "smaller than 1 point"

_SMALLEST = 1.0
_NEAR = 64
"""Of 255: colours closer than this may be the same to the eye, and are looked at."""
_CONTRAST = 24
"""Of 255: what text must change in a drawn page to be seen."""
_INK = 40
"""Of 255: what a scan must show below its recognised text."""
_SCALE, _LARGEST_SIDE = 1.5, 1700
_THIN, _MANY_THIN = 1.5, 4
"""Points, count: rules under and around text are thinner, and fewer."""
_MOST_PAIRS, _PAIRS_AT_ONCE = 50_000_000, 1_000_000
_SCAN_SHARE = 0.5
_MARGIN = 2.0  # points around a character where the ink of a scan may begin
_PIECE = 4
_SLACK = 1.0
_STROKED = (1, 5)  # render modes in which the fill colour is not used
_UNPAINTED = (3, 7)


class Unseen(NamedTuple):
    """What is hidden on a page.

    indexes: of PDFium's characters. reasons: why, for each of them. scan_layer: whether some text
    is an invisible layer over a scan, which is kept.
    """

    indexes: tuple[int, ...]
    reasons: tuple[str, ...]
    scan_layer: bool

    def counted(self, characters: str, page: int) -> Iterator[HiddenText]:
        """Yield how many of the page's characters are hidden, by reason. page: from 1."""
        pairs = zip(self.indexes, self.reasons, strict=True)
        counts = Counter(reason for index, reason in pairs if not characters[index].isspace())
        for reason, count in counts.items():
            yield HiddenText(reason, count, page)


NOTHING = Unseen((), (), scan_layer=False)


def unseen_characters(
    page: pdfium.PdfPage,
    text_page: pdfium.PdfTextPage,
    scene: Scene,
    shown: Callable[[float, float], Point],
) -> Unseen:
    """Return the characters of a loaded page that are not seen. Raises pdfium.PdfiumError.

    scene: what the page paints. shown: where a point of the page's own space lies on the page
    that is shown.
    """
    bounds = page.get_bbox()
    suspects = _suspects(scene, bounds)
    if not suspects:
        return NOTHING
    scan = _covered_share(scene.images, bounds) >= _SCAN_SHARE
    views = _Views(page, [text for text, _ in suspects.values()], shown, bounds)
    return _Judge(scene, suspects, views, scan=scan).judged(text_page)


def address_of(handle: object) -> int:
    """Return the address of a PDFium object, by which its handles are the same."""
    return ctypes.cast(handle, ctypes.c_void_p).value or 0  # type: ignore[arg-type] # opaque


def _suspects(scene: Scene, bounds: Box) -> dict[int, tuple[Text, str]]:
    """Return the text objects that may be hidden, by address, with the reason if they are."""
    found = {}
    for text, beside in zip(scene.texts, _reasons_beside(scene), strict=True):
        if reason := _own_reason(text, bounds) or beside:
            found[address_of(text.handle)] = (text, reason)
    return found


def _own_reason(text: Text, bounds: Box) -> str:
    """Return why the object itself may be hidden, '' for no reason. TINY and OUTSIDE are sure."""
    left, bottom, right, top = text.box
    if min(right - left, top - bottom) < _SMALLEST and _size(text) < _SMALLEST:
        return TINY
    if text.mode in _UNPAINTED:
        return INVISIBLE
    if text.transparent:
        return TRANSPARENT
    if text.mode in _STROKED or text.colour is None or min(text.colour) >= 255 - _NEAR:
        return COLOUR
    if not _within(text.box, bounds):
        return OUTSIDE
    if text.clip is not None and not _within(text.box, text.clip):
        return CUT
    return LAYER if text.layered else ""


def _reasons_beside(scene: Scene) -> list[str]:
    """Return for each text why other objects on the page may hide it, '' for no reason."""
    if not scene.texts or not len(scene.orders):
        return [""] * len(scene.texts)
    if len(scene.texts) * len(scene.orders) > _MOST_PAIRS:
        return [COVERED] * len(scene.texts)
    thick = np.minimum(*(scene.boxes[:, 2:] - scene.boxes[:, :2]).T) >= _THIN
    reasons: list[str] = []
    rows = max(1, _PAIRS_AT_ONCE // len(scene.orders))
    for start in range(0, len(scene.texts), rows):
        covered, alike = _doubts(scene.texts[start : start + rows], scene, thick)
        reasons += (
            COVERED if over else COLOUR if under else ""
            for over, under in zip(covered.tolist(), alike.tolist(), strict=True)
        )
    return reasons


def _doubts(texts: list[Text], scene: Scene, thick: _Flags) -> tuple[_Flags, _Flags]:
    """Return whether each text meets a later object, and an earlier one much of its colour."""
    left, bottom, right, top = np.array([text.box for text in texts], np.float32).T[..., None]
    boxes = scene.boxes.T
    meets = (boxes[0] < right) & (boxes[1] < top) & (boxes[2] > left) & (boxes[3] > bottom)
    later = scene.orders > np.array([text.order for text in texts], np.int32)[:, None]
    inks = np.array([text.colour or (0, 0, 0) for text in texts], np.int16).T[..., None]
    red, green, blue = np.abs(scene.colours.T[:, None] - inks) < _NEAR
    alike = (red & green & blue) | (scene.colours[:, 0] < 0)
    over, under = meets & later, meets & alike & ~later
    return _matters(over, thick), _matters(under, thick)


def _matters(objects: _Flags, thick: _Flags) -> _Flags:
    """Return for each row whether its objects are more than rules around text."""
    matters: _Flags = (objects & thick).any(axis=1) | (objects.sum(axis=1) >= _MANY_THIN)
    return matters


def _size(text: Text) -> float:
    """Return the size of a text object's font on the page, in points."""
    size, own = ctypes.c_float(), raw.FS_MATRIX()
    calls.font_size_of(text.handle, ctypes.byref(size))
    calls.matrix_of(text.handle, ctypes.byref(own))
    scale = math.hypot(*text.matrix[2:4])
    return abs(size.value) * min(math.hypot(own.a, own.b), math.hypot(own.c, own.d)) * scale


def _within(box: Box, outer: Box) -> bool:
    return (
        box[0] >= outer[0] - _SLACK
        and box[1] >= outer[1] - _SLACK
        and box[2] <= outer[2] + _SLACK
        and box[3] <= outer[3] + _SLACK
    )


def _covered_share(images: list[Box], bounds: Box) -> float:
    """Return about how much of the page lies under images; overlaps count twice."""
    shown = (overlap(image, bounds) for image in images)
    area = sum(max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1]) for box in shown)
    return area / max(1.0, (bounds[2] - bounds[0]) * (bounds[3] - bounds[1]))


class _Views:
    """The page as it is drawn with all its text and without some, drawn when first asked for."""

    def __init__(
        self,
        page: pdfium.PdfPage,
        texts: list[Text],
        shown: Callable[[float, float], Point],
        bounds: Box,
    ) -> None:
        self._page, self._shown = page, shown
        self._width, self._height = page.get_size()
        left, bottom, right, top = zip(*(text.box for text in texts), strict=True)
        whole = overlap((min(left), min(bottom), max(right), max(top)), bounds)
        left_, bottom_, right_, top_ = self._turned(whole)
        self._left, self._top = max(0.0, left_ - 4), min(self._height, top_ + 4)
        self._right, self._bottom = min(self._width, right_ + 4), max(0.0, bottom_ - 4)
        side = max(self._right - self._left, self._top - self._bottom)
        self.scale = min(_SCALE, _LARGEST_SIDE / side) if side > 0 else 0.0
        self._full: NDArray[np.uint8] | None = None

    def without(self, texts: list[Text]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return the page without the texts, and how much they change it, (h, w, 3), (h, w)."""
        if self._full is None:
            self._full = self._drawn()
        for text in texts:
            raw.FPDFPageObj_SetIsActive(text.handle, False)
        try:
            rest = self._drawn()
        finally:
            for text in texts:
                raw.FPDFPageObj_SetIsActive(text.handle, True)
        change = np.maximum(self._full, rest) - np.minimum(self._full, rest)
        # numpy takes ten times as long over an axis of three.
        return rest, np.maximum(np.maximum(change[..., 0], change[..., 1]), change[..., 2])

    def window(self, box: Box) -> tuple[slice, slice]:
        """Return the pixels of a box of the page's own space; none where it is not drawn."""
        left, bottom, right, top = self._turned(box)
        rows = self._pixels(self._top - top, self._top - bottom, self._top - self._bottom)
        return rows, self._pixels(left - self._left, right - self._left, self._right - self._left)

    def _pixels(self, start: float, end: float, side: float) -> slice:
        if end <= 0 or start >= side:
            return slice(0)
        return slice(max(0, math.floor(start * self.scale)), math.ceil(end * self.scale))

    def _drawn(self) -> NDArray[np.uint8]:
        margins = (
            self._left,
            self._bottom,
            self._width - self._right,
            self._height - self._top,
        )
        bitmap = self._page.render(
            scale=self.scale, crop=margins, may_draw_forms=False, draw_annots=False
        )
        drawn: NDArray[np.uint8] = bitmap.to_numpy()[:, :, :3].copy()
        bitmap.close()
        return drawn

    def _turned(self, box: Box) -> Box:
        x0, y0 = self._shown(box[0], box[1])
        x1, y1 = self._shown(box[2], box[3])
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


class _Judge:
    """Looks at the characters of suspect text, a few at a time."""

    def __init__(
        self,
        scene: Scene,
        suspects: Mapping[int, tuple[Text, str]],
        views: _Views,
        *,
        scan: bool,
    ) -> None:
        self._images = scene.images if scan else []
        self._suspects, self._views = suspects, views
        self._groups: dict[str, list[Text]] = defaultdict(list)
        for text, reason in suspects.values():
            self._groups[reason].append(text)
        self._drawn: dict[str, tuple[NDArray[np.uint8], NDArray[np.uint8]]] = {}
        self._numbers = tuple(ctypes.c_double() for _ in range(4))
        self._sides = tuple(map(ctypes.byref, self._numbers))
        self._loose = raw.FS_RECTF()

    def judged(self, text_page: pdfium.PdfTextPage) -> Unseen:
        indexes: list[int] = []
        reasons: list[str] = []
        scan_layer = False
        for address, piece in self._pieces(text_page):
            reason = self._suspects[address][1]
            box = self._box(text_page.raw, piece, loose=reason == INVISIBLE)
            if self._is_seen(reason, box):
                continue
            if reason != TINY and self._is_over_ink(reason, box):
                scan_layer = True
                continue
            indexes += piece
            reasons += [reason] * len(piece)
        return Unseen(tuple(indexes), tuple(reasons), scan_layer)

    def _pieces(self, text_page: pdfium.PdfTextPage) -> Iterator[tuple[int, list[int]]]:
        """Yield the suspects' characters, a few of one object at a time."""
        page = text_page.raw

        def address(index: int) -> int:
            return calls.char_object(page, index) or 0

        for found, run in itertools.groupby(range(text_page.count_chars()), key=address):
            if found in self._suspects:
                indexes = list(run)
                for start in range(0, len(indexes), _PIECE):
                    yield found, indexes[start : start + _PIECE]

    def _box(self, text_page: object, piece: list[int], *, loose: bool) -> Box:
        left, right, bottom, top = self._numbers
        box = self._loose
        boxes: list[Box] = []
        for index in piece:
            calls.char_box(text_page, index, *self._sides)
            boxes.append((left.value, bottom.value, right.value, top.value))
            if loose or right.value <= left.value or top.value <= bottom.value:
                calls.loose_char_box(text_page, index, ctypes.byref(box))
                boxes[-1] = (box.left, box.bottom, box.right, box.top)
        lefts, bottoms, rights, tops = zip(*boxes, strict=True)
        return min(lefts), min(bottoms), max(rights), max(tops)

    def _is_seen(self, reason: str, box: Box) -> bool:
        if reason in (INVISIBLE, TINY) or not self._views.scale:
            return False
        window = self._view(reason)[1][self._views.window(box)]
        return window.size > 0 and int(window.max()) >= _CONTRAST * min(1.0, self._views.scale)

    def _is_over_ink(self, reason: str, box: Box) -> bool:
        """Return whether the text is of a scan: on its image, where that is not blank."""
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        if not any(it[0] <= x <= it[2] and it[1] <= y <= it[3] for it in self._images):
            return False
        around = (box[0] - _MARGIN, box[1] - _MARGIN, box[2] + _MARGIN, box[3] + _MARGIN)
        window = self._view(reason)[0][self._views.window(around)]
        return window.size > 0 and int(np.ptp(window, axis=(0, 1)).max()) >= _INK

    def _view(self, reason: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        if reason not in self._drawn:
            self._drawn[reason] = self._views.without(self._groups[reason])
        return self._drawn[reason]
