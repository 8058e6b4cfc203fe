"""From a PDF page to fragments: runs of words on one baseline, with their geometry (PDFium)."""

import ctypes
import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

from ingestion.parsers.hidden_text import HiddenText
from ingestion.parsers.pdf import pdfium_calls as calls
from ingestion.parsers.pdf.rulings import NO_RULINGS, Rulings, read_rulings
from ingestion.parsers.pdf.scene import Box, Scene, read_scene
from ingestion.parsers.pdf.visibility import unseen_characters
from ingestion.records import BoundingBox
from ingestion.reflow import gap_between

# PDFium writes a hyphen at a line's end as one of these.
LINE_HYPHENS = ("\x02", "\ufffe")
# No line break follows a hyphen in PDFium's text, so a word ends with it.
_WORD = re.compile(r"[^\s\x00\x02\ufffe]+[\x02\ufffe]?|[\x02\ufffe]")
_NOTHING = "\x00"  # no word has it
_SURROGATE = re.compile("[\ud800-\udfff]")
_BOLD = re.compile(rb"bold|black|heavy|semibold|demi", re.I)
_MONOSPACED = re.compile(rb"mono|courier|consol|typewriter|menlo|cmtt|(?:^|[-+])code", re.I)
_FIXED_PITCH = 1
_HANZI = re.compile("[\u2e80-\u9fff]")
_FONT_NAME_BYTES = 128
_BUFFER_SIZE = ctypes.c_ulong(_FONT_NAME_BYTES)
CURRENCY_SIGNS = ("$", "¥", "￥", "€", "£")
"""Alone, such a sign opens a cell of a table, however near the cell before it is."""
_LARGEST_GAP = 1.0
"""In font sizes: words further apart belong to different fragments (columns, table cells)."""
_GENERATED_GAP = 0.5
_SAME_BASELINE = 0.3


@dataclass(frozen=True, slots=True)
class Fragment:
    """Words that stand together on one baseline.

    Coordinates in points from the lower left corner of the page as it is shown. size: the
    font's, in points. mono: all characters of the font are equally wide, as in code.
    upright: False for text that runs up, down or upside down.
    """

    text: str
    left: float
    right: float
    bottom: float
    top: float
    baseline: float
    size: float
    bold: bool
    upright: bool
    mono: bool = False


@dataclass(frozen=True, slots=True)
class PageText:
    """A page's size in points, its fragments in the order of the file, and its straight lines.

    hidden: text that nobody sees on the page, which is in no fragment. scan_layer: whether there
    is text that lies unseen over a scan, as OCR leaves it, which is in the fragments. images: where
    the page shows some, in the order of the file, also beyond its edges. objects: how many the
    page is drawn with.
    """

    width: float
    height: float
    fragments: tuple[Fragment, ...]
    rulings: Rulings = NO_RULINGS
    hidden: tuple[HiddenText, ...] = ()
    scan_layer: bool = False
    images: tuple[BoundingBox, ...] = ()
    objects: int = 0


class _Word(NamedTuple):
    """A word on the page that is shown. A tuple, as a book has a hundred thousand of them."""

    text: str
    first: int
    left: float
    right: float
    baseline: float


def read_page(document: pdfium.PdfDocument, index: int, *, layered_forms: bool = True) -> PageText:
    """Return the text of one page (from 0). Raises pdfium.PdfiumError; leaves nothing open.

    layered_forms: see `read_scene`.
    """
    page = document.get_page(index)
    try:
        width, height = page.get_size()
        text_page = page.get_textpage()
        try:
            scene = read_scene(page.raw, layered_forms=layered_forms)
            reader = _Reader(page, text_page)
            hidden, scan_layer = reader.leave_out_hidden(page, text_page, scene, index + 1)
            fragments = tuple(reader.fragments())
            rulings = read_rulings(scene.paths, reader.shown)
            images = tuple(BoundingBox(*reader.shown_box(box)) for box in scene.images)
        finally:
            text_page.close()
    finally:
        page.close()
    return PageText(
        width, height, fragments, rulings, hidden, scan_layer, images, objects=scene.total
    )


