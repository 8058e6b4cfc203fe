"""ODT: headings, numbered lists, tables and notes; no headers, footers or deleted text."""

import re
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element

from ingestion import media
from ingestion.builder import DraftBlock, build_document
from ingestion.errors import PasswordRequired
from ingestion.numbering import heading_level
from ingestion.parsers.hidden_text import HiddenText, count_characters, hidden_warnings
from ingestion.parsers.odt_styles import NOT_DISPLAYED, Numbering, Styles, count_of
from ingestion.parsers.odt_styles import qualified as q
from ingestion.parsers.package import Package
from ingestion.records import BlockKind, Document

LARGEST_REPEATS = 100_000
"""Characters that repeated cells and rows may add to a document's own."""

_MANIFEST = "META-INF/manifest.xml"
_PARAGRAPHS = (q("text:p"), q("text:h"))
_CELLS = (q("table:table-cell"), q("table:covered-table-cell"))
# Contents lists and indexes repeat what stands elsewhere, so only a bibliography is read.
_CONTAINERS = frozenset(
    q(name)
    for name in (
        "text:section",
        "text:bibliography",
        "text:index-body",
        "text:index-title",
        "text:numbered-paragraph",
    )
)
_ROW_GROUPS = frozenset(
    q(name) for name in ("table:table-header-rows", "table:table-rows", "table:table-row-group")
)
_SKIPPED = frozenset(
    q(name)
    for name in (
        "office:annotation",
        "text:number",
        "text:ruby-text",
        "text:script",
        "text:tracked-changes",
    )
)
_DRAWING = q("draw:")
_BREAKS = {q("text:tab"): "\t", q("text:line-break"): "\n"}
_MOST_SPACES = 100
_SPACE = re.compile(r"[ \t\r\n]+")


def parse_odt(content: bytes, name: str) -> Document:
    """Return the document in an OpenDocument text.

    Raises BrokenDocument, PasswordRequired, EmptyDocument, or DocumentTooLarge.
    """
    package = Package(content, media.ODT)
    if _MANIFEST in package and _is_encrypted(package.xml(_MANIFEST)):
        raise PasswordRequired
    root = package.xml("content.xml")
    body = root.find(f"{q('office:body')}/{q('office:text')}")
    if body is None:
        raise package.broken("it holds no text document")
    roots = [package.xml("styles.xml"), root] if "styles.xml" in package else [root]
    title = package.xml("meta.xml").find(f".//{q('dc:title')}") if "meta.xml" in package else None
    walk = _Body(Styles(roots), Numbering(roots))
    drafts = list(walk.blocks(body))
    return build_document(
        drafts,
        name=name,
        media_type=media.ODT,
        title=None if title is None else title.text,
        warnings=hidden_warnings(walk.hidden),
    )


def _is_encrypted(manifest: Element) -> bool:
    return next(manifest.iter(q("manifest:encryption-data")), None) is not None


