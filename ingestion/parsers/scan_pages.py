"""From lines recognised in an image to fragments of a page, and back to the image's frame."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module

from ingestion.builder import DraftBlock
from ingestion.errors import MissingExtra
from ingestion.parsers.page_warnings import page_warnings
from ingestion.parsers.pdf.fragments import Fragment, PageText
from ingestion.ports import Recognise
from ingestion.records import BoundingBox, RecognisedLine, Recognition

_SAME_SIZE = 1.25
"""Lines whose heights differ by less are set in one size: boxes follow the letters in them."""
_FONT_BY_BOX = 0.72
"""What a font's size is of the height of the box around a line."""
_BASELINE = 0.36
"""In font sizes, how far the baseline lies below a line's middle."""
_LOW_CONFIDENCE = 0.8


@dataclass(frozen=True, slots=True)
class Frame:
    """How a page lies in the image that it was read from.

    width, height: of the upright page in points. turns, angle: see `Recognition`.
    """

    width: float
    height: float
    turns: int
    angle: float

    def shown(self, box: BoundingBox) -> BoundingBox:
        """Return a box of the upright page as it lies on the image, in points."""
        corners = [self._point(x, y) for x in (box.left, box.right) for y in (box.bottom, box.top)]
        xs, ys = zip(*corners, strict=True)
        return BoundingBox(min(xs), min(ys), max(xs), max(ys))

    def _point(self, x: float, y: float) -> tuple[float, float]:
        x, y = x - self.width / 2, y - self.height / 2
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        x, y = self.width / 2 + x * cos + y * sin, self.height / 2 + y * cos - x * sin
        match self.turns % 4:
            case 1:
                return y, self.width - x
            case 2:
                return self.width - x, self.height - y
            case 3:
                return self.height - y, x
            case _:
                return x, y


@dataclass(slots=True)
class ScanLog:
    """What is told of a document's recognised pages. Page numbers from 1."""

    read: list[int] = field(default_factory=list)
    left_out: list[int] = field(default_factory=list)
    doubtful: list[int] = field(default_factory=list)

    def add(self, number: int, lines: Sequence[RecognisedLine]) -> None:
        """Note what was read on a page."""
        if not lines:
            return
        self.read.append(number)
        weights = [len(line.text) for line in lines]
        sure = sum(line.confidence * len(line.text) for line in lines) / sum(weights)
        if sure < _LOW_CONFIDENCE:
            self.doubtful.append(number)

    def warnings(self) -> list[str]:
        """Return the sentences for the document's warnings."""
        return [
            *page_warnings("Text recognised by OCR on pages", self.read),
            *page_warnings("Recognised with low confidence, check the pages", self.doubtful),
            *page_warnings("Left out, beyond the limit of pages for OCR", self.left_out),
        ]


def load_recogniser() -> Recognise:
    """Return the recogniser of this process. Raises MissingExtra where it is not installed."""
    try:
        recognise: Recognise = import_module("ingestion.ocr").recogniser()
    except ModuleNotFoundError as exc:
        raise MissingExtra("ocr", "Reading scans and images") from exc
    return recognise


def page_of(recognition: Recognition, points: float) -> tuple[PageText, Frame]:
    """Return a page of the recognised lines, and how it lies in the image.

    points: of one pixel.
    """
    width, height = recognition.width * points, recognition.height * points
    frame = Frame(width, height, recognition.turns, recognition.angle)
    return PageText(width, height, fragments_of(recognition.lines, points, height)), frame


def fragments_of(
    lines: Sequence[RecognisedLine], points: float, height: float
) -> tuple[Fragment, ...]:
    """Return a fragment for each line. points: of one pixel. height: of the page in points."""
    sizes = _sizes(lines)
    return tuple(
        _fragment(line, size * points, points, height)
        for line, size in zip(lines, sizes, strict=True)
    )


def as_shown(drafts: Iterable[DraftBlock], frames: Mapping[int, Frame]) -> list[DraftBlock]:
    """Return the blocks, the boxes of recognised pages put where the image shows them.

    frames: by page number.
    """
    return [
        replace(draft, box=frames[draft.page].shown(draft.box))
        if draft.box and draft.page is not None and draft.page in frames
        else draft
        for draft in drafts
    ]


def _fragment(line: RecognisedLine, size: float, points: float, height: float) -> Fragment:
    middle = height - (line.top + line.bottom) / 2 * points
    return Fragment(
        text=line.text,
        left=line.left * points,
        right=line.right * points,
        bottom=height - line.bottom * points,
        top=height - line.top * points,
        baseline=middle - _BASELINE * size,
        size=size,
        bold=False,
        upright=line.upright,
    )


def _sizes(lines: Sequence[RecognisedLine]) -> list[float]:
    """Return the font size of each line in pixels; lines of nearly one height get one size."""
    heights = [
        min(line.bottom - line.top, line.right - line.left)
        if not line.upright
        else line.bottom - line.top
        for line in lines
    ]
    sizes = [0.0] * len(lines)
    if not lines:
        return sizes
    usual = statistics.median(heights)
    order = sorted(range(len(lines)), key=lambda index: heights[index])
    group: list[int] = []
    groups: list[list[int]] = [group]
    for index in order:
        if group and not _alike(heights[group[0]], heights[index], usual):
            group = []
            groups.append(group)
        group.append(index)
    for group in groups:
        size = statistics.median(heights[index] for index in group) * _FONT_BY_BOX
        for index in group:
            sizes[index] = max(1.0, size)
    return sizes


def _alike(smaller: float, larger: float, usual: float) -> bool:
    """Return whether two heights are of one size. What is about as high as most lines is text."""
    both_usual = usual / _SAME_SIZE <= smaller and larger <= usual * _SAME_SIZE
    near_usual = smaller >= usual / _SAME_SIZE and smaller <= usual * _SAME_SIZE
    return both_usual or (not near_usual and larger <= _SAME_SIZE * max(smaller, 1.0))
