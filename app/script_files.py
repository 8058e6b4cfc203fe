"""Scripts as files: CSV, XLSX and JSON in, the same out."""

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from app.errors import Complaint, InvalidForm, validation_complaint
from app.script_schemas import RowError, ScriptBody
from ingestion.errors import MissingExtra
from ingestion.store.scripts import ScriptDraft, StoredScript, script_id_of

MAX_ROWS = 20_000
_MOST_UNPACKED = 200 * 2**20
COLUMNS = (
    "script_id collection language stage state text variants tags valid_from valid_to author"
).split()
_LISTS = {"variants": "\n", "tags": ";"}
# A spreadsheet runs a cell that begins so; an apostrophe before it makes it text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


class ScriptFormat(StrEnum):
    """Kinds of files."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"


def read_scripts(content: bytes, name: str) -> tuple[list[ScriptDraft], list[RowError], int]:
    """Return the scripts of a file, what is wrong row by row, and how many rows there are.

    The kind of file is told by its name. Raises InvalidForm where it cannot be read at all.
    """
    rows = _rows(content, name)
    if len(rows) > MAX_ROWS:
        raise _unreadable(f"has {len(rows)} rows; {MAX_ROWS} can be taken in at once")
    drafts: dict[str, tuple[int, ScriptDraft]] = {}
    wrong: list[RowError] = []
    for number, row in enumerate(rows, start=1):
        try:
            draft = ScriptBody.model_validate(row).draft()
        except ValidationError as error:
            for entry in error.errors(include_url=False, include_context=False):
                field = ".".join(str(part) for part in entry["loc"])
                said = validation_complaint((), entry["msg"]).msg
                wrong.append(RowError(row=number, field=field, msg=said))
            continue
        known = drafts.setdefault(script_id_of(draft), (number, draft))
        if known[0] != number:
            said = f"is the same script as row {known[0]}"
            wrong.append(RowError(row=number, field="script_id", msg=said))
    return [draft for _, draft in drafts.values()], wrong, len(rows)


def write_scripts(scripts: Iterable[StoredScript], kind: ScriptFormat) -> bytes:
    """Return scripts as a file that `read_scripts` reads back."""
    rows = [_row(script) for script in scripts]
    if kind is ScriptFormat.JSON:
        return json.dumps(rows, ensure_ascii=False, indent=2).encode()
    cells = [[_cell(row[name], name) for name in COLUMNS] for row in rows]
    if kind is ScriptFormat.XLSX:
        return _to_xlsx([COLUMNS, *cells])
    out = io.StringIO(newline="")
    csv.writer(out).writerows([COLUMNS, *([_safe(cell) for cell in row] for row in cells)])
    # Spreadsheets take a CSV without this mark for another encoding.
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _rows(content: bytes, name: str) -> list[Mapping[str, Any]]:
    suffix = name.rpartition(".")[2].lower()
    if suffix == ScriptFormat.JSON:
        return _from_json(content)
    if suffix == ScriptFormat.CSV:
        return _from_table(_from_csv(content))
    if suffix == ScriptFormat.XLSX:
        return _from_table(_from_xlsx(content))
    raise _unreadable("must be named .csv, .xlsx or .json")


def _from_json(content: bytes) -> list[Mapping[str, Any]]:
    try:
        rows = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _unreadable("is no JSON") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _unreadable("must be a list of objects")
    return [{**row, "collection": row.get("collection") or None} for row in rows]


def _from_csv(content: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            rows = list(csv.reader(io.StringIO(text, newline="")))
        except UnicodeDecodeError:
            continue
        except csv.Error as error:
            raise _unreadable(f"is no CSV: {error}") from error
        return [[_unsafe(cell) for cell in row] for row in rows]
    raise _unreadable("is neither in UTF-8 nor in GB18030")


def _from_xlsx(content: bytes) -> list[list[str]]:
    try:
        import python_calamine
    except ImportError as error:
        raise MissingExtra("office", "XLSX") from error
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MOST_UNPACKED:
                raise _unreadable("unpacks to too much")
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, zipfile.BadZipFile, OSError, IndexError) as error:
        raise _unreadable("is no XLSX workbook") from error
    return [[_text(cell) for cell in row] for row in sheet]


def _text(cell: object) -> str:
    if isinstance(cell, (datetime, date)):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _from_table(table: Sequence[Sequence[str]]) -> list[Mapping[str, Any]]:
    if not table:
        raise _unreadable("is empty")
    heading = [cell.strip().lower() for cell in table[0]]
    if len(set(heading)) < len(heading) or not {"text", "language", "stage"} <= set(heading):
        raise _unreadable("must have a heading with text, language and stage, each column once")
    # Empty lines count as rows, so that numbers are those that a spreadsheet shows less one.
    return [_named(heading, row) for row in table[1:] if any(cell.strip() for cell in row)]


def _named(heading: Sequence[str], row: Sequence[str]) -> Mapping[str, Any]:
    named: dict[str, Any] = {}
    for name, cell in zip(heading, row, strict=False):
        if name in _LISTS:
            parts = cell.split(_LISTS[name])
            named[name] = [part.strip() for part in parts if part.strip()]
        elif cell.strip():
            named[name] = cell.strip()
    if len(row) > len(heading):
        named["(beyond the last column)"] = row[len(heading)]
    return named


def _row(script: StoredScript) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(script, name) for name in COLUMNS}
    for name in ("valid_from", "valid_to"):
        row[name] = row[name].isoformat() if row[name] else None
    return row | {"variants": list(script.variants), "tags": list(script.tags)}


def _cell(value: Any, name: str) -> str:
    if name in _LISTS:
        return _LISTS[name].join(" ".join(part.split()) for part in value)
    return "" if value is None else str(value)


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _unsafe(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def _to_xlsx(table: Sequence[Sequence[str]]) -> bytes:
    try:
        import xlsxwriter
    except ImportError as error:
        raise MissingExtra("office", "XLSX") from error
    out = io.BytesIO()
    # Cells are strings whatever they look like: no formulas, no links.
    with xlsxwriter.Workbook(out, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet("scripts")
        for line, row in enumerate(table):
            for column, cell in enumerate(row):
                sheet.write_string(line, column, cell)
    return out.getvalue()


def _unreadable(why: str) -> InvalidForm:
    return InvalidForm([Complaint(("body", "file"), why)])
