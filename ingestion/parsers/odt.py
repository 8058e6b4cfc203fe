"""ODT: headings, numbered lists, tables and notes; no headers, footers or deleted text."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from ingestion import media
from ingestion.builder import DraftBlock, build_document
from ingestion.errors import PasswordRequired
from ingestion.numbering import heading_level
from ingestion.parsers.hidden_text import HiddenText, count_characters, hidden_warnings
from ingestion.parsers.odt_styles import NOT_DISPLAYED, Numbering, Styles, count_of
from ingestion.parsers.odt_styles import qualified as q
from ingestion.parsers.package import Package
from ingestion.parsers.pdf.captions import is_caption
from ingestion.parsers.table_grid import GridCell, flattened_table, table_drafts
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
_HEADER = q("table:table-header-rows")
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
    opened = open_document(content, media.ODT, "office:text")
    body = opened.body()
    drafts = list(body.blocks(opened.content))
    return opened.document(drafts, name, warnings=hidden_warnings(body.hidden))


@dataclass(frozen=True, slots=True)
class Opened:
    """An OpenDocument file: what is in it, and the trees of its styles. title: its own."""

    media_type: str
    content: Element
    roots: Sequence[Element]
    title: str | None

    def body(self) -> "Body":
        """Return what reads the blocks of this file."""
        return Body(Styles(self.roots), Numbering(self.roots))

    def document(
        self,
        drafts: Iterable[DraftBlock],
        name: str,
        *,
        warnings: Iterable[str] = (),
        page_count: int | None = None,
    ) -> Document:
        """Return the document of these drafts. Raises EmptyDocument."""
        return build_document(
            list(drafts),
            name=name,
            media_type=self.media_type,
            title=self.title,
            warnings=warnings,
            page_count=page_count,
        )


def open_document(content: bytes, media_type: str, kind: str) -> Opened:
    """Return an OpenDocument file. kind: the element that holds what it is, such as office:text.

    Raises BrokenDocument, PasswordRequired or DocumentTooLarge.
    """
    package = Package(content, media_type)
    if _MANIFEST in package and _is_encrypted(package.xml(_MANIFEST)):
        raise PasswordRequired
    root = package.xml("content.xml")
    body = root.find(f"{q('office:body')}/{q(kind)}")
    if body is None:
        raise package.broken(f"it holds no {kind.removeprefix('office:')} document")
    roots = [package.xml("styles.xml"), root] if "styles.xml" in package else [root]
    title = package.xml("meta.xml").find(f".//{q('dc:title')}") if "meta.xml" in package else None
    return Opened(media_type, body, roots, None if title is None else title.text)


def _is_encrypted(manifest: Element) -> bool:
    return next(manifest.iter(q("manifest:encryption-data")), None) is not None


class Body:
    """The body of one document, with what its styles say."""

    def __init__(self, styles: Styles, numbering: Numbering) -> None:
        self._styles = styles
        self._numbering = numbering
        self._spare = LARGEST_REPEATS
        self.hidden: list[HiddenText] = []

    def blocks(self, elements: Iterable[Element]) -> Iterator[DraftBlock]:
        """Yield the blocks that are in these elements."""
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
                yield DraftBlock(BlockKind.FOOTNOTE, f"{_mark(child)} {body}" if body else "")
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
        if is_caption(text):
            return DraftBlock(BlockKind.CAPTION, text)
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
        yield from table_drafts(list(self.cells(element)), header_rows(element))

    def cells(self, table: Element) -> Iterator[GridCell]:
        """Yield the cells of a table that are seen, repeated ones as often as the limit allows.

        Empty rows come once, however many.
        """
        top = 0
        for row in _rows(table):
            line = list(self._line(row))
            size = sum(len(cell.text) + len(" | ") for cell in line)
            filled = any(cell.text for cell in line)
            repeats = count_of(row, "table:number-rows-repeated", 1) if filled else 1
            for _ in range(self._granted(repeats, size)):
                for cell in line:
                    yield replace(cell, top=cell.top + top, bottom=cell.bottom + top)
                top += 1

    def _line(self, row: Element) -> Iterator[GridCell]:
        """Yield the cells of a row as of row 0, without those that go on from above or the left."""
        left = 0
        for cell in row:
            repeats = count_of(cell, "table:number-columns-repeated", 1)
            if cell.tag == _CELLS[0]:
                text = self._joined(cell)
                bottom = max(count_of(cell, "table:number-rows-spanned", 1), 1) - 1
                more = max(count_of(cell, "table:number-columns-spanned", 1), 1) - 1
                shown = self._granted(repeats, len(text) + len(" | ")) if text else 1
                for column in range(left, left + shown):
                    yield GridCell(text, 0, column, bottom, column + more)
            if cell.tag in _CELLS:
                left += max(repeats, 1)

    def _granted(self, repeats: int, size: int) -> int:
        """Return how often something of that size is written: once, or more within the limit."""
        more = max(0, min(repeats - 1, self._spare // max(size, 1)))
        self._spare -= more * size
        return 1 + more

    def _joined(self, element: Element | None) -> str:
        """Return all text of a cell or note on one line."""
        drafts = () if element is None else self.blocks(element)
        texts = (
            flattened_table(draft.text) if draft.kind is BlockKind.TABLE else draft.text
            for draft in drafts
        )
        return " ".join(" ".join(text.split()) for text in texts if text)


def _rows(element: Element) -> Iterator[Element]:
    for child in element:
        if child.get(q("table:visibility")) in ("collapse", "filter"):
            continue
        if child.tag == q("table:table-row"):
            yield child
        elif child.tag in _ROW_GROUPS:
            yield from _rows(child)


def header_rows(table: Element) -> int:
    """Return how many rows at the top the table repeats on each page, which a header's are."""
    for child in table:
        if child.tag == _HEADER:
            return sum(1 for _ in _rows(child))
        if child.tag == q("table:table-row") or child.tag in _ROW_GROUPS:
            return 0
    return 0


def _hidden_reason(paragraph: Element) -> str:
    marks = paragraph.iter(q("text:hidden-paragraph"))
    hidden = any(mark.get(q("text:is-hidden")) == "true" for mark in marks)
    return NOT_DISPLAYED if hidden else ""


def _mark(note: Element) -> str:
    """Return a note's number in brackets, which parts it from the word it stands at."""
    citation = "".join(note.findtext(q("text:note-citation"), "").split())
    return f"[{citation}]" if citation else ""
