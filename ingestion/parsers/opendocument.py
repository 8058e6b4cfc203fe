"""ODS and ODP: the visible sheets as tables, the visible slides as pages."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from xml.etree.ElementTree import Element

from ingestion import media
from ingestion.builder import DraftBlock
from ingestion.parsers.hidden_text import hidden_warnings
from ingestion.parsers.odt import Body, open_document
from ingestion.parsers.odt_styles import Styles
from ingestion.parsers.odt_styles import qualified as q
from ingestion.parsers.page_warnings import page_warnings
from ingestion.parsers.table_grid import table_drafts
from ingestion.records import BlockKind, Document

NOTES = "备注 Notes:"
"""What stands before the notes to a slide, whatever the document's language."""

_LEVEL = 2
# What the slide's master repeats on every slide.
_REPEATED = frozenset(("date-time", "footer", "header", "page-number"))


def parse_ods(content: bytes, name: str) -> Document:
    """Return the document in an OpenDocument spreadsheet: a heading and tables for each sheet.

    Cells are as the sheet shows them. Empty rows part tables. Raises BrokenDocument,
    PasswordRequired, EmptyDocument, or DocumentTooLarge.
    """
    opened = open_document(content, media.ODS, "office:spreadsheet")
    body, styles = opened.body(), Styles(opened.roots)
    drafts: list[DraftBlock] = []
    hidden: list[str] = []
    for table in opened.content.findall(q("table:table")):
        sheet = table.get(q("table:name"), "")
        if styles.is_hidden_table(table.get(q("table:style-name"), "")):
            hidden.append(sheet)
            continue
        tables = list(_tables(body, table))
        drafts += [DraftBlock(BlockKind.HEADING, sheet, _LEVEL), *tables] if tables else []
    warnings = [f"Sheets that are hidden and were left out: {', '.join(hidden)}."] if hidden else []
    warnings += hidden_warnings(body.hidden)
    return opened.document(drafts, name, warnings=warnings)


def parse_odp(content: bytes, name: str) -> Document:
    """Return the document in an OpenDocument presentation: a slide is a page, its title a heading.

    Raises as `parse_ods` does.
    """
    opened = open_document(content, media.ODP, "office:presentation")
    body, styles = opened.body(), Styles(opened.roots)
    drafts: list[DraftBlock] = []
    hidden: list[int] = []
    slides = opened.content.findall(q("draw:page"))
    for number, slide in enumerate(slides, 1):
        if styles.is_hidden_page(slide.get(q("draw:style-name"), "")):
            hidden.append(number)
        else:
            drafts += [replace(draft, page=number) for draft in _slide(body, slide)]
    warnings = [
        *page_warnings("Slides that are hidden and were left out", hidden),
        *hidden_warnings(body.hidden),
    ]
    return opened.document(drafts, name, warnings=warnings, page_count=len(slides))


def _tables(body: Body, table: Element) -> Iterator[DraftBlock]:
    """Yield the tables that empty rows part; lines of one cell over a header are a title."""
    filled = (cell for cell in body.cells(table) if cell.text)
    rows = [list(row) for _, row in groupby(filled, key=lambda cell: cell.top)]
    starts = [at for at, row in enumerate(rows) if not at or row[0].top > rows[at - 1][0].top + 1]
    for first, last in zip(starts, [*starts[1:], len(rows)], strict=True):
        run = rows[first:last]
        over = next((at for at, row in enumerate(run) if len(row) > 1), len(run))
        for row in run[:over]:
            yield DraftBlock(BlockKind.PARAGRAPH, row[0].text)
        yield from table_drafts([cell for row in run[over:] for cell in row])


def _slide(body: Body, slide: Element) -> Iterator[DraftBlock]:
    for shape in slide:
        kind = shape.get(q("presentation:class"), "")
        if shape.tag == q("presentation:notes"):
            yield from _notes(body, shape)
        elif kind not in _REPEATED:
            drafts = list(body.blocks([shape]))
            if kind == "title":
                text = " ".join(draft.text for draft in drafts)
                yield DraftBlock(BlockKind.HEADING, text, _LEVEL)
            else:
                yield from drafts


def _notes(body: Body, notes: Element) -> Iterator[DraftBlock]:
    for shape in notes:
        if shape.get(q("presentation:class")) == "notes":
            text = " ".join(draft.text for draft in body.blocks([shape]))
            yield DraftBlock(BlockKind.PARAGRAPH, f"{NOTES} {text}" if text.strip() else "")
