"""Pictures of slides: where they stand, and which of them say what the slide's text does not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pptx.oxml.ns import qn

from ingestion.builder import DraftBlock
from ingestion.parsers.pictures import (
    FEW_LETTERS,
    MOST_OF_PAGE,
    Picture,
    PictureReader,
    alt_drafts,
    is_useful,
    plain_drafts,
)
from ingestion.parsers.pptx_layout import NS, Element, distance, shown_frame

_EMU_PER_POINT = 12_700
_LEAST_LETTERS = 20
"""With more of the slide's own text on it, a picture is a background."""
_MOST_PICTURES = 8
_Part = Any
_Frame = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Shown:
    """A shape of a slide: its frame in EMU, where known; its blocks; its picture, if it has one."""

    frame: _Frame | None
    drafts: list[DraftBlock]
    picture: Picture | None


class SlidePictures:
    """The pictures of one presentation.

    size: the slides' width and height in EMU, 0 where unknown.
    """

    def __init__(self, size: tuple[int, int], reader: PictureReader) -> None:
        self._width, self._height = size
        self._reader = reader

    def background(self, slide: _Part) -> Iterator[Shown]:
        """Yield the picture that fills a slide, if it has one of its own."""
        blip = slide._element.find("p:cSld/p:bg/p:bgPr/a:blipFill/a:blip", NS)
        frame = (0.0, 0.0, float(self._width), float(self._height))
        if picture := self._picture(slide, blip, frame, ""):
            yield Shown(frame, [], picture)

    def of(
        self, slide: _Part, shape: Element, bases: Sequence[Element], drafts: list[DraftBlock]
    ) -> Shown:
        """Return a shape with its picture, if that is large enough to hold text.

        bases: what the shape takes after, nearest first. drafts: the shape's blocks.
        """
        frames = (shown_frame(element) for element in (shape, *bases))
        frame = next((found for found in frames if found), None)
        blip = shape.find("p:blipFill/a:blip", NS)
        blip = shape.find("p:spPr/a:blipFill/a:blip", NS) if blip is None else blip
        properties = shape.find("./*/p:cNvPr", NS)
        alt = "" if properties is None else properties.get("descr", "")
        return Shown(frame, drafts, self._picture(slide, blip, frame, alt) if frame else None)

    def read(
        self, shapes: Sequence[Shown], letters: int, page: int, share: float
    ) -> list[DraftBlock]:
        """Return the blocks of a slide's shapes, in order, with the text of its pictures.

        letters: of what else the slide says. share: of the deck, read when this slide is.
        """
        letters += sum(len(draft.text) for shape in shapes for draft in shape.drafts)
        drafts: list[DraftBlock] = []
        looked_at = 0
        for shape in shapes:
            drafts += shape.drafts
            picture = shape.picture
            if picture is None or not self._reader.is_new(picture):
                continue
            drafts += alt_drafts(picture, page)
            telling = letters < FEW_LETTERS or picture.share >= MOST_OF_PAGE
            if not telling or looked_at == _MOST_PICTURES:
                continue
            looked_at += 1
            if _is_ground(shape, shapes):
                continue
            if found := self._reader.recognition(picture, page, share):
                drafts += plain_drafts(found, page)
        return drafts

    def _picture(
        self, slide: _Part, blip: Element | None, frame: _Frame, alt: str
    ) -> Picture | None:
        relation = None if blip is None else slide.rels.get(blip.get(qn("r:embed"), ""))
        if relation is None or relation.is_external or not self._width or not self._height:
            return None
        left, right = (min(max(0.0, x), self._width) for x in (frame[0], frame[2]))
        top, bottom = (min(max(0.0, y), self._height) for y in (frame[1], frame[3]))
        width, height = right - left, bottom - top
        share = width * height / (self._width * self._height)
        if not is_useful(width / _EMU_PER_POINT, height / _EMU_PER_POINT, share):
            return None
        return Picture(relation.target_part.blob, share, alt)


def slide_size(presentation: Element) -> tuple[int, int]:
    """Return the slides' width and height in EMU, 0 where the presentation does not say."""
    size = presentation.find("p:sldSz", NS)
    return (0, 0) if size is None else (distance(size.get("cx")), distance(size.get("cy")))


def _is_ground(picture: Shown, shapes: Sequence[Shown]) -> bool:
    """Return whether the slide's own text lies over a picture."""
    if picture.frame is None:
        return False
    left, top, right, bottom = picture.frame
    letters = 0
    for shape in shapes:
        if shape.frame and shape is not picture:
            x, y = (shape.frame[0] + shape.frame[2]) / 2, (shape.frame[1] + shape.frame[3]) / 2
            if left <= x <= right and top <= y <= bottom:
                letters += sum(len(draft.text) for draft in shape.drafts)
    return letters >= _LEAST_LETTERS
