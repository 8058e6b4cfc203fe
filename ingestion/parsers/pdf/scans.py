"""The text that a PDF shows but does not hold as text: scanned pages, and pictures on others.

Pictures are read where they are what a page says: it has few letters of its own, or one of them
covers most of it. Those of a page of text are figures, whose axes and legends would be noise.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pypdfium2 as pdfium

from ingestion.errors import MissingExtra
from ingestion.parsers.pdf.fragments import Fragment, PageText
from ingestion.parsers.scan_pages import Frame, ScanLog, fragments_of, page_of
from ingestion.ports import Recognise
from ingestion.records import BoundingBox, ParseOptions, Pixels, RecognisedLine, Recognition

_PIXELS_PER_POINT = 200 / 72
_MOST_PIXELS = 6_000_000
_LONGEST_SIDE = 5000
_LEAST_LETTERS = 20
"""A scan may hold as much text of its own: the stamp of the program that made it."""
_FEW_LETTERS = 300
"""On a page with fewer its pictures are read; a hanzi is one."""
_MOST_OF_PAGE = 0.5
_LEAST_SHARE = 0.02
_LEAST_SIDES = (48.0, 16.0)
_MOST_PICTURES = 8
_LEAST_CONTRAST = 24
# Replacement and private characters, and controls: codes of a font that maps them to no text.
_UNMAPPED = re.compile("[\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff\x00-\x08\x0e-\x1f]")
_MOST_UNMAPPED = 0.3


@dataclass(slots=True)
class ScanReader:
    """Completes the pages of one document with what is recognised on them.

    load: returns the recogniser; called when the first page needs it.
    """

    options: ParseOptions
    load: Callable[[], Recognise]
    log: ScanLog = field(default_factory=ScanLog)
    frames: dict[int, Frame] = field(default_factory=dict)
    unread: list[int] = field(default_factory=list)
    """Pages that would have needed the recogniser where it is not installed."""
    _recognise: Recognise | None = None
    _seen: dict[bytes, Recognition] = field(default_factory=dict)

    def complete(self, document: pdfium.PdfDocument, index: int, text: PageText) -> PageText:
        """Return the page (from 0) with the recognised text. Raises pdfium.PdfiumError."""
        pictures = _pictures(text)
        scanned = _is_scan(text, pictures)
        wanted = _telling(text, pictures)
        if not self.options.ocr or not (scanned or wanted):
            return text
        number = index + 1
        if len(self.log.read) >= self.options.ocr_pages:
            self.log.left_out.append(number)
            return text
        if not self._load(number):
            return text
        image, points = _rendered(document, index, text)
        if scanned:
            return self._scan(image, points, number, text)
        fragments = [
            fragment
            for box in wanted
            for fragment in self._picture(image, points, box, number, text)
        ]
        return replace(text, fragments=(*text.fragments, *fragments))

    def _load(self, number: int) -> bool:
        if self._recognise is None and not self.unread:
            try:
                self._recognise = self.load()
            except MissingExtra:
                self._recognise = None
        if self._recognise is None:
            self.unread.append(number)
        return self._recognise is not None

    def _scan(self, image: Pixels, points: float, number: int, text: PageText) -> PageText:
        if self._recognise is None or _is_blank(image):
            return text
        found = self._recognise(image)
        if not found.lines:
            return text
        self.log.add(number, found.lines)
        read, self.frames[number] = page_of(found, points)
        return replace(read, hidden=text.hidden)

    def _picture(
        self, image: Pixels, points: float, box: BoundingBox, number: int, text: PageText
    ) -> list[Fragment]:
        """Return what stands in one picture and not yet in the text; turned pictures are not."""
        tall = image.shape[0]
        left, right = (max(0, round(x / points)) for x in (box.left, box.right))
        top, bottom = (max(0, round(tall - y / points)) for y in (box.top, box.bottom))
        part = np.ascontiguousarray(image[top:bottom, left:right])
        if self._recognise is None or _is_blank(part):
            return []
        found = self._recognised(part, self._recognise)
        if found.turns:
            return []
        lines = [_moved(line, left, top) for line in found.lines]
        fragments = fragments_of(lines, points, text.height)
        new = [
            (line, fragment)
            for line, fragment in zip(lines, fragments, strict=True)
            if not any(_covers(other, fragment) for other in text.fragments)
        ]
        if new and number not in self.log.read:
            self.log.add(number, [line for line, _ in new])
        return [fragment for _, fragment in new]

    def _recognised(self, image: Pixels, recognise: Recognise) -> Recognition:
        """Return what stands in a picture; one that many pages show is looked at once."""
        key = hashlib.sha256(repr(image.shape).encode() + image.tobytes()).digest()
        if key not in self._seen:
            self._seen[key] = recognise(image)
        return self._seen[key]


def _pictures(text: PageText) -> list[BoundingBox]:
    """Return where the page shows images large enough to hold text, largest first."""
    boxes = []
    for image in text.images:
        box = BoundingBox(
            max(0.0, image.left),
            max(0.0, image.bottom),
            min(text.width, image.right),
            min(text.height, image.top),
        )
        across, down = box.right - box.left, box.top - box.bottom
        if max(across, down) < _LEAST_SIDES[0] or min(across, down) < _LEAST_SIDES[1]:
            continue
        if across * down >= _LEAST_SHARE * text.width * text.height:
            boxes.append(box)
    return sorted(boxes, key=lambda box: -_area(box))


def _is_scan(text: PageText, pictures: list[BoundingBox]) -> bool:
    """Return whether the page's own text is none, a stamp on a scan, or unmapped codes."""
    written = "".join(fragment.text for fragment in text.fragments)
    if not written:
        # Text may also have been drawn as outlines; a rule and a frame are none.
        return bool(pictures) or text.objects >= _LEAST_LETTERS
    if len(_UNMAPPED.findall(written)) > _MOST_UNMAPPED * len(written):
        return True
    return len(written) < _LEAST_LETTERS and _covers_most(text, pictures[:1])


