"""What a workbook says before its sheets are read: how large they are, and what calamine drops.

Calamine holds the whole rectangle between a sheet's outermost cells, so two cells at the far
corners would take all memory there is; it reads names of new errors as damage, and neither shows
errors nor percentages. Its package is built anew from the parts that were looked at.
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingestion import media
from ingestion.errors import BrokenDocument, DocumentTooLarge, UnsupportedMedia
from ingestion.parsers.ooxml_package import scan_part
from ingestion.parsers.xlsx_cells import Sheet, TooManyCells, scan_cells, scan_strings, scan_styles

LARGEST_PARTS = 256 << 20
"""Bytes that the parts of the workbook with text may unpack to; a million cells take 60 MB."""
LARGEST_CELLS = 1_000_000
"""Cells with a value in all sheets together."""

_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_STRINGS = "xl/sharedstrings.xml"
_STYLES = "xl/styles.xml"
_PROPERTIES = "docprops/core.xml"
# Calamine gives up on a sheet with an error that is younger than itself.
_NEW_ERRORS = re.compile(
    rb"(<(?:\w+:)?v>)#(?:SPILL|CALC|FIELD|BLOCKED|CONNECT|BUSY|UNKNOWN|EXTERNAL|PYTHON|TIMEOUT)"
    rb"[!?]?(?=</)"
)


@dataclass(frozen=True, slots=True)
class Workbook:
    """A workbook that is safe to read: `package` holds nothing but the scanned parts.

    sheets: the visible ones that are within the limits, by name, in order. hidden, refused: the
    names of those left out, hidden by the author and over the limits.
    """

    package: bytes
    title: str
    sheets: Mapping[str, Sheet]
    hidden: Sequence[str]
    refused: Sequence[str]


def scan_workbook(content: bytes) -> Workbook:
    """Return what is in the workbook, its sheets unread.

    Raises BrokenDocument, DocumentTooLarge over LARGEST_PARTS bytes, or UnsupportedMedia for a
    binary workbook.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            return _Scan(package).workbook()
    except media.UNREADABLE_ZIP as exc:
        raise BrokenDocument(media.XLSX, "the package is damaged") from exc


class _Elements:
    """The elements of a small part, with their attributes and the text right inside them."""

    def __init__(self) -> None:
        self.found: list[tuple[str, Mapping[str, str]]] = []
        self.texts: dict[str, str] = {}
        self._open = ""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.found.append((tag, attributes))
        self._open = tag

    def end(self, _tag: str) -> None:
        self._open = ""

    def text(self, data: str) -> None:
        self.texts[self._open] = self.texts.get(self._open, "") + data


class _Scan:
    def __init__(self, package: zipfile.ZipFile) -> None:
        self._package = package
        self._names = {info.filename.casefold(): info for info in package.infolist()}
        self._parts: dict[str, bytes] = {}
        self._size = 0

    def workbook(self) -> Workbook:
        if _WORKBOOK not in self._names and "xl/workbook.bin" in self._names:
            raise UnsupportedMedia("a binary workbook (XLSB)", "Save it as XLSX.")
        listed = self._elements(_WORKBOOK)
        targets = self._targets()
        for part in ("[content_types].xml", "_rels/.rels"):
            self._part(part)
        lengths = scan_strings(self._part(_STRINGS), _STRINGS)
        formats = scan_styles(self._part(_STYLES), _STYLES)
        sheets: dict[str, Sheet] = {}
        hidden: list[str] = []
        refused: list[str] = []
        left = LARGEST_CELLS
        for tag, attributes in listed.found:
            name = attributes.get("name", "")
            part = targets.pop(_identifier(attributes), "") if tag == "sheet" else ""
            if not part or part in self._parts or name in sheets:
                continue
            if attributes.get("state", "visible") != "visible":
                hidden.append(name)
                continue
            try:
                sheets[name] = scan_cells(self._part(part), part, lengths, formats, left)
                left -= sheets[name].cells
            except TooManyCells:
                refused.append(name)
                self._parts[part] = b""
        title = self._elements(_PROPERTIES).texts.get("title", "")
        return Workbook(self._rebuilt(), title, sheets, hidden, refused)

    def _targets(self) -> dict[str, str]:
        """Return the parts of the worksheets by their relation's id; no charts, no macros."""
        return {
            attributes.get("Id", ""): posixpath.normpath(
                posixpath.join("/xl", attributes.get("Target", ""))
            )
            .lstrip("/")
            .casefold()
            for _, attributes in self._elements(_RELATIONS).found
            if attributes.get("Type", "").endswith("/worksheet")
        }

    def _elements(self, part: str) -> _Elements:
        elements = _Elements()
        if data := self._part(part):
            scan_part(data, part, media.XLSX, elements)
        elif part == _WORKBOOK:
            raise BrokenDocument(media.XLSX, f"{part} is missing")
        return elements

    def _part(self, part: str) -> bytes:
        """Return the bytes of a part, b'' where there is none."""
        info = self._names.get(part)
        if info is None:
            return b""
        if part not in self._parts:
            self._size += info.file_size
            if self._size > LARGEST_PARTS:
                raise DocumentTooLarge(self._size, LARGEST_PARTS)
            self._parts[part] = self._package.read(info)
        return self._parts[part]

    def _rebuilt(self) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as package:
            for part, data in self._parts.items():
                if data:
                    readable = _NEW_ERRORS.sub(rb"\1#N/A", data)
                    package.writestr(self._names[part].filename, readable)
        return buffer.getvalue()


def _identifier(attributes: Mapping[str, str]) -> str:
    """Return the relation's id, whatever the prefix of its namespace."""
    return next((value for key, value in attributes.items() if key.endswith(":id")), "")
