"""PPTX: what the visible slides show, in reading order, and the notes of the speaker.

Pictures are read by OCR where a slide has few letters besides, or is mostly one picture.
"""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from pptx.exc import PythonPptxError
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml.ns import qn
from pptx.package import Package

from ingestion import media
from ingestion.builder import DraftBlock, build_document
from ingestion.errors import BrokenDocument, DocumentTooLarge
from ingestion.numbering import opens_list_item
from ingestion.parsers import pptx_graphics
from ingestion.parsers.hidden_text import HiddenText, count_characters, hidden_warnings
from ingestion.parsers.ooxml_package import UNREADABLE, checked_package
from ingestion.parsers.page_warnings import page_warnings
from ingestion.parsers.pictures import PictureReader
from ingestion.parsers.pptx_layout import (
    NS,
    Element,
    Layout,
    Placeholder,
    frame_of,
    placeholder_of,
    shapes_of,
)
from ingestion.parsers.pptx_pictures import SlidePictures, slide_size
from ingestion.parsers.pptx_text import paragraphs, visible_text
from ingestion.parsers.scan_pages import load_recogniser
from ingestion.ports import Advance, Recognise
from ingestion.records import PLAIN, BlockKind, Document, ParseOptions
from ingestion.reflow import display_width

LARGEST_TEXT = 32 << 20
"""Characters of all slides; a part kept once may be shown on every slide."""
NOTES = "备注 Notes:"
"""What stands before the notes to a slide, whatever the document's language."""

_COVER_LEVEL, _SLIDE_LEVEL = 1, 2
_TITLE_WIDTH = 60
_HIDDEN = ("0", "false")
# What PowerPoint enters where the author gave no title.
_NO_TITLE = re.compile(r"PowerPoint \S+|Slide \d+|(?:幻灯片|投影片) ?\d+")
_DIAGRAM_DATA = qn("r:dm")
_Part = Any


def parse_pptx(
    content: bytes,
    name: str,
    options: ParseOptions = PLAIN,
    advance: Advance = lambda _share: None,
    load: Callable[[], Recognise] = load_recogniser,
) -> Document:
    """Return the document in a presentation: a slide is a page, its title a heading.

    load: returns the recogniser, called when a picture needs it.
    Raises BrokenDocument, EmptyDocument, MissingExtra (nothing but pictures), or DocumentTooLarge.
    """
    content = checked_package(content, media.PPTX)
    reader = PictureReader(options, advance, load, " on slides")
    try:
        deck = _Deck(Package.open(io.BytesIO(content)), reader)
        drafts = list(deck.drafts())
        title = deck.title()
    except (*UNREADABLE, PythonPptxError) as exc:
        raise BrokenDocument(media.PPTX, str(exc)[:200] or type(exc).__name__) from exc
    reader.check_text(drafts)
    return build_document(
        drafts,
        name=name,
        media_type=media.PPTX,
        title=title,
        page_count=deck.page_count,
        warnings=[
            *page_warnings("Slides that are hidden and were left out", deck.hidden),
            *page_warnings("Slides that have no text", deck.blank),
            *reader.warnings(),
            *hidden_warnings(deck.unseen, "slide"),
        ],
    )


