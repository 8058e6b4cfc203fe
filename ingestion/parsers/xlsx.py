"""XLSX: the visible sheets as tables, numbers and days as a reader sees them."""

import io
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import PurePath

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from ingestion import media
from ingestion.builder import DraftBlock, build_document
from ingestion.errors import BrokenDocument, DocumentTooLarge, PasswordRequired
from ingestion.parsers.hidden_text import HiddenText, count_characters, hidden_warnings
from ingestion.parsers.number_formats import day_text, number_text
from ingestion.parsers.ooxml_package import checked_package
from ingestion.parsers.sheet_tables import Grid, Row, Span, grid_drafts
from ingestion.parsers.xlsx_cells import Sheet
from ingestion.parsers.xlsx_scan import LARGEST_CELLS, Workbook, scan_workbook
from ingestion.records import BlockKind, Document

_SHEET_LEVEL = 2
_LONGEST_LABEL = 100
_PANIC = "PanicException"
# A picture in a cell, as WPS Office writes it and every other program shows it.
_PICTURE = re.compile(r"=?(?:_xlfn\.)?DISPIMG\(.*\)", re.DOTALL)


def parse_xlsx(content: bytes, name: str) -> Document:
    """Return the document in a workbook: each visible sheet a heading and its tables.

    Tables are parted as `sheet_tables.regions` says, a column without values is left out, and a
    label merged over several rows stands in each of them. Hidden rows and columns are left out and
    counted; sheets that are hidden, or have more cells than a reader of this kind of document can
    hold, are left out with a warning. Raises BrokenDocument, EmptyDocument, UnsupportedMedia (XLSB)
    or DocumentTooLarge, also where no sheet with text is within the limits.
    """
    content = checked_package(content, media.XLSX)
    workbook = scan_workbook(content)
    hidden: list[HiddenText] = []
    drafts = list(sheet_drafts(_grids(workbook, hidden)))
    if workbook.refused and not drafts:
        raise DocumentTooLarge(LARGEST_CELLS + 1, LARGEST_CELLS, "cells")
    return build_document(
        drafts,
        name=name,
        media_type=media.XLSX,
        title=workbook.title.strip() or PurePath(name.replace("\\", "/")).stem,
        warnings=[
            *left_out("hidden", workbook.hidden),
            *left_out("too large", workbook.refused),
            *hidden_warnings(hidden),
        ],
    )


def left_out(why: str, names: Sequence[str]) -> list[str]:
    """Return the warning that names the sheets that were left out; none where none were."""
    return [f"Sheets that are {why} and were left out: {', '.join(names)}."] if names else []


def sheet_drafts(grids: Iterable[tuple[str, Grid]]) -> Iterator[DraftBlock]:
    """Yield each sheet's name as a heading and its tables. grids: by the sheets' names."""
    for name, grid in grids:
        if blocks := list(grid_drafts(grid)):
            yield DraftBlock(BlockKind.HEADING, name, _SHEET_LEVEL)
            yield from blocks


def _grids(workbook: Workbook, hidden: list[HiddenText]) -> Iterator[tuple[str, Grid]]:
    """Yield the name and the cells' text of each sheet; `hidden` gains what is not in it."""
    with opened_workbook(workbook.package, media.XLSX) as opened:
        for name, sheet in workbook.sheets.items():
            yield name, grid_of(opened.get_sheet_by_name(name), sheet, hidden)


@contextmanager
def opened_workbook(content: bytes, media_type: str) -> Iterator[CalamineWorkbook]:
    """Give a workbook. Raises BrokenDocument or PasswordRequired, also while it is read."""
    try:
        with CalamineWorkbook.from_object(io.BytesIO(content)) as opened:
            yield opened
    except PasswordError as exc:
        raise PasswordRequired from exc
    except (CalamineError, OSError, ValueError) as exc:
        raise BrokenDocument(media_type, str(exc) or type(exc).__name__) from exc
    except BaseException as exc:
        # A bug of the Rust library comes as an exception that is not an Exception.
        if type(exc).__name__ != _PANIC:
            raise
        raise BrokenDocument(media_type, "its sheets are damaged") from exc