class _Reader:
    """Reads one page. Its C structures are made once, as a page has thousands of words."""

    def __init__(self, page: pdfium.PdfPage, text_page: pdfium.PdfTextPage) -> None:
        self._page = text_page.raw
        self._box = raw.FS_RECTF()
        self._matrix = raw.FS_MATRIX()
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._font = ctypes.create_string_buffer(_FONT_NAME_BYTES)
        self._flags = ctypes.c_int()
        self._at_box, self._at_matrix = ctypes.byref(self._box), ctypes.byref(self._matrix)
        self._at_point = ctypes.byref(self._x), ctypes.byref(self._y)
        self._at_font, self._at_flags = ctypes.byref(self._font), ctypes.byref(self._flags)
        self._chars = _characters(text_page)
        self._rotation = page.get_rotation() % 360
        self._bounds = page.get_bbox()
        self._plain = self._rotation == 0 and self._bounds[:2] == (0.0, 0.0)

    def leave_out_hidden(
        self, page: pdfium.PdfPage, text_page: pdfium.PdfTextPage, scene: Scene, number: int
    ) -> tuple[tuple[HiddenText, ...], bool]:
        """Blank what nobody sees; return what it was and whether the text is a scan's."""
        unseen = unseen_characters(page, text_page, scene, self.shown)
        hidden = tuple(unseen.counted(self._chars, number))
        if unseen.indexes:
            chars = list(self._chars)
            for index in unseen.indexes:
                chars[index] = _NOTHING
            self._chars = "".join(chars)
        return hidden, unseen.scan_layer

    def fragments(self) -> Iterator[Fragment]:
        run: list[_Word] = []
        size, bold, upright, mono = 0.0, False, True, False
        for word in self._words():
            if run and not self._continues(run[-1], word, size, upright):
                yield self._fragment(run, size, bold, upright, mono)
                run = []
            if not run:
                size, bold, upright, mono = self._style(word.first)
            run.append(word)
        if run:
            yield self._fragment(run, size, bold, upright, mono)

    def _words(self) -> Iterator[_Word]:
        page, box, x, y = self._page, self._box, self._x, self._y
        at_x, at_y = self._at_point
        at_box = self._at_box
        for match in _WORD.finditer(self._chars):
            first, last = match.start(), match.end() - 1
            calls.char_origin(page, first, at_x, at_y)
            calls.loose_char_box(page, last, at_box)
            if self._plain:
                left, right = x.value, box.right
                yield _Word(match[0], first, left, right if right > left else left, y.value)
                continue
            left, baseline = self.shown(x.value, y.value)
            corners = (self.shown(box.left, box.bottom), self.shown(box.right, box.top))
            right = max(left, corners[0][0], corners[1][0])
            yield _Word(match[0], first, left, right, baseline)

    def _char_box(self, index: int) -> Box:
        box = self._box
        calls.loose_char_box(self._page, index, self._at_box)
        return self.shown_box((box.left, box.bottom, box.right, box.top))

    def shown_box(self, box: Box) -> Box:
        """Return a box of the page's own space as it lies on the page that is shown."""
        x0, y0 = self.shown(box[0], box[1])
        x1, y1 = self.shown(box[2], box[3])
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)

    def shown(self, x: float, y: float) -> tuple[float, float]:
        """Return a point of the page's own space as it lies on the page that is shown."""
        left, bottom, right, top = self._bounds
        match self._rotation:
            case 90:
                return y - bottom, right - x
            case 180:
                return right - x, top - y
            case 270:
                return top - y, x - left
            case _:
                return x - left, y - bottom

    def _style(self, index: int) -> tuple[float, bool, bool, bool]:
        """Return size in points, bold or not, from left to right or not, monospaced or not."""
        matrix = self._matrix
        calls.char_matrix(self._page, index, self._at_matrix)
        size = calls.char_size(self._page, index) * math.hypot(matrix.c, matrix.d)
        length = calls.char_font(self._page, index, self._at_font, _BUFFER_SIZE, self._at_flags)
        font = self._font.raw[: max(0, min(length, _FONT_NAME_BYTES) - 1)]
        turned = round(math.degrees(math.atan2(matrix.b, matrix.a)) / 90) * 90 - self._rotation
        bold = _BOLD.search(font) is not None
        mono = bool(self._flags.value & _FIXED_PITCH) or _MONOSPACED.search(font) is not None
        return size or 1.0, bold, turned % 360 == 0, mono

    def _continues(self, last: _Word, word: _Word, size: float, upright: bool) -> bool:
        between = self._chars[last.first + len(last.text) : word.first]
        if not upright:
            return "\n" not in between
        level = abs(word.baseline - last.baseline) <= _SAME_BASELINE * size
        near = -_LARGEST_GAP * size < word.left - last.right < _LARGEST_GAP * size
        return level and near and "\n" not in between and word.text not in CURRENCY_SIGNS

    def _fragment(
        self, run: list[_Word], size: float, bold: bool, upright: bool, mono: bool
    ) -> Fragment:
        text = run[0].text
        for last, word in itertools.pairwise(run):
            text += self._space(last, word, size) + word.text
        if _SURROGATE.search(text):
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        # A paragraph may begin with bold words; it is bold as a whole if its last word is too.
        bold = bold and (len(run) == 1 or self._style(run[-1].first)[1])
        box = self._char_box(run[0].first)
        return Fragment(
            text=text,
            left=min(box[0], run[0].left),
            right=max(box[2], *(word.right for word in run)),
            bottom=box[1],
            top=box[3],
            baseline=run[0].baseline,
            size=size,
            bold=bold,
            upright=upright,
            # The hanzi of any font are equally wide.
            mono=mono and not _HANZI.search(text),
        )

    def _space(self, last: _Word, word: _Word, size: float) -> str:
        """Return the space between two words; none where justification alone set hanzi apart."""
        near = word.left - last.right < _GENERATED_GAP * size
        if near and not gap_between(last.text, word.text):
            generated = calls.is_generated(self._page, last.first + len(last.text)) == 1
            return "" if generated else " "
        return " "


def _characters(text_page: pdfium.PdfTextPage) -> str:
    """Return one UTF-16 unit per character of PDFium's list, so that indexes agree."""
    count = text_page.count_chars()
    if count == 0:
        return ""
    buffer = (ctypes.c_ushort * (count + 1))()
    written = raw.FPDFText_GetText(text_page.raw, 0, count, buffer)
    if written == count + 1:
        return "".join(map(chr, buffer[:count]))
    # Some characters are left out of the text or added to it: ask for each.
    units = (raw.FPDFText_GetUnicode(text_page.raw, index) for index in range(count))
    return "".join(chr(unit) if 0 < unit < 0x110000 else " " for unit in units)