class _Body:
    """The body of one document, with what its styles say."""

    def __init__(self, styles: Styles, numbering: Numbering) -> None:
        self._styles = styles
        self._numbering = numbering
        self._spare = LARGEST_REPEATS
        self.hidden: list[HiddenText] = []

    def blocks(self, elements: Iterable[Element]) -> Iterator[DraftBlock]:
        for child in elements:
            if child.tag in _PARAGRAPHS:
                yield from self._paragraph(child)
            elif child.tag == q("text:list"):
                yield from self._list(child, "", 1)
            elif child.tag == q("table:table"):
                yield from self._table(child)
            elif child.tag in _CONTAINERS:
                if child.get(q("text:display")) != "none":
                    yield from self.blocks(child)
                else:
                    self._hide(NOT_DISPLAYED, child)
            elif child.tag.startswith(_DRAWING):
                yield from self.blocks(child)

    def _list(self, element: Element, style: str, level: int) -> Iterator[DraftBlock]:
        style = element.get(q("text:style-name"), style)
        goes_on = element.get(q("text:continue-numbering")) == "true"
        if level == 1 and not goes_on and q("text:continue-list") not in element.attrib:
            self._numbering.restart(style)
        for item in element:
            # A list's header has no number; the second paragraph of an item has none either.
            label = "" if item.tag == q("text:list-header") else None
            for child in item:
                if child.tag == q("text:list"):
                    yield from self._list(child, style, level + 1)
                elif child.tag not in _PARAGRAPHS:
                    yield from self.blocks([child])
                else:
                    if label is None:
                        start = count_of(item, "text:start-value", -1)
                        asked = start if start >= 0 else None
                        label = self._numbering.label(style, level, asked)
                    yield from self._paragraph(child, label)
                    label = ""

    def _paragraph(self, element: Element, label: str | None = None) -> Iterator[DraftBlock]:
        """Yield a paragraph, then what is anchored in it. label: None outside of lists."""
        style = element.get(q("text:style-name"), "")
        if reason := self._styles.hidden("paragraph", style) or _hidden_reason(element):
            self._hide(reason, element)
            return
        anchored: list[Element] = []
        text = "".join(self._pieces(element, anchored)).strip()
        if text:
            yield self._draft(element, text, label)
        for child in anchored:
            if child.tag == q("text:note"):
                body = self._joined(child.find(q("text:note-body")))
                yield DraftBlock(BlockKind.PARAGRAPH, f"{_mark(child)} {body}" if body else "")
            else:
                yield from self.blocks([child])

    def _draft(self, element: Element, text: str, label: str | None) -> DraftBlock:
        if element.tag == q("text:h"):
            level = count_of(element, "text:outline-level", 1)
            unnumbered = element.get(q("text:is-list-header")) == "true"
            if label is None and not unnumbered:
                label = self._numbering.heading_label(level)
            return DraftBlock(BlockKind.HEADING, f"{label or ''} {text}", level)
        if label is not None:
            return DraftBlock(BlockKind.LIST_ITEM, f"{label} {text}")
        if self._styles.is_title(element.get(q("text:style-name"), "")):
            return DraftBlock(BlockKind.HEADING, text, 1)
        if numbered := heading_level(text):
            return DraftBlock(BlockKind.HEADING, text, numbered)
        return DraftBlock(BlockKind.PARAGRAPH, text)

    def _pieces(self, element: Element, anchored: list[Element]) -> Iterator[str]:
        """Yield the visible text below an element; gather its notes, frames and shapes."""
        yield _SPACE.sub(" ", element.text or "")
        for child in element:
            if child.tag in _BREAKS:
                yield _BREAKS[child.tag]
            elif child.tag == q("text:s"):
                yield " " * min(count_of(child, "text:c", 1), _MOST_SPACES)
            elif child.tag == q("text:note"):
                anchored.append(child)
                yield _mark(child)
            elif child.tag.startswith(_DRAWING):
                anchored.append(child)
            elif reason := self._hidden_inline(child):
                self._hide(reason, child)
            elif child.tag not in _SKIPPED:
                yield from self._pieces(child, anchored)
            yield _SPACE.sub(" ", child.tail or "")

    def _hidden_inline(self, element: Element) -> str:
        """Return why nobody sees a piece of a paragraph, '' where it is seen."""
        if element.tag == q("text:hidden-text"):
            return NOT_DISPLAYED if element.get(q("text:is-hidden")) != "false" else ""
        if element.tag != q("text:span"):
            return ""
        return self._styles.hidden("text", element.get(q("text:style-name"), ""))

    def _hide(self, reason: str, element: Element) -> None:
        if count := count_characters("".join(element.itertext())):
            self.hidden.append(HiddenText(reason, count))

    def _table(self, element: Element) -> Iterator[DraftBlock]:
        rows = list(_rows(element))
        cells = [[cell for cell in row if cell.tag == _CELLS[0]] for row in rows]
        if max((len(row) for row in cells), default=0) == 1:
            # One column is a frame around text, not a table.
            for cell in (cell for inner in cells for cell in inner):
                yield from self.blocks(cell)
            return
        lines: list[str] = []
        for row in rows:
            line = self._line(row)
            if line.strip(" |"):
                repeats = count_of(row, "table:number-rows-repeated", 1)
                lines += [line] * self._granted(repeats, len(line))
        if lines:
            yield DraftBlock(BlockKind.TABLE, "\n".join(lines))

    def _line(self, row: Element) -> str:
        """Return a row's cells; '' where one goes on from above, nothing where from the left."""
        cells: list[tuple[str, int]] = []
        covered = 0
        for cell in row:
            repeats = count_of(cell, "table:number-columns-repeated", 1)
            if cell.tag == _CELLS[0]:
                covered = count_of(cell, "table:number-columns-spanned", 1) - 1
                cells.append((self._joined(cell), repeats))
            elif cell.tag == _CELLS[1]:
                beside = min(covered, repeats)
                covered -= beside
                cells += [("", repeats - beside)] if repeats > beside else []
        while cells and not cells[-1][0] and cells[-1][1] > 1:
            # The empty rest of a sheet's row.
            cells.pop()
        shown = ([text] * self._granted(repeats, len(text) + len(" | ")) for text, repeats in cells)
        return " | ".join(text for texts in shown for text in texts)

    def _granted(self, repeats: int, size: int) -> int:
        """Return how often something of that size is written: once, or more within the limit."""
        more = max(0, min(repeats - 1, self._spare // max(size, 1)))
        self._spare -= more * size
        return 1 + more

    def _joined(self, element: Element | None) -> str:
        """Return all text of a cell or note on one line."""
        drafts = () if element is None else self.blocks(element)
        return " ".join(" ".join(draft.text.split()) for draft in drafts if draft.text)


def _rows(element: Element) -> Iterator[Element]:
    for child in element:
        if child.get(q("table:visibility")) in ("collapse", "filter"):
            continue
        if child.tag == q("table:table-row"):
            yield child
        elif child.tag in _ROW_GROUPS:
            yield from _rows(child)


def _hidden_reason(paragraph: Element) -> str:
    marks = paragraph.iter(q("text:hidden-paragraph"))
    hidden = any(mark.get(q("text:is-hidden")) == "true" for mark in marks)
    return NOT_DISPLAYED if hidden else ""


def _mark(note: Element) -> str:
    """Return a note's number in brackets, which parts it from the word it stands at."""
    citation = "".join(note.findtext(q("text:note-citation"), "").split())
    return f"[{citation}]" if citation else ""
