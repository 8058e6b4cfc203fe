"""Where the shapes of a slide stand, and what they inherit from their layout and master."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pptx.oxml.ns import qn

# lxml ships no types, so an element is Any.
Element = Any
NS = {"a": qn("a:t")[1:-2], "p": qn("p:sp")[1:-3]}
_COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_SHAPES = frozenset(qn(tag) for tag in ("p:sp", "p:graphicFrame", "p:grpSp", "p:pic", "p:cxnSp"))
_TITLES = ("title", "ctrTitle")
_FURNITURE = frozenset(("dt", "ftr", "sldNum", "hdr"))
# Shapes of one row are seldom drawn at quite the same height: a quarter of an inch, in EMU.
_ROW = 228_600


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What a shape is on its slide, as its layout and master know it."""

    kind: str
    index: str

    @property
    def is_title(self) -> bool:
        """Whether the shape holds the slide's title."""
        return self.kind in _TITLES

    @property
    def is_furniture(self) -> bool:
        """Whether the shape holds a date, a footer or a number."""
        return self.kind in _FURNITURE


class Layout:
    """The placeholders of a slide's layout and of its master, for shapes that say less."""

    def __init__(self, layout: Element | None, master: Element | None) -> None:
        self._by_index = {found.index: shape for shape, found in _placeholders(layout)}
        self._by_kind = {_family(found.kind): shape for shape, found in _placeholders(master)}
        self._styles = None if master is None else master.find("p:txStyles", NS)

    def bases(self, placeholder: Placeholder | None) -> list[Element]:
        """Return the shapes that a placeholder takes after, nearest first."""
        if placeholder is None:
            return []
        of_layout = self._by_index.get(placeholder.index)
        own = None if of_layout is None else placeholder_of(of_layout)
        of_master = self._by_kind.get(_family((own or placeholder).kind))
        return [shape for shape in (of_layout, of_master) if shape is not None]

    def text_style(self, placeholder: Placeholder | None) -> Element | None:
        """Return what the master says of all text of a placeholder's kind."""
        if placeholder is None or self._styles is None:
            return None
        titled = _family(placeholder.kind) == "title"
        return self._styles.find("p:titleStyle" if titled else "p:bodyStyle", NS)

    def in_reading_order(self, tree: Element) -> list[Element]:
        """Return the shapes right below a tree or group, row by row, each from left to right."""
        placed = [(*self._corner(shape), shape) for shape in shapes_of(tree)]
        placed.sort(key=lambda shape: shape[0])
        rows: list[list[tuple[int, int, Element]]] = []
        for shape in placed:
            if not rows or shape[0] > rows[-1][0][0] + _ROW:
                rows.append([])
            rows[-1].append(shape)
        return [shape for row in rows for _, _, shape in sorted(row, key=lambda shape: shape[1])]

    def _corner(self, shape: Element) -> tuple[int, int]:
        """Return the distance from the top and from the left."""
        for element in (shape, *self.bases(placeholder_of(shape))):
            corner = element.find("./*/a:xfrm/a:off", NS)
            corner = element.find("p:xfrm/a:off", NS) if corner is None else corner
            if corner is not None:
                return distance(corner.get("y")), distance(corner.get("x"))
        return 0, 0


def shapes_of(tree: Element) -> Iterator[Element]:
    """Yield the shapes right below; of what is drawn in two ways, the newer one."""
    for child in tree:
        if child.tag in _SHAPES:
            yield child
        elif child.tag == f"{_COMPATIBILITY}AlternateContent":
            drawings = (list(shapes_of(drawing)) for drawing in child)
            yield from next((drawing for drawing in drawings if drawing), [])


def placeholder_of(shape: Element) -> Placeholder | None:
    """Return what placeholder the shape is, or None."""
    found = shape.find("./*/p:nvPr/p:ph", NS)
    return None if found is None else Placeholder(found.get("type", "obj"), found.get("idx", "0"))


def _placeholders(part: Element | None) -> Iterator[tuple[Element, Placeholder]]:
    tree = None if part is None else part.find("p:cSld/p:spTree", NS)
    for shape in () if tree is None else shapes_of(tree):
        if found := placeholder_of(shape):
            yield shape, found


def _family(kind: str) -> str:
    """Return the kind that masters know: titles, furniture, and a body for all else."""
    if kind in _TITLES:
        return "title"
    return kind if kind in _FURNITURE else "body"


def frame_of(shape: Element) -> tuple[int, int, int, int] | None:
    """Return a shape's own left, top, right and bottom, None where it has none of its own."""
    place = shape.find("./*/a:xfrm", NS)
    place = shape.find("p:xfrm", NS) if place is None else place
    corner = None if place is None else place.find("a:off", NS)
    size = None if place is None else place.find("a:ext", NS)
    if corner is None or size is None:
        return None
    left, top = distance(corner.get("x")), distance(corner.get("y"))
    return left, top, left + distance(size.get("cx")), top + distance(size.get("cy"))


def shown_frame(shape: Element) -> tuple[float, float, float, float] | None:
    """Return a shape's own left, top, right and bottom on the slide, also from within groups."""
    frame = frame_of(shape)
    if frame is None:
        return None
    left, top, right, bottom = map(float, frame)
    for group in shape.iterancestors(qn("p:grpSp")):
        outer, inner = frame_of(group), _inner_frame(group)
        if outer is None or inner is None:
            continue
        across, down = ((outer[i + 2] - outer[i]) / (inner[i + 2] or 1) for i in (0, 1))
        left, right = (outer[0] + (x - inner[0]) * across for x in (left, right))
        top, bottom = (outer[1] + (y - inner[1]) * down for y in (top, bottom))
    return left, top, right, bottom


def _inner_frame(group: Element) -> tuple[int, int, int, int] | None:
    """Return the corner, width and height of a group as its shapes count them."""
    corner = group.find("p:grpSpPr/a:xfrm/a:chOff", NS)
    size = group.find("p:grpSpPr/a:xfrm/a:chExt", NS)
    if corner is None or size is None:
        return None
    x, y, cx, cy = (
        distance(element.get(name))
        for element, name in ((corner, "x"), (corner, "y"), (size, "cx"), (size, "cy"))
    )
    return x, y, cx, cy


def distance(text: str | None) -> int:
    """Return a length or place in EMU, 0 where the text is none."""
    digits = (text or "").removeprefix("-")
    return int(text or "") if digits.isdecimal() and len(digits) < 16 else 0
