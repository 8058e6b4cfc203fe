"""DOCX: headings, lists, tables, notes, text in pictures; no headers, footers or deleted text."""

import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import docx
from docx.document import Document as WordDocument
from docx.exceptions import PythonDocxError
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn

from ingestion import media
from ingestion.builder import DraftBlock, build_document
from ingestion.errors import BrokenDocument
from ingestion.numbering import heading_level
from ingestion.parsers.docx_looks import Look, Looks
from ingestion.parsers.docx_math import EQUATION, linear
from ingestion.parsers.docx_notes import REFERENCES, Notes
from ingestion.parsers.docx_numbering import Numbering
from ingestion.parsers.docx_pictures import DRAWINGS, DocumentPictures
from ingestion.parsers.docx_tables import header_rows, own_cells, own_rows, table_cells
from ingestion.parsers.hidden_text import HiddenText, count_characters, hidden_warnings
from ingestion.parsers.ooxml_package import UNREADABLE, checked_package
from ingestion.parsers.pdf.captions import is_caption
from ingestion.parsers.pictures import Picture, PictureReader, read_flow
from ingestion.parsers.scan_pages import load_recogniser
from ingestion.parsers.table_grid import GridCell, flattened_table, table_drafts
from ingestion.ports import Advance, Recognise
from ingestion.records import PLAIN, BlockKind, Document, ParseOptions

_HEADING_STYLE = re.compile(r"(?:heading|标题|標題|überschrift|titre)\s*([1-9])", re.I)
_TITLE_STYLE = re.compile(r"(?:title|标题|標題)", re.I)
_CAPTION_STYLE = re.compile(r"(?:caption|题注|題註|標號|beschriftung|légende)\b", re.I)
_CONTENTS_STYLE = re.compile(r"(?:toc|目录|目錄)\s*[1-9]", re.I)
_CONTAINERS = frozenset(qn(tag) for tag in ("w:sdt", "w:sdtContent", "w:customXml", "w:smartTag"))
# Deleted text, field codes, and the second copy of what a newer Word draws are not read.
_SKIPPED = frozenset(
    [
        qn("w:del"),
        qn("w:moveFrom"),
        qn("w:instrText"),
        qn("w:delText"),
        qn("w:pPr"),
        qn("w:rPr"),
        qn("w:txbxContent"),
        "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
    ]
)
_TEXT = frozenset([qn("w:t"), qn("m:t")])
_BREAKS = {
    qn("w:tab"): "\t",
    qn("w:br"): "\n",
    qn("w:cr"): "\n",
    qn("w:noBreakHyphen"): "-",
}
# lxml ships no types, so an element is Any.
_Element = Any


def parse_docx(
    content: bytes,
    name: str,
    options: ParseOptions = PLAIN,
    advance: Advance = lambda _share: None,
    load: Callable[[], Recognise] = load_recogniser,
) -> Document:
    """Return the document in a Word file.

    Pictures are read by OCR where they are what a page says, see `ingestion.parsers.pictures`.
    load: returns the recogniser, called when a picture needs it.
    Raises BrokenDocument, EmptyDocument, MissingExtra (nothing but pictures), or DocumentTooLarge
    where the package would unpack to more than a document does.
    """
    content = checked_package(content, media.DOCX)
    try:
        word = docx.Document(io.BytesIO(content))
        body = _Body(word)
        items = list(body.items())
        # Where a package has no properties, python-docx makes up a title.
        relations = word.part.package.rels.values()
        described = any(rel.reltype == RELATIONSHIP_TYPE.CORE_PROPERTIES for rel in relations)
        title = word.core_properties.title if described else None
    except (*UNREADABLE, PythonDocxError) as exc:
        raise BrokenDocument(media.DOCX, str(exc) or type(exc).__name__) from exc
    reader = PictureReader(options, advance, load)
    drafts = read_flow(items, reader)
    reader.check_text(drafts)
    return build_document(
        drafts,
        name=name,
        media_type=media.DOCX,
        title=title,
        warnings=[*reader.warnings(), *hidden_warnings(body.hidden)],
    )