def grid_of(sheet: CalamineSheet, scanned: Sheet, hidden: list[HiddenText]) -> Grid:
    """Return a sheet's visible cells; `hidden` gains the text of the others.

    scanned: what calamine does not tell of the sheet.
    """
    top, left = sheet.start or (0, 0)
    grid = [[_text(value) for value in row] for row in sheet.to_python()]
    for (row, column), text in scanned.shown.items():
        if 0 <= row - top < len(grid) and 0 <= column - left < len(grid[0]):
            grid[row - top][column - left] = text
    merged = sheet.merged_cell_ranges or []
    _fill_down(grid, merged, top, left)
    kept = _without_hidden(grid, scanned, (top, left), hidden)
    shown = [row for row in range(len(grid)) if row + top not in scanned.hidden_rows]
    return Grid(kept, _spans(merged, shown, top, left))


def _spans(
    merged: Iterable[tuple[tuple[int, int], tuple[int, int]]],
    shown: Sequence[int],
    top: int,
    left: int,
) -> dict[int, list[Span]]:
    """Return the merged ranges as they lie in the rows that are shown. shown: their numbers."""
    spans: dict[int, list[Span]] = {}
    for (first, column), (last, final) in merged:
        start = bisect_left(shown, first - top)
        end = bisect_right(shown, last - top) - 1
        if start <= end and shown[start] == first - top and column >= left:
            spans.setdefault(start, []).append(Span(start, column - left, end, final - left))
    return spans


def _without_hidden(
    grid: list[Row], scanned: Sheet, corner: tuple[int, int], hidden: list[HiddenText]
) -> list[Row]:
    """Return the grid without the rows and columns that are not shown. corner: where it begins."""
    top, left = corner
    kept = [row for number, row in enumerate(grid, top) if number not in scanned.hidden_rows]
    unseen = [row for number, row in enumerate(grid, top) if number in scanned.hidden_rows]
    _note(hidden, "in rows that are hidden", (text for row in unseen for text in row))
    width = len(kept[0]) if kept else 0
    for first, last in scanned.hidden_columns:
        columns = range(max(first - left, 0), min(last - left + 1, width))
        _note(hidden, "in columns that are hidden", (row[at] for row in kept for at in columns))
        for row in kept:
            row[columns.start : columns.stop] = [""] * len(columns)
    return kept


def _note(hidden: list[HiddenText], reason: str, texts: Iterable[str]) -> None:
    if count := sum(map(count_characters, texts)):
        hidden.append(HiddenText(reason, count))


def _text(value: object) -> str:
    match value:
        case str():
            return "" if _PICTURE.fullmatch(value.strip()) else " ".join(value.split())
        case bool():
            return str(value).upper()
        case int() | float():
            return number_text(value)
        case datetime():
            return day_text(value)
        case date() | time():
            return value.isoformat()
        case timedelta():
            return _duration(value)
        case _:
            return str(value)


def _duration(value: timedelta) -> str:
    seconds = round(abs(value).total_seconds())
    sign = "-" if value < timedelta() else ""
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _fill_down(
    grid: list[Row],
    merged: Iterable[tuple[tuple[int, int], tuple[int, int]]],
    top: int,
    left: int,
) -> None:
    """Repeat a label merged over several rows in each of them, for rows are read alone.

    Every step fills an empty place or ends its range, so overlapping ranges cost no more.
    """
    occupied = [any(row) for row in grid]
    for (first, column), (last, _) in merged:
        inside = first >= top and left <= column < left + (len(grid[0]) if grid else 0)
        if not inside or first - top >= len(grid):
            continue
        label = grid[first - top][column - left]
        if not label or len(label) > _LONGEST_LABEL:
            continue
        for row in range(first - top + 1, min(last - top + 1, len(grid))):
            if not occupied[row] or grid[row][column - left]:
                break
            grid[row][column - left] = label
