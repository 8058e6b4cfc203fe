"""Tables, charts and diagrams of a slide."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pptx.oxml import parse_xml
from pptx.oxml.ns import qn

from ingestion.builder import DraftBlock
from ingestion.parsers.number_formats import number_text
from ingestion.parsers.pptx_layout import NS, Element
from ingestion.parsers.pptx_text import paragraphs, visible_text
from ingestion.parsers.table_grid import GridCell, table_drafts
from ingestion.records import BlockKind

_C = {**NS, "c": qn("c:chart")[1:-6]}
_DIAGRAM = {**NS, "dgm": "http://schemas.openxmlformats.org/drawingml/2006/diagram"}
_COVERED = ("1", "true")


def table(element: Element, page: int) -> Iterator[DraftBlock]:
    """Yield a table as `table_drafts` does; one column is a frame around text, not a table."""
    rows = [row.findall("a:tc", NS) for row in element.findall("a:tr", NS)]
    seen = [[cell for cell in row if cell.get("hMerge") not in _COVERED] for row in rows]
    if max(map(len, seen), default=0) == 1:
        for body in (body for row in seen for cell in row for body in cell.findall("a:txBody", NS)):
            yield from paragraphs(body, [], page)
        return
    cells = [
        GridCell(
            _cell(cell),
            top,
            left,
            top + _span(cell, "rowSpan") - 1,
            left + _span(cell, "gridSpan") - 1,
        )
        for top, row in enumerate(rows)
        for left, cell in enumerate(row)
        if cell.get("hMerge") not in _COVERED and cell.get("vMerge") not in _COVERED
    ]
    for draft in table_drafts(cells):
        yield replace(draft, page=page)


def chart(part: Element, page: int) -> Iterator[DraftBlock]:
    """Yield a chart's title and, as a table, what it draws: a category a line, a series a column.

    part: the root of the chart's part, which keeps the values that were drawn last.
    """
    title = part.find("c:chart/c:title", _C)
    if title is not None:
        yield DraftBlock(BlockKind.PARAGRAPH, visible_text(title) or _cached(title), page=page)
    categories: dict[int, str] = {}
    names: list[str] = []
    columns: list[dict[int, str]] = []
    for series in part.findall("c:chart/c:plotArea/*/c:ser", _C):
        names.append(_cached(series.find("c:tx", _C)))
        columns.append(_points(series, "val") or _points(series, "yVal"))
        for index, text in (_points(series, "cat") or _points(series, "xVal")).items():
            categories.setdefault(index, text)
    places = sorted({index for column in columns for index in column})
    rows = [
        [categories.get(index, ""), *(column.get(index, "") for column in columns)]
        for index in places
    ]
    if rows:
        yield _table([["", *names], *rows], page)


def diagram(content: bytes, page: int) -> Iterator[DraftBlock]:
    """Yield the texts of a SmartArt diagram as list items. content: of its data part."""
    for text in parse_xml(content).iterfind("dgm:ptLst/dgm:pt/dgm:t", _DIAGRAM):
        for draft in paragraphs(text, [], page):
            yield DraftBlock(BlockKind.LIST_ITEM, draft.text, page=page)


def _table(rows: Sequence[Sequence[str]], page: int) -> DraftBlock:
    lines = [" | ".join(row) for row in rows if any(row)]
    return DraftBlock(BlockKind.TABLE, "\n".join(lines), page=page)


def _span(cell: Element, name: str) -> int:
    given = cell.get(name, "")
    return max(int(given[:9]), 1) if given.isascii() and given.isdecimal() else 1


def _cell(cell: Element) -> str:
    texts = (visible_text(paragraph) for paragraph in cell.iterfind("a:txBody/a:p", NS))
    return " ".join(" ".join(texts).split())


def _cached(element: Element | None) -> str:
    """Return the text that a reference to a workbook had, or that stands in its place."""
    if element is None:
        return ""
    return " ".join("".join(value.itertext()) for value in element.iterfind(".//c:v", _C))


def _points(series: Element, kind: str) -> dict[int, str]:
    """Return the values of a series by their place, as they are shown."""
    values = series.find(f"c:{kind}", _C)
    if values is None:
        return {}
    # Of nested categories the innermost come first.
    nested = values.find(".//c:lvl", _C)
    code = values.findtext(".//c:formatCode", "", _C)
    points = {}
    for point in (values if nested is None else nested).iterfind(".//c:pt", _C):
        index = point.get("idx", "")
        text = point.findtext("c:v", "", _C)
        if index.isdecimal() and len(index) < 9:
            points[int(index)] = _shown(text, point.get("formatCode") or code)
    return points


def _shown(text: str, code: str) -> str:
    try:
        return number_text(float(text), code) if code else " ".join(text.split())
    except (ValueError, OverflowError):
        return " ".join(text.split())