class _Deck:
    """One presentation. `drafts` fills in which slides are hidden and which have no text."""

    def __init__(self, package: Package, reader: PictureReader) -> None:
        self._package = package
        root: Element = package.presentation_part._element
        self._entries: list[Element] = root.findall("p:sldIdLst/p:sldId", NS)
        self._size = slide_size(root)
        self._pictures = SlidePictures(self._size, reader)
        self._layouts: dict[str, Layout] = {}
        self._drawn: set[str] = set()
        self._characters = 0
        self.page_count = 0
        self.hidden: list[int] = []
        self.blank: list[int] = []
        self.unseen: list[HiddenText] = []

    def title(self) -> str | None:
        given = self._package.core_properties.title or ""
        return None if _NO_TITLE.fullmatch(given.strip()) else given

    def drafts(self) -> Iterator[DraftBlock]:
        for page, slide in enumerate(self._slides(), 1):
            self.page_count = page
            if slide._element.get("show") in _HIDDEN:
                self.hidden.append(page)
                continue
            empty = True
            for draft in self._slide(slide, page):
                self._count(draft)
                empty = empty and not draft.text.strip()
                yield draft
            if empty:
                self.blank.append(page)

    def _slides(self) -> Iterator[_Part]:
        """Yield the slides' parts in the order in which they are shown, each once."""
        deck = self._package.presentation_part
        seen = set()
        for entry in self._entries:
            slide = deck.related_part(entry.get(qn("r:id")))
            if slide.partname not in seen:
                seen.add(slide.partname)
                yield slide

    def _count(self, draft: DraftBlock) -> None:
        self._characters += len(draft.text)
        if self._characters > LARGEST_TEXT:
            raise DocumentTooLarge(self._characters, LARGEST_TEXT, "characters")

    def _slide(self, slide: _Part, page: int) -> Iterator[DraftBlock]:
        """Yield a slide's title, then what else it shows, then its notes."""
        tree = slide._element.find("p:cSld/p:spTree", NS)
        if tree is None:
            return
        layout = self._layout(slide)
        shapes = list(self._visible(layout, tree, page))
        titles = list(_titles(shapes, page))
        shown = [*self._pictures.background(slide)] + [
            self._pictures.of(
                slide,
                shape,
                layout.bases(placeholder),
                list(self._shape(slide, shape, layout, placeholder, page)),
            )
            for shape, placeholder in shapes
            if placeholder is None or not (placeholder.is_title or placeholder.is_furniture)
        ]
        letters = sum(len(title.text) for title in titles)
        body = self._pictures.read(shown, letters, page, page / len(self._entries))
        yield from titles or _first_line_as_title(body)
        yield from body if titles else body[len(_first_line_as_title(body)) :]
        yield from _notes(slide, page)

    def _visible(
        self, layout: Layout, tree: Element, page: int
    ) -> Iterator[tuple[Element, Placeholder | None]]:
        """Yield the shapes that can be seen, and count the text of the others."""
        hidden = [*_hidden_shapes(tree), *self._off_slide(tree)]
        for reason, shape in hidden:
            if count := count_characters(visible_text(shape)):
                self.unseen.append(HiddenText(reason, count, page))
        unseen = {shape for _, shape in hidden}
        for shape, placeholder in _shown(layout, tree):
            if unseen.isdisjoint((shape, *shape.iterancestors())):
                yield shape, placeholder

    def _off_slide(self, tree: Element) -> Iterator[tuple[str, Element]]:
        """Yield the shapes that lie wholly beside the slide."""
        width, height = self._size
        for shape in shapes_of(tree):
            if (place := frame_of(shape)) and width and height:
                left, top, right, bottom = place
                if right <= 0 or bottom <= 0 or left >= width or top >= height:
                    yield "beside the slide", shape

    def _layout(self, slide: _Part) -> Layout:
        layout = _related(slide, RELATIONSHIP_TYPE.SLIDE_LAYOUT)
        name = "" if layout is None else str(layout.partname)
        if name not in self._layouts:
            master = None if layout is None else _related(layout, RELATIONSHIP_TYPE.SLIDE_MASTER)
            self._layouts[name] = Layout(_root(layout), _root(master))
        return self._layouts[name]

    def _shape(
        self,
        slide: _Part,
        shape: Element,
        layout: Layout,
        placeholder: Placeholder | None,
        page: int,
    ) -> Iterator[DraftBlock]:
        if (text := shape.find("p:txBody", NS)) is not None:
            bases = [base.find("p:txBody/a:lstStyle", NS) for base in layout.bases(placeholder)]
            yield from paragraphs(text, [*bases, layout.text_style(placeholder)], page)
        for drawn in shape.iterfind("a:graphic/a:graphicData/*", NS):
            if drawn.tag == qn("a:tbl"):
                yield from pptx_graphics.table(drawn, page)
            elif (root := _root(self._part(slide, drawn.get(qn("r:id"))))) is not None:
                yield from pptx_graphics.chart(root, page)
            elif part := self._part(slide, drawn.get(_DIAGRAM_DATA)):
                yield from pptx_graphics.diagram(part.blob, page)

    def _part(self, slide: _Part, relation: str | None) -> _Part | None:
        """Return a part that a shape draws, once in a deck; None where it is missing."""
        found = slide.rels.get(relation) if relation else None
        if found is None or found.is_external or found.target_part.partname in self._drawn:
            return None
        self._drawn.add(found.target_part.partname)
        return found.target_part