def _telling(text: PageText, pictures: list[BoundingBox]) -> list[BoundingBox]:
    """Return the pictures that may say what the page's own text does not."""
    few = sum(len(fragment.text) for fragment in text.fragments) < _FEW_LETTERS
    return [
        box for box in pictures if (few or _covers_most(text, [box])) and not _has_text(text, box)
    ][:_MOST_PICTURES]


def _covers_most(text: PageText, boxes: list[BoundingBox]) -> bool:
    return sum(map(_area, boxes)) >= _MOST_OF_PAGE * text.width * text.height


def _has_text(text: PageText, box: BoundingBox) -> bool:
    """Return whether the page's own text lies over a picture: it is a background, or was read."""
    letters = sum(len(item.text) for item in text.fragments if _lies_in(item, box))
    return letters >= _LEAST_LETTERS


def _lies_in(fragment: Fragment, box: BoundingBox) -> bool:
    x, y = (fragment.left + fragment.right) / 2, (fragment.bottom + fragment.top) / 2
    return box.left <= x <= box.right and box.bottom <= y <= box.top


def _covers(fragment: Fragment, other: Fragment) -> bool:
    """Return whether two fragments stand in the same place."""
    across = min(fragment.right, other.right) - max(fragment.left, other.left)
    down = min(fragment.top, other.top) - max(fragment.bottom, other.bottom)
    least = min(other.right - other.left, fragment.right - fragment.left)
    return across > 0.5 * least and down > 0.5 * (other.top - other.bottom)


def _moved(line: RecognisedLine, left: int, top: int) -> RecognisedLine:
    return replace(
        line,
        left=line.left + left,
        right=line.right + left,
        top=line.top + top,
        bottom=line.bottom + top,
    )


def _area(box: BoundingBox) -> float:
    return max(0.0, box.right - box.left) * max(0.0, box.top - box.bottom)


def _rendered(document: pdfium.PdfDocument, index: int, text: PageText) -> tuple[Pixels, float]:
    """Return the page (from 0) as an image, and the points of one of its pixels."""
    width, height = max(text.width, 1.0), max(text.height, 1.0)
    scale = min(
        _PIXELS_PER_POINT,
        (_MOST_PIXELS / (width * height)) ** 0.5,
        _LONGEST_SIDE / max(width, height),
    )
    page = document.get_page(index)
    try:
        bitmap = page.render(scale=scale, rev_byteorder=False)
        try:
            pixels: Pixels = bitmap.to_numpy()
            if pixels.ndim == 2 or pixels.shape[2] == 1:
                pixels = np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, axis=2)
            return np.ascontiguousarray(pixels[:, :, :3]), 1 / scale
        finally:
            bitmap.close()
    finally:
        page.close()


def _is_blank(image: Pixels) -> bool:
    """Return whether the image has nothing on it that could be a letter."""
    return image.size == 0 or int(image.max()) - int(image.min()) < _LEAST_CONTRAST
