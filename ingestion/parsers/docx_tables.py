"""Tables of Word files: where their cells stand, merged ones as one."""

from dataclasses import dataclass
from typing import Any

from docx.oxml.ns import qn

_NS = {"w": qn("w:p")[1:-2]}
_OFF = ("0", "false", "off")
_MOST_SPAN = 16_384

# lxml ships no types, so an element is Any.
_Element = Any


@dataclass(frozen=True, slots=True)
class TableCell:
    """A cell's element and its rows and columns, from 0, both ends inside it."""

    element: _Element
    top: int
    left: int
    bottom: int
    right: int


def own_rows(table: _Element) -> list[_Element]:
    """Return the rows of a table, not those of tables in its cells."""
    return [row for row in table.iter(qn("w:tr")) if _owner(row, qn("w:tbl")) is table]


def own_cells(row: _Element) -> list[_Element]:
    """Return the cells of a row, also those that another one covers."""
    return [cell for cell in row.iter(qn("w:tc")) if _owner(cell, qn("w:tr")) is row]


def table_cells(rows: list[_Element]) -> list[TableCell]:
    """Return the cells that are seen: one that goes on from above or from the left is its part."""
    cells: list[tuple[_Element, int, int]] = []
    ends: list[tuple[int, int]] = []
    above: dict[int, int] = {}
    for top, row in enumerate(rows):
        open_here: dict[int, int] = {}
        column = _number(row, "w:trPr/w:gridBefore", 0)
        before = -1
        for cell in own_cells(row):
            right = column + max(_number(cell, "w:tcPr/w:gridSpan", 1), 1) - 1
            merge = _value(cell, "w:tcPr/w:vMerge", "continue")
            if _value(cell, "w:tcPr/w:hMerge", "continue") == "continue" and before >= 0:
                ends[before] = (ends[before][0], right)
            elif merge == "continue" and column in above:
                before = above[column]
                ends[before] = (top, ends[before][1])
                open_here[column] = before
            else:
                before = len(cells)
                cells.append((cell, top, column))
                ends.append((top, right))
                if merge is not None:
                    open_here[column] = before
            column = right + 1
        above = open_here
    return [
        TableCell(*cell, bottom, right) for cell, (bottom, right) in zip(cells, ends, strict=True)
    ]


def header_rows(rows: list[_Element]) -> int:
    """Return how many rows at the top are repeated on each page, which a header's are."""
    for count, row in enumerate(rows):
        mark = _value(row, "w:trPr/w:tblHeader", "1")
        if mark is None or mark in _OFF:
            return count
    return len(rows)


def _value(element: _Element, path: str, default: str) -> str | None:
    found = element.find(path, _NS)
    return None if found is None else str(found.get(qn("w:val"), default))


def _number(element: _Element, path: str, default: int) -> int:
    given = _value(element, path, "") or ""
    return min(int(given[:9]), _MOST_SPAN) if given.isascii() and given.isdecimal() else default


def _owner(element: _Element, tag: str) -> _Element:
    parent = element.getparent()
    while parent is not None and parent.tag != tag:
        parent = parent.getparent()
    return parent
