"""Pictures of Word files: where they stand, how large they are shown, and their bytes."""

import re
from collections.abc import Iterator
from typing import Any

from docx.document import Document as WordDocument
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn

from ingestion.parsers.pictures import Picture, is_useful

DRAWINGS = frozenset([qn("w:drawing"), qn("w:pict"), qn("w:object")])
"""The elements of a run that `DocumentPictures.of` takes."""
_NS = {"w": qn("w:p")[1:-2], "wp": qn("wp:extent")[1:-7], "a": qn("a:ext")[1:-4]}
_VML = "{urn:schemas-microsoft-com:vml}"
_BLIP, _IMAGE_DATA = qn("a:blip"), f"{_VML}imagedata"
_EMU_PER_POINT, _TWIPS_PER_POINT = 12_700, 20
_TEXT_AREA = (415.0, 697.0)
"""What Word's margins leave of A4, in points."""
_LENGTH = re.compile(r"(width|height)\s*:\s*([0-9]{1,5}(?:\.[0-9]{1,6})?)\s*(pt|in|cm|mm|px)?")
_POINTS = {"pt": 1.0, "in": 72.0, "cm": 28.35, "mm": 2.835, "px": 0.75}

# lxml ships no types, so an element is Any.
_Element = Any


class DocumentPictures:
    """The pictures that the body of one document holds; linked ones are not in it."""

    def __init__(self, word: WordDocument) -> None:
        self._parts = {
            key: relation.target_part
            for key, relation in word.part.rels.items()
            if relation.reltype == RELATIONSHIP_TYPE.IMAGE and not relation.is_external
        }
        self._area = _text_area(word.element.body)

    def of(self, drawing: _Element) -> Iterator[Picture]:
        """Yield the pictures in a drawing that are large enough to hold text, each as shown."""
        if drawing.tag == qn("w:drawing"):
            yield from self._drawn(drawing)
        else:
            for data in drawing.iter(_IMAGE_DATA):
                if _is_own(data, drawing):
                    width, height = _styled_size(data.getparent())
                    yield from self._picture(data.get(qn("r:id")), width, height, "")

    def _drawn(self, drawing: _Element) -> Iterator[Picture]:
        blips = [blip for blip in drawing.iter(_BLIP) if _is_own(blip, drawing)]
        properties = drawing.find("./*/wp:docPr", _NS)
        if properties is None or properties.get("hidden") in ("1", "true"):
            return
        whole = _size(drawing.find("./*/wp:extent", _NS), _EMU_PER_POINT)
        for blip in blips:
            width, height = whole
            if len(blips) > 1:
                # Of a group, whose parts have sizes of their own.
                size = _size(_own_extent(blip), _EMU_PER_POINT)
                width, height = min(width, size[0]), min(height, size[1])
            yield from self._picture(
                blip.get(qn("r:embed")), width, height, properties.get("descr", "")
            )

    def _picture(
        self, relation: str | None, width: float, height: float, alt: str
    ) -> Iterator[Picture]:
        part = self._parts.get(relation) if relation else None
        share = min(1.0, width * height / (self._area[0] * self._area[1]))
        if part is not None and is_useful(width, height, share):
            yield Picture(part.blob, share, alt)


def _is_own(element: _Element, drawing: _Element) -> bool:
    """Return whether a picture belongs to the drawing and not to a text box in it."""
    for ancestor in element.iterancestors():
        if ancestor is drawing:
            return True
        if ancestor.tag == qn("w:txbxContent") or str(ancestor.tag).endswith("}Fallback"):
            return False
    return False


def _own_extent(blip: _Element) -> _Element | None:
    for ancestor in blip.iterancestors():
        if str(ancestor.tag).endswith("}pic"):
            return ancestor.find("./*/a:xfrm/a:ext", _NS)
    return None


def _size(extent: _Element | None, unit: int) -> tuple[float, float]:
    """Return a width and height in points, 0 where none is given."""
    if extent is None:
        return 0.0, 0.0
    return _number(extent.get("cx")) / unit, _number(extent.get("cy")) / unit


def _styled_size(shape: _Element) -> tuple[float, float]:
    lengths = {
        name: float(number) * _POINTS[unit or "px"]
        for name, number, unit in _LENGTH.findall(shape.get("style", ""))
    }
    return lengths.get("width", 0.0), lengths.get("height", 0.0)


def _text_area(body: _Element) -> tuple[float, float]:
    """Return the width and height, in points, that the first section's margins leave."""
    section = next(body.iter(qn("w:sectPr")), None)
    size = None if section is None else section.find("w:pgSz", _NS)
    margins = None if section is None else section.find("w:pgMar", _NS)
    if size is None or margins is None:
        return _TEXT_AREA
    width, height = (
        (
            _number(size.get(qn(f"w:{side}")))
            - sum(_number(margins.get(qn(f"w:{end}"))) for end in ends)
        )
        / _TWIPS_PER_POINT
        for side, ends in (("w", ("left", "right")), ("h", ("top", "bottom")))
    )
    return (width, height) if width > 0 and height > 0 else _TEXT_AREA


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 12 else 0
