"""The paragraphs of a shape, with the bullets and numbers that PowerPoint draws before them."""

import re
from collections.abc import Iterator, Sequence

from pptx.oxml.ns import qn

from ingestion.builder import DraftBlock
from ingestion.numbering import opens_list_item
from ingestion.parsers.list_numbers import format_number
from ingestion.parsers.pptx_layout import NS, Element
from ingestion.records import BlockKind

_BULLETS = frozenset(qn(tag) for tag in ("a:buChar", "a:buBlip"))
_MATHS = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_NUMBERED = re.compile(
    r"(arabic|alphaLc|alphaUc|romanLc|romanUc|circleNum|ea1)\w*?(Period|ParenR|ParenBoth|Plain|$)"
)
_STYLES = {
    "alphaLc": "lowerLetter",
    "alphaUc": "upperLetter",
    "romanLc": "lowerRoman",
    "romanUc": "upperRoman",
    "circleNum": "decimalEnclosedCircle",
    "ea1": "chineseCounting",
}
_FORMS = {"Period": "{}.", "ParenR": "{})", "ParenBoth": "({})"}
_DEEPEST = 8


def paragraphs(
    text: Element, styles: Sequence[Element | None], page: int | None
) -> Iterator[DraftBlock]:
    """Yield the paragraphs of a text body in order.

    styles: lists of level properties that the body's own properties fall back on, nearest first.
    """
    chain = [text.find("a:lstStyle", NS), *styles]
    counter = _Counter()
    for paragraph in text.findall("a:p", NS):
        words = visible_text(paragraph)
        if not words.strip():
            continue
        properties = paragraph.find("a:pPr", NS)
        level = _whole(None if properties is None else properties.get("lvl"), 0, _DEEPEST)
        label = counter.label(_bullet([properties, *_levels(chain, level)]), level)
        if label is None and not opens_list_item(words):
            yield DraftBlock(BlockKind.PARAGRAPH, words, page=page)
        else:
            marked = f"{label} {words.lstrip()}" if label else words
            yield DraftBlock(BlockKind.LIST_ITEM, marked, page=page)


def visible_text(element: Element) -> str:
    """Return the text below an element: runs, fields, line breaks and formulas."""
    pieces = []
    for found in element.iter(qn("a:t"), qn("a:br"), qn("a:tab"), _MATHS):
        if next(found.iterancestors(_FALLBACK), None) is None:
            pieces.append("\n" if found.tag == qn("a:br") else "".join(found.itertext()))
    return "".join(pieces)


class _Counter:
    """Counts through the numbered paragraphs of one text body."""

    def __init__(self) -> None:
        self._counts: dict[int, tuple[str, int]] = {}

    def label(self, bullet: Element | None, level: int) -> str | None:
        """Return the label of the next paragraph, '' for a bullet, None for no list."""
        for deeper in [key for key in self._counts if key > level]:
            del self._counts[deeper]
        if bullet is None or bullet.tag != qn("a:buAutoNum"):
            self._counts.pop(level, None)
            return "" if bullet is not None and bullet.tag in _BULLETS else None
        start = _whole(bullet.get("startAt"), 1, 32_767)
        form = f"{bullet.get('type', '')} {start}"
        before, count = self._counts.get(level, ("", 0))
        count = count + 1 if before == form else start
        self._counts[level] = (form, count)
        return _numbered(count, bullet.get("type", ""))


def _numbered(count: int, scheme: str) -> str:
    match = _NUMBERED.match(scheme)
    kind, form = (match[1], match[2]) if match else ("arabic", "Period")
    number = format_number(count, _STYLES.get(kind, "decimal"))
    if kind == "ea1" and form == "Period":
        return f"{number}、"
    return _FORMS.get(form, "{}").format(number)


def _levels(chain: Sequence[Element | None], level: int) -> list[Element | None]:
    tag = f"a:lvl{level + 1}pPr"
    return [None if styles is None else styles.find(tag, NS) for styles in chain]


def _bullet(properties: Sequence[Element | None]) -> Element | None:
    """Return the nearest word on whether there is a bullet, and which."""
    for found in properties:
        for child in () if found is None else found:
            if child.tag in _BULLETS or child.tag in (qn("a:buNone"), qn("a:buAutoNum")):
                return child
    return None


def _whole(text: str | None, default: int, most: int) -> int:
    return min(int(text), most) if text and text.isdecimal() and len(text) < 9 else default
