"""XLS and XLSB, the binary workbooks: the visible sheets as tables, as `xlsx` makes them."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import PurePath

from python_calamine import (
    CalamineSheet,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from ingestion import media
from ingestion.builder import build_document
from ingestion.errors import BrokenDocument, DocumentTooLarge
from ingestion.parsers.package import check_size
from ingestion.parsers.sheet_tables import Grid
from ingestion.parsers.xlsx import grid_of, left_out, opened_workbook, sheet_drafts
from ingestion.parsers.xlsx_cells import LARGEST_AREA, Sheet
from ingestion.records import Document

LARGEST_PART = 128 << 20
"""Bytes that one sheet of an XLSB may unpack to."""

_UNSCANNED = Sheet(0, {}, frozenset(), ())
_ROW = 0
_CELLS = frozenset(range(1, 12))
_LAST_BIT = 0x80


def parse_xls(content: bytes, name: str) -> Document:
    """Return the document in an old workbook. Hidden and oversized sheets are left out.

    Raises BrokenDocument, PasswordRequired, EmptyDocument, or DocumentTooLarge where no sheet is
    within the limits.
    """
    return _Book(content, name, media.XLS).document()


def parse_xlsb(content: bytes, name: str) -> Document:
    """Return the document in a binary workbook. Raises as `parse_xls` does."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            check_size(package, len(content))
            for member in package.infolist():
                if member.filename.lower().startswith("xl/worksheets/sheet"):
                    _check_sheet(package, member)
    except media.UNREADABLE_ZIP as exc:
        raise BrokenDocument(media.XLSB, "the package is damaged") from exc
    return _Book(content, name, media.XLSB).document()


class _Book:
    def __init__(self, content: bytes, name: str, media_type: str) -> None:
        self._content, self._name, self._media_type = content, name, media_type
        self._hidden: list[str] = []
        self._refused: list[str] = []

    def document(self) -> Document:
        drafts = list(sheet_drafts(self._grids()))
        if self._refused and not drafts:
            raise DocumentTooLarge(LARGEST_AREA + 1, LARGEST_AREA, "cells")
        return build_document(
            drafts,
            name=self._name,
            media_type=self._media_type,
            title=PurePath(self._name.replace("\\", "/")).stem,
            warnings=[*left_out("hidden", self._hidden), *left_out("too large", self._refused)],
        )

    def _grids(self) -> Iterator[tuple[str, Grid]]:
        with opened_workbook(self._content, self._media_type) as book:
            for listed in book.sheets_metadata:
                if listed.typ is not SheetTypeEnum.WorkSheet:
                    continue
                if listed.visible is not SheetVisibleEnum.Visible:
                    self._hidden.append(listed.name)
                    continue
                sheet = book.get_sheet_by_name(listed.name)
                if _area(sheet) > LARGEST_AREA:
                    self._refused.append(listed.name)
                else:
                    yield listed.name, grid_of(sheet, _UNSCANNED, [])


def _area(sheet: CalamineSheet) -> int:
    return sheet.height * sheet.width


def _check_sheet(package: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Refuse a sheet whose outermost cells lie too far apart, for its reader keeps all between.

    Raises DocumentTooLarge.
    """
    if member.file_size > LARGEST_PART:
        raise DocumentTooLarge(member.file_size, LARGEST_PART)
    row = 0
    rows, columns = set[int](), set[int]()
    for kind, data in _records(package.read(member)):
        number = int.from_bytes(data[:4], "little")
        if kind == _ROW:
            row = number
        elif kind in _CELLS:
            rows.add(row)
            columns.add(number)
    if rows and columns:
        area = (max(rows) - min(rows) + 1) * (max(columns) - min(columns) + 1)
        if area > LARGEST_AREA:
            raise DocumentTooLarge(area, LARGEST_AREA, "cells")


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the kind and the content of each record (MS-XLSB 2.1.4)."""
    position = 0
    while position < len(data):
        kind, position = _number(data, position, 2)
        length, position = _number(data, position, 4)
        yield kind, data[position : position + min(length, 8)]
        position += length


def _number(data: bytes, position: int, longest: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, and where the next begins."""
    value = 0
    for shift in range(longest):
        byte = data[position] if position < len(data) else 0
        position += 1
        value |= (byte & ~_LAST_BIT) << (7 * shift)
        if byte < _LAST_BIT:
            break
    return value, position
