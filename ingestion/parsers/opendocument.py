"""ODS and ODP: the visible sheets as tables, the visible slides as pages."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from xml.etree.ElementTree import Element

from ingestion import media
from ingestion.builder import DraftBlock
from ingestion.parsers.hidden_text import hidden_warnings
from ingestion.parsers.odt import Body, open_document
from ingestion.parsers.odt_styles import Styles
from ingestion.parsers.odt_styles import qualified as q
from ingestion.parsers.page_warnings import page_warnings
from ingestion.parsers.sheet_tables import Grid, Region, regions
from ingestion.parsers.table_grid import LARGEST_GRID, GridCell, table_drafts
from ingestion.records import BlockKind, Document

NOTES = "备注 Notes:"
"""What stands before the notes to a slide, whatever the document's language."""

_LEVEL = 2
# What the slide's master repeats on every slide.
_REPEATED = frozenset(("date-time", "footer", "header", "page-number"))


def parse_ods(content: bytes, name: str) -> Document:
    """Return the document in an OpenDocument spreadsheet: a heading and tables for each sheet.

    Cells are as the sheet shows them; tables are parted as `sheet_tables.regions` says. Raises
    BrokenDocument, PasswordRequired, EmptyDocument, or DocumentTooLarge.
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
    """Yield the tables of a sheet, each after the lines of one cell over its header."""
    filled = [cell for cell in body.cells(table) if cell.text]
    tops, lefts = _near(cell.top for cell in filled), _near(cell.left for cell in filled)
    if not filled or (tops[-1][1] + 1) * (lefts[-1][1] + 1) > LARGEST_GRID:
        yield from table_drafts(filled)
        return
    cells = sorted((_moved(cell, tops, lefts) for cell in filled), key=_left)
    rows = [[""] * (lefts[-1][1] + 1) for _ in range(tops[-1][1] + 1)]
    spans: dict[int, list[GridCell]] = {}
    by_row: dict[int, list[GridCell]] = {}
    for cell in cells:
        rows[cell.top][cell.left] = cell.text
        by_row.setdefault(cell.top, []).append(cell)
        if cell.right > cell.left or cell.bottom > cell.top:
            spans.setdefault(cell.top, []).append(cell)
    for region in regions(Grid(rows, spans)):
        inside = [
            cell
            for row in range(region.top, region.end)
            for cell in _between(by_row.get(row, ()), region)
        ]
        for cell in inside:
            if cell.top < region.body:
                yield DraftBlock(BlockKind.PARAGRAPH, cell.text)
        yield from table_drafts([cell for cell in inside if cell.top >= region.body])


def _between(cells: Sequence[GridCell], region: Region) -> Sequence[GridCell]:
    """Return the cells of a row, from left to right, that begin in the region's columns."""
    first = bisect_left(cells, region.left, key=_left)
    return cells[first : bisect_left(cells, region.right, key=_left)]


def _left(cell: GridCell) -> int:
    return cell.left


def _near(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Return the rows or columns in use, rising, each with where it is if gaps are one wide."""
    places: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        step = 0 if not places else min(number - places[-1][0], 2)
        places.append((number, places[-1][1] + step if places else 0))
    return places


def _moved(
    cell: GridCell, tops: Sequence[tuple[int, int]], lefts: Sequence[tuple[int, int]]
) -> GridCell:
    """Return the cell where it is if gaps are one wide; it ends in a row and column in use."""

    def place(places: Sequence[tuple[int, int]], number: int) -> int:
        return places[bisect_right(places, number, key=lambda pair: pair[0]) - 1][1]

    return GridCell(
        cell.text,
        place(tops, cell.top),
        place(lefts, cell.left),
        place(tops, cell.bottom),
        place(lefts, cell.right),
    )


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
