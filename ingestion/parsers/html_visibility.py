"""Which elements and words of a page are not seen, by its styles and attributes."""

import re
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingestion.parsers.html_styles import Style, Styles

Colour = tuple[int, int, int]
NOT_DISPLAYED = "not displayed"
TRANSPARENT = "transparent"
OFF_SCREEN = "outside the page"
CLIPPED = "cut off"
TINY = "of no size"
COLOUR = "in the colour of the background"

_SMALLEST = 1.5  # pixels
_FAR = 500.0
_NEAR = 24
_WHITE: Colour = (255, 255, 255)
_UNITS = {"px": 1, "": 1, "em": 16, "rem": 16, "pt": 1.33, "vw": 12.8, "vh": 7.2, "%": 12.8}
_LENGTH = re.compile(r"(-?[\d.]{1,12})(px|em|rem|pt|vw|vh|%|)(?![\w.])")
_NUMBER = re.compile(r"[\d.]{1,12}")
_FONT = re.compile(r"(?:^|\s)([\d.]{1,12})(px|pt|em|rem|%|)(?=/|\s)")
_NO_SCALE = re.compile(r"scale[xy3d]{0,2}\(\s*0?\.?0*\s*[,)]")
_SHIFT = re.compile(r"translate[x3d]{0,2}\(\s*(-?[\d.]{1,12}(?:px|em|rem|vw))")
_CLIP = re.compile(r"rect\(\s*([01](?:px)?)[\s,]+\1[\s,]+\1[\s,]+\1|inset\(\s*(?:50|100)%")
_FUNCTION = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+([\d.]+%?))?")
_NAMED: dict[str, Colour] = {
    "white": _WHITE,
    "snow": (255, 250, 250),
    "ivory": (255, 255, 240),
    "ghostwhite": (248, 248, 255),
    "whitesmoke": (245, 245, 245),
    "floralwhite": (255, 250, 240),
    "black": (0, 0, 0),
    "red": (255, 0, 0),
    "green": (0, 128, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
    "silver": (192, 192, 192),
    "navy": (0, 0, 128),
}
_ROOTS = frozenset(("html", "body"))


class Look(NamedTuple):
    """What text takes over from the elements around it. background: None where unknown."""

    size: float = 16.0
    colour: Colour | None = (0, 0, 0)
    background: Colour | None = None
    see_through: bool = False
    indented: bool = False

    def hides(self) -> str:
        """Return why text of this look is not seen, '' where it is."""
        if self.size < _SMALLEST:
            return TINY
        if self.indented:
            return OFF_SCREEN
        if self.see_through:
            return TRANSPARENT
        if self.colour is None or self.background is None:
            return ""
        distance = max(abs(a - b) for a, b in zip(self.colour, self.background, strict=True))
        return COLOUR if distance < _NEAR else ""


class Visibility:
    """What is seen of one page."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._styles = Styles(tree)
        self._tabs = {tab.attributes.get("aria-controls") for tab in tree.css("[role=tab]")}

    def first_look(self) -> Look:
        """Return the look of a page's text before any style: black on white, as far as known."""
        return Look(background=_WHITE if self._styles.is_complete else None)

    def look(self, node: LexborNode, outer: Look) -> Look | str:
        """Return the look of an element's own text, or why nothing in the element is seen."""
        attributes = node.attributes
        style = self._styles.of(node)
        if not (attributes or style):
            return outer
        if node.tag not in _ROOTS and not self._is_tab(attributes):
            marked = attributes.get("hidden", "until-found") != "until-found"
            if marked and style.get("display", "none") == "none":
                return NOT_DISPLAYED
            if reason := _hiding(style):
                return reason
        return _changed(outer, style, attributes)

    def _is_tab(self, attributes: dict[str, str | None]) -> bool:
        """Return whether a click on a tab shows the element."""
        own = attributes.get("id")
        return attributes.get("role") == "tabpanel" and own is not None and own in self._tabs


def _hiding(style: Style) -> str:
    """Return why an element and all in it is not seen, '' where it may be."""
    if not style:
        return ""
    if style.get("display") == "none" or style.get("content-visibility") == "hidden":
        return NOT_DISPLAYED
    if style.get("visibility") in ("hidden", "collapse"):
        return NOT_DISPLAYED
    if _is_faint(style.get("opacity", "")) or "opacity(0" in style.get("filter", ""):
        return TRANSPARENT
    if _CLIP.search(style.get("clip", "") + style.get("clip-path", "")):
        return CLIPPED
    transform = style.get("transform", "")
    if _NO_SCALE.search(transform):
        return TINY
    cut = style.get("overflow", "") in ("hidden", "clip")
    sides = (style.get(side) for side in ("width", "height", "max-width", "max-height"))
    if cut and any(side and _pixels(side, 99.0) <= _SMALLEST for side in sides):
        return CLIPPED
    shift = _SHIFT.search(transform)
    return OFF_SCREEN if _is_away(style) or (shift and _is_far(shift[1])) else ""


def _is_away(style: Style) -> bool:
    placed = style.get("position") in ("absolute", "fixed", "relative")
    sides = ("left", "right", "top", "bottom") if placed else ()
    return any(_is_far(style.get(side, "")) for side in (*sides, "margin-left", "margin-top"))


def _is_far(length: str) -> bool:
    return _pixels(length, 0.0) <= -_FAR or _pixels(length, 0.0) >= 10 * _FAR


def _is_faint(opacity: str) -> bool:
    match = _NUMBER.match(opacity)
    if match is None or match[0].count(".") > 1 or match[0] == ".":
        return False
    return float(match[0]) / (100 if "%" in opacity else 1) < 0.05


def _pixels(text: str, default: float) -> float:
    match = _LENGTH.match(text)
    if match is None or not match[1].strip("-.") or match[1].count(".") > 1:
        return default
    return float(match[1]) * _UNITS[match[2]] if match[1].rfind("-") < 1 else default


def _changed(look: Look, style: Style, attributes: dict[str, str | None]) -> Look:
    """Return the look of an element's text, from that around the element."""
    background = style.get("background-color") or style.get("background")
    image = style.get("background-image", "none")
    background = background or attributes.get("bgcolor")
    if background or image != "none":
        plain = "url(" not in f"{background}{image}" and "gradient" not in f"{background}{image}"
        shown = _colour(background or "") if plain and image == "none" else None
        same = plain and (background or "").startswith(("transparent", "none", "inherit"))
        look = look._replace(background=look.background if same else shown)
    elif "background" in attributes or style.get("position") in ("absolute", "fixed"):
        # Over what it stands is not known.
        look = look._replace(background=None)
    colour = style.get("-webkit-text-fill-color") or style.get("color") or attributes.get("color")
    if colour and not colour.startswith(("inherit", "currentcolor")):
        painted = "text" in (
            style.get("background-clip", "") + style.get("-webkit-background-clip", "")
        )
        see_through = _is_transparent(colour) and not painted
        look = look._replace(colour=_colour(colour), see_through=see_through)
    if "text-indent" in style:
        look = look._replace(indented=_is_far(style["text-indent"]))
    return look._replace(size=_size(style, look.size))


def _size(style: Style, outer: float) -> float:
    """Return the size of an element's text in pixels. outer: of the text around the element."""
    text = style.get("font-size", "")
    if not text and (font := _FONT.search(style.get("font", ""))):
        text = f"{font[1]}{font[2]}"
    match = _LENGTH.match(text)
    if match is None:
        return 16.0 if text else outer
    pixels = _pixels(text, 16.0)
    if match[2] in ("em", "%"):
        return pixels / _UNITS[match[2]] * outer / (100 if match[2] == "%" else 1)
    return pixels


def _is_transparent(text: str) -> bool:
    match = _FUNCTION.match(text)
    alpha = match[4] if match else None
    hexadecimal = re.fullmatch(r"#(?:[\da-f]{6}0[\da-f]|[\da-f]{3}0)", text)
    return text == "transparent" or hexadecimal is not None or bool(alpha and _is_faint(alpha))


def _colour(text: str) -> Colour | None:
    """Return a colour by name, in hexadecimal or in rgb(), or None."""
    first = text.strip().lower()
    if match := _FUNCTION.match(first):
        return int(match[1]), int(match[2]), int(match[3])
    first = first.partition(" ")[0]
    if re.fullmatch(r"#[\da-f]{3,4}", first):
        first = "#" + "".join(2 * digit for digit in first[1:4])
    if re.fullmatch(r"#[\da-f]{6}(?:[\da-f]{2})?", first):
        return int(first[1:3], 16), int(first[3:5], 16), int(first[5:7], 16)
    return _NAMED.get(first)