def _hidden_shapes(tree: Element) -> Iterator[tuple[str, Element]]:
    """Yield the shapes marked as hidden, but not those inside of them."""
    for shape in shapes_of(tree):
        if _is_hidden(shape):
            yield "in shapes that are hidden", shape
        elif shape.tag == qn("p:grpSp"):
            yield from _hidden_shapes(shape)


def _is_hidden(shape: Element) -> bool:
    properties = shape.find("./*/p:cNvPr", NS)
    return properties is not None and properties.get("hidden") in ("1", "true")


def _shown(layout: Layout, tree: Element) -> Iterator[tuple[Element, Placeholder | None]]:
    """Yield the visible shapes in reading order, a group's where the group stands."""
    for shape in layout.in_reading_order(tree):
        if _is_hidden(shape):
            continue
        if shape.tag == qn("p:grpSp"):
            yield from _shown(layout, shape)
        else:
            yield shape, placeholder_of(shape)


def _titles(shapes: list[tuple[Element, Placeholder | None]], page: int) -> Iterator[DraftBlock]:
    for shape, placeholder in shapes:
        text = shape.find("p:txBody", NS)
        if text is None or placeholder is None or not placeholder.is_title:
            continue
        title = " ".join(draft.text for draft in paragraphs(text, [], page))
        if title:
            level = _COVER_LEVEL if placeholder.kind == "ctrTitle" else _SLIDE_LEVEL
            yield DraftBlock(BlockKind.HEADING, title, level, page)


def _first_line_as_title(body: list[DraftBlock]) -> list[DraftBlock]:
    """Return the first line as the title if it could be one: many decks are drawn without.

    Else the slide's text would stand under the title of the slide before it.
    """
    if len(body) < 2 or body[0].kind is not BlockKind.PARAGRAPH:
        return []
    line = body[0].text.strip()
    fits = "\n" not in line and display_width(line) <= _TITLE_WIDTH
    if not fits or opens_list_item(line) or line.endswith(("。", ".", "；", ";", "，", ",")):
        return []
    return [replace(body[0], kind=BlockKind.HEADING, level=_SLIDE_LEVEL)]


def _notes(slide: _Part, page: int) -> Iterator[DraftBlock]:
    tree = _root(_related(slide, RELATIONSHIP_TYPE.NOTES_SLIDE))
    tree = None if tree is None else tree.find("p:cSld/p:spTree", NS)
    mark = f"{NOTES} "
    for shape, placeholder in () if tree is None else _shown(Layout(None, None), tree):
        text = shape.find("p:txBody", NS)
        if text is None or placeholder is None or placeholder.kind != "body":
            continue
        for draft in paragraphs(text, [], page):
            yield DraftBlock(BlockKind.PARAGRAPH, f"{mark}{draft.text.lstrip()}", page=page)
            mark = ""


def _related(part: _Part, kind: str) -> _Part | None:
    """Return the part that is related in this way, None where there is none."""
    return next(
        (
            relation.target_part
            for relation in part.rels.values()
            if relation.reltype == kind and not relation.is_external
        ),
        None,
    )


def _root(part: _Part | None) -> Element | None:
    return getattr(part, "_element", None)