class _Body:
    """The body of one Word document, with what its styles say."""

    def __init__(self, word: WordDocument) -> None:
        self._root: _Element = word.element.body
        self._numbering = Numbering(word)
        self._styles: dict[str, _Element] = {
            style.get(qn("w:styleId")): style for style in word.styles.element.iter(qn("w:style"))
        }
        self._levels: dict[str, int | None] = {}
        self._looks = Looks(word, self._chain)
        self._notes = Notes(word)
        self._pictures = DocumentPictures(word)
        self._met: list[Picture] = []
        self.hidden: list[HiddenText] = []

    def items(self) -> Iterator[DraftBlock | Picture]:
        """Yield the blocks and pictures of the body, then the notes that are named in it."""
        yield from self._blocks(self._root)
        for mark, note in self._notes.met():
            # Pictures of notes are parts of theirs, which have other names.
            text, _ = self._joined(note)
            if text:
                yield DraftBlock(BlockKind.FOOTNOTE, f"{mark} {text}")

    def _blocks(self, parent: _Element) -> Iterator[DraftBlock | Picture]:
        for child in parent:
            if child.tag == qn("w:p"):
                yield from self._paragraph(child)
            elif child.tag == qn("w:tbl"):
                yield from self._table(child)
            elif child.tag in _CONTAINERS:
                yield from self._blocks(child)

    def _paragraph(self, element: _Element) -> Iterator[DraftBlock | Picture]:
        style_id = _value(element, "w:pPr/w:pStyle")
        if _CONTENTS_STYLE.match(self._style_name(style_id)):
            return
        text = "".join(self._pieces(element, self._looks.of_paragraph(element, style_id)))
        pictures, self._met = self._met, []
        level = self._outline_level(element, style_id)
        if text.strip():
            label = self._numbering.label(element, self._chain(style_id))
            yield _draft(text, level, label, captioned=self._is_caption(style_id))
        yield from pictures
        for box in _text_boxes(element):
            yield from self._blocks(box)

    def _pieces(self, element: _Element, look: Look) -> Iterator[str]:
        """Yield the visible text below an element, in order. look: of the text around it."""
        for child in element:
            if child.tag in _TEXT:
                yield child.text or ""
            elif child.tag == EQUATION:
                yield linear(child)
            elif child.tag in REFERENCES:
                yield self._notes.mark(child)
            elif child.tag in _BREAKS:
                yield _BREAKS[child.tag]
            elif child.tag in _SKIPPED:
                continue
            elif child.tag in DRAWINGS:
                self._met += self._pictures.of(child)
            elif child.tag != qn("w:r") or not (reason := self._looks.of_run(child, look)):
                yield from self._pieces(child, look)
            else:
                self._hide(reason, child, look)

    def _hide(self, reason: str, run: _Element, look: Look) -> None:
        """Count the text of a run that nobody sees, and forget its pictures."""
        met = len(self._met)
        if count := count_characters("".join(self._pieces(run, look))):
            self.hidden.append(HiddenText(reason, count))
        del self._met[met:]

    def _table(self, element: _Element) -> Iterator[DraftBlock | Picture]:
        rows = own_rows(element)
        if max((len(own_cells(row)) for row in rows), default=0) == 1:
            # One column is a frame around text, not a table.
            for row in rows:
                for cell in own_cells(row):
                    yield from self._blocks(cell)
            return
        cells: list[GridCell] = []
        pictures: list[Picture] = []
        for cell in table_cells(rows):
            text, shown = self._joined(cell.element)
            cells.append(GridCell(text, cell.top, cell.left, cell.bottom, cell.right))
            pictures += shown
        yield from table_drafts(cells, header_rows(rows))
        yield from pictures

    def _joined(self, element: _Element) -> tuple[str, list[Picture]]:
        """Return the text of a cell or note on one line, and its pictures."""
        items = list(self._blocks(element))
        pictures = [item for item in items if isinstance(item, Picture)]
        drafts = (item for item in items if isinstance(item, DraftBlock))
        return " ".join(" ".join(_flat(draft).split()) for draft in drafts), pictures

    def _is_caption(self, style_id: str) -> bool:
        chain = self._chain(style_id)
        return any(_CAPTION_STYLE.match(_value(style, "w:name")) for style in chain)

    def _outline_level(self, element: _Element, style_id: str) -> int | None:
        outline = _value(element, "w:pPr/w:outlineLvl")
        if outline.isdigit():
            return int(outline) + 1 if int(outline) < 9 else None
        if style_id not in self._levels:
            self._levels[style_id] = self._style_level(style_id)
        return self._levels[style_id]

    def _style_level(self, style_id: str) -> int | None:
        for style in self._chain(style_id):
            outline = _value(style, "w:pPr/w:outlineLvl")
            if outline.isdigit():
                return int(outline) + 1 if int(outline) < 9 else None
            name = _value(style, "w:name")
            if match := _HEADING_STYLE.match(name):
                return int(match[1])
            if _TITLE_STYLE.fullmatch(name.strip()):
                return 1
        return None

    def _chain(self, style_id: str) -> list[_Element]:
        """Return the style and those it is based on, nearest first."""
        chain: list[_Element] = []
        while style_id in self._styles and self._styles[style_id] not in chain:
            chain.append(self._styles[style_id])
            style_id = _value(chain[-1], "w:basedOn")
        return chain

    def _style_name(self, style_id: str) -> str:
        return _value(self._styles[style_id], "w:name") if style_id in self._styles else ""


def _draft(text: str, level: int | None, label: str | None, *, captioned: bool) -> DraftBlock:
    marked = f"{label} {text.lstrip()}" if label else text
    if level is not None:
        return DraftBlock(BlockKind.HEADING, marked, level)
    if captioned or (label is None and is_caption(text.strip())):
        return DraftBlock(BlockKind.CAPTION, marked)
    if label is not None:
        return DraftBlock(BlockKind.LIST_ITEM, marked)
    if numbered := heading_level(text):
        # Many offices type 第一章 in bold and use no style.
        return DraftBlock(BlockKind.HEADING, text, numbered)
    return DraftBlock(BlockKind.PARAGRAPH, text)


def _flat(draft: DraftBlock) -> str:
    return flattened_table(draft.text) if draft.kind is BlockKind.TABLE else draft.text


def _value(element: _Element, path: str) -> str:
    found = element.find(path, {"w": qn("w:p")[1:-2]})
    return "" if found is None else str(found.get(qn("w:val"), ""))


def _text_boxes(element: _Element) -> Iterator[_Element]:
    """Yield the text boxes anchored in a paragraph, each once."""
    for child in element:
        if child.tag == qn("w:txbxContent"):
            yield child
        elif not str(child.tag).endswith("}Fallback"):
            yield from _text_boxes(child)
