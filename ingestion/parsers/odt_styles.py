"""What an ODT's styles say of its paragraphs: hidden or not, a title, a number to draw."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from xml.etree.ElementTree import Element

from ingestion.parsers.list_numbers import format_number

_NAMESPACES = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "draw": "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0",
    "manifest": "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0",
    "fo": "urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
}
NOT_DISPLAYED = "marked as hidden"
TINY = "smaller than 1 point"
COLOUR = "in the colour of the background"
_TINY = re.compile(r"0*(?:0?\.\d+|0|1(?:\.0+)?)pt")
_WHITE = re.compile(r"#f[d-f]f[d-f]f[d-f]", re.I)
_PLAIN = ("transparent", "#ffffff")
_LONGEST_CHAIN = 50
_LONGEST_LABEL = 40
_LARGEST_NUMBER = 9  # digits
# OpenDocument names a way of counting by its first numbers.
_FORMATS = {
    "a": "lowerLetter",
    "A": "upperLetter",
    "i": "lowerRoman",
    "I": "upperRoman",
    "一": "chineseCounting",
    "①": "decimalEnclosedCircle",
}


@cache
def qualified(name: str) -> str:
    """Return a name such as text:p as the tree has it, {namespace}p."""
    prefix, local = name.split(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


def count_of(element: Element, name: str, default: int) -> int:
    """Return an attribute that is a natural number of sane length, else the default."""
    text = element.get(qualified(name), "")
    return int(text) if text.isdecimal() and len(text) <= _LARGEST_NUMBER else default


class Styles:
    """The styles of one document. roots: the trees that hold them; later ones win."""

    def __init__(self, roots: Iterable[Element]) -> None:
        self._styles: dict[tuple[str, str], Element] = {}
        self._hidden: dict[tuple[str, str], str] = {}
        self._shaded = False
        for style in (found for root in roots for found in root.iter(qualified("style:style"))):
            family = style.get(qualified("style:family"), "")
            self._styles[family, style.get(qualified("style:name"), "")] = style
            self._shaded = self._shaded or any(map(_has_ground, style))

    def hidden(self, family: str, name: str) -> str:
        """Return why nobody sees text of the style, '' where it is seen.

        family: paragraph or text. White counts where no style of the document has a ground of its
        own: below text of a table or frame it is not known.
        """
        if (family, name) not in self._hidden:
            self._hidden[family, name] = self._reason(family, name)
        return self._hidden[family, name]

    def _reason(self, family: str, name: str) -> str:
        if self._nearest(family, name, "text:display") == "none":
            return NOT_DISPLAYED
        if _TINY.fullmatch(self._nearest(family, name, "fo:font-size")):
            return TINY
        white = _WHITE.fullmatch(self._nearest(family, name, "fo:color"))
        return COLOUR if white and not self._shaded else ""

    def _nearest(self, family: str, name: str, key: str) -> str:
        values = (
            properties.get(qualified(key))
            for style in self._chain(family, name)
            for properties in style.findall(qualified("style:text-properties"))
        )
        return next((value for value in values if value), "")

    def is_title(self, name: str) -> bool:
        """Return whether a paragraph style is the title's or made from it."""
        parent = qualified("style:parent-style-name")
        parents = (style.get(parent) for style in self._chain("paragraph", name))
        return "Title" in (name, *parents)

    def _chain(self, family: str, name: str) -> Iterator[Element]:
        """Yield the style and those it is made from, nearest first."""
        for _ in range(_LONGEST_CHAIN):
            style = self._styles.get((family, name))
            if style is None:
                return
            yield style
            name = style.get(qualified("style:parent-style-name"), "")


def _has_ground(properties: Element) -> bool:
    ground = properties.get(qualified("fo:background-color"), "transparent").lower()
    return ground not in _PLAIN or qualified("draw:fill-color") in properties.attrib


class Numbering:
    """Counts through a document's lists and headings, which must come in order."""

    _OUTLINE = ""

    def __init__(self, roots: Iterable[Element]) -> None:
        self._levels: dict[str, dict[int, Element]] = {}
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)
        for root in roots:
            for style in root.iter(qualified("text:list-style")):
                self._add(style.get(qualified("style:name"), ""), style)
            for style in root.iter(qualified("text:outline-style")):
                self._add(self._OUTLINE, style)

    def restart(self, style: str) -> None:
        """Begin a list that does not go on with an earlier one of its style."""
        if style != self._OUTLINE:
            self._counts.pop(style, None)

    def heading_label(self, level: int) -> str:
        """Count a heading and return the number drawn before it, '' for none."""
        return self.label(self._OUTLINE, level, None)

    def label(self, style: str, level: int, start: int | None) -> str:
        """Count an item and return its number as drawn, '' for a bullet or none.

        level: from 1. start: the number that the item itself asks for.
        """
        counts = self._counts[style]
        first = start if start is not None else self._start(style, level)
        counts[level] = counts[level] + 1 if level in counts and start is None else first
        for deeper in [key for key in counts if key > level]:
            del counts[deeper]
        definition = self._levels.get(style, {}).get(level)
        if definition is None or not definition.get(qualified("style:num-format")):
            return ""
        shown = min(count_of(definition, "text:display-levels", 1), level)
        numbers = (self._number(style, above) for above in range(level - shown + 1, level + 1))
        prefix = definition.get(qualified("style:num-prefix"), "")
        suffix = definition.get(qualified("style:num-suffix"), "")
        return f"{prefix}{'.'.join(numbers)}{suffix}".strip()[:_LONGEST_LABEL]

    def _add(self, name: str, style: Element) -> None:
        self._levels[name] = {count_of(level, "text:level", 0): level for level in style}

    def _start(self, style: str, level: int) -> int:
        definition = self._levels.get(style, {}).get(level)
        return 1 if definition is None else count_of(definition, "text:start-value", 1)

    def _number(self, style: str, level: int) -> str:
        count = self._counts[style].get(level, self._start(style, level))
        definition = self._levels[style].get(level)
        written = "" if definition is None else definition.get(qualified("style:num-format"), "")
        return format_number(count, _FORMATS.get(written[:1], "decimal"))
