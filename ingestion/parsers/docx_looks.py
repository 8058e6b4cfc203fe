"""What Word's properties say of text that nobody sees: hidden, white on white, of no size."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from docx.document import Document as WordDocument
from docx.oxml.ns import qn

NOT_DISPLAYED = "marked as hidden"
TINY = "smaller than 1 point"
COLOUR = "in the colour of the background"

_OFF = ("0", "false", "off", "none")
_SMALLEST_HALF_POINTS = 2
_NEAR = 24
_WHITE = (255, 255, 255)
_DEEPEST_TABLE = 12
_Colour = tuple[int, int, int]


class Look(NamedTuple):
    """What a run takes over from its paragraph.

    styles: the run properties of the paragraph's styles, nearest first. background: what lies
    behind the paragraph, None where that is no plain colour.
    """

    styles: tuple[Any, ...]
    background: _Colour | None


class Looks:
    """Finds out how the text of one document looks. chain: a style and those it is based on."""

    def __init__(self, word: WordDocument, chain: Callable[[str], list[Any]]) -> None:
        self._chain = chain
        self._page: _Colour | None = _WHITE
        shown = word.element.find(qn("w:background"))
        if shown is not None:
            self._page = _colour(shown.get(qn("w:color"), ""))
        styles = word.styles.element
        self._default = styles.find(f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}/{qn('w:rPr')}")
        self._first = next(
            (
                style.get(qn("w:styleId"), "")
                for style in styles.iter(qn("w:style"))
                if style.get(qn("w:type")) == "paragraph" and style.get(qn("w:default")) == "1"
            ),
            "",
        )

    def of_paragraph(self, paragraph: Any, style_id: str) -> Look:
        """Return what the runs of a paragraph take over."""
        chain = self._chain(style_id or self._first)
        own = paragraph.find(qn("w:pPr"))
        shades = [own, *(style.find(qn("w:pPr")) for style in chain)]
        background = self._background(shades, paragraph)
        styles = (style.find(qn("w:rPr")) for style in chain)
        return Look(tuple(one for one in styles if one is not None), background)

    def of_run(self, run: Any, look: Look) -> str:
        """Return why nobody sees a run, '' where it is seen."""
        own = run.find(qn("w:rPr"))
        if own is None and not look.styles and self._default is None:
            return ""
        named = None if own is None else own.find(qn("w:rStyle"))
        chain = [] if named is None else self._chain(named.get(qn("w:val"), ""))
        levels = [own, *(style.find(qn("w:rPr")) for style in chain), *look.styles, self._default]
        known = [level for level in levels if level is not None]
        vanish = _first(known, "w:vanish")
        if vanish is not None and vanish.get(qn("w:val"), "true") not in _OFF:
            return NOT_DISPLAYED
        size = _first(known, "w:sz")
        if size is not None and _is_tiny(size.get(qn("w:val"), "")):
            return TINY
        return COLOUR if self._is_on_its_colour(known, look.background) else ""

    def _is_on_its_colour(self, levels: list[Any], background: _Colour | None) -> bool:
        named = _first(levels, "w:color")
        colour = None if named is None else _colour(named.get(qn("w:val"), ""))
        if colour is None:
            return False
        marked = _first(levels, "w:highlight")
        if marked is not None and marked.get(qn("w:val")) not in _OFF:
            background = _WHITE if marked.get(qn("w:val")) == "white" else None
        elif (shade := _first(levels, "w:shd")) is not None:
            background = _shade(shade, background)
        return background is not None and all(
            abs(a - b) < _NEAR for a, b in zip(colour, background, strict=True)
        )

    def _background(self, properties: Iterable[Any], paragraph: Any) -> _Colour | None:
        """Return what lies behind a paragraph: its own shade, its cell's, or the page."""
        shade = _first([one for one in properties if one is not None], "w:shd")
        if shade is not None and shade.get(qn("w:fill"), "auto") != "auto":
            return _shade(shade, None)
        background = self._page
        parent = paragraph.getparent()
        for _ in range(_DEEPEST_TABLE):
            if parent is None:
                return background
            if parent.tag == qn("w:txbxContent"):
                # A box has a filling of its own, said in one of several languages.
                return None
            if parent.tag == qn("w:tc"):
                shade = parent.find(f"{qn('w:tcPr')}/{qn('w:shd')}")
                # A table's style may shade what its cells do not.
                return None if shade is None else _shade(shade, background)
            parent = parent.getparent()
        return None


def _first(levels: Iterable[Any], tag: str) -> Any | None:
    """Return the nearest word on a property."""
    found = (level.find(qn(tag)) for level in levels)
    return next((one for one in found if one is not None), None)


def _is_tiny(half_points: str) -> bool:
    return half_points.isdecimal() and int(half_points[:9]) <= _SMALLEST_HALF_POINTS


def _shade(shade: Any, around: _Colour | None) -> _Colour | None:
    """Return the plain colour of a shade; a pattern or a theme's colour is not one."""
    if shade.get(qn("w:val"), "clear") not in ("clear", "nil"):
        return None
    fill = shade.get(qn("w:fill"), "auto")
    return around if fill == "auto" else _colour(fill)


def _colour(text: str) -> _Colour | None:
    if len(text) != 6:
        return None
    try:
        return int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)
    except ValueError:
        return None
