"""The cells of a sheet as they stand in its XML: where they are, and how some are shown."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ingestion import media
from ingestion.errors import BrokenDocument
from ingestion.parsers.number_formats import number_text
from ingestion.parsers.ooxml_package import scan_part

LARGEST_AREA = 4_000_000
"""Places in the rectangle around a sheet's cells, for its reader keeps them all."""
LARGEST_TEXT = 32 << 20
"""Characters of a sheet; a text kept once may be shown in every cell."""
_ROWS, _COLUMNS = 1 << 20, 1 << 14  # of the largest sheet there can be
_REFERENCE = re.compile("([A-Za-z]{1,3})([0-9]{1,7})")
_ROW = re.compile("[0-9]{1,7}")
_NUMBERS = (None, "n")
_PERCENTAGES = {9: "0%", 10: "0.00%"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is known of a sheet; rows and columns count from 0.

    cells: those with a value. shown: text by (row, column) of errors and percentages.
    hidden_rows, hidden_columns: those that the author hid or gave no height or width; of columns,
    ranges with both ends.
    """

    cells: int
    shown: Mapping[tuple[int, int], str]
    hidden_rows: frozenset[int]
    hidden_columns: tuple[tuple[int, int], ...]


class TooManyCells(Exception):
    """A sheet is over a limit, so it is not read."""


def scan_cells(
    data: bytes, part: str, lengths: Sequence[int], formats: Sequence[str], most: int
) -> Sheet:
    """Return what is to be known of a sheet before it is read.

    lengths: of the shared strings. formats: the number format of each style, '' for plain ones.
    Raises TooManyCells over `most` cells, LARGEST_AREA or LARGEST_TEXT, and BrokenDocument.
    """
    if not data:
        raise BrokenDocument(media.XLSX, f"{part} is missing")
    cells = _Cells(part, lengths, formats, most)
    scan_part(data, part, media.XLSX, cells)
    return Sheet(
        cells.count, cells.shown, frozenset(cells.hidden_rows), tuple(cells.hidden_columns)
    )


def scan_strings(data: bytes, part: str) -> list[int]:
    """Return the length of each shared string; none where there is no such part."""
    strings = _Strings()
    if data:
        scan_part(data, part, media.XLSX, strings)
    return strings.lengths


def scan_styles(data: bytes, part: str) -> list[str]:
    """Return the format of each cell style where it makes percentages, '' for all others."""
    styles = _Styles()
    if data:
        scan_part(data, part, media.XLSX, styles)
    return styles.formats


class _Cells:
    def __init__(
        self, part: str, lengths: Sequence[int], formats: Sequence[str], most: int
    ) -> None:
        self.count = 0
        self.shown: dict[tuple[int, int], str] = {}
        self.hidden_rows: set[int] = set()
        self.hidden_columns: list[tuple[int, int]] = []
        self._part, self._lengths, self._formats, self._most = part, lengths, formats, most
        self._row = self._column = self._length = 0
        self._place = (0, 0)
        self._top, self._left, self._bottom, self._right = _ROWS, _COLUMNS, 0, 0
        self._kind: str | None = None
        self._style: str | None = None
        self._value: list[str] = []
        self._reading = self._filled = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        match tag:
            case "c":
                self._place = self._at(attributes.get("r"))
                self._kind, self._style = attributes.get("t"), attributes.get("s")
                self._filled = False
            case "v" | "t":
                self._reading = self._filled = True
                self._value = []
            case "row":
                if (number := attributes.get("r")) is not None:
                    if not _ROW.fullmatch(number):
                        raise self._broken(f"row {number[:20]}")
                    self._row = int(number) - 1
                if _is_hidden(attributes, "ht"):
                    self.hidden_rows.add(self._row)
            case "col" if _is_hidden(attributes, "width"):
                ends = attributes.get("min", ""), attributes.get("max", "")
                if all(_ROW.fullmatch(end) for end in ends):
                    self.hidden_columns.append((int(ends[0]) - 1, int(ends[1]) - 1))

    def end(self, tag: str) -> None:
        match tag:
            case "v" | "t":
                self._reading = False
                self._take("".join(self._value))
            case "c":
                self._column = self._place[1] + 1
                if self._filled:
                    self._place_cell()
            case "row":
                self._row, self._column = self._row + 1, 0

    def text(self, data: str) -> None:
        if self._reading:
            self._value.append(data)

    def _at(self, reference: str | None) -> tuple[int, int]:
        if reference is None:
            return self._row, self._column
        match = _REFERENCE.fullmatch(reference)
        row, column = (int(match[2]) - 1, _column(match[1])) if match else (-1, 0)
        if not (0 <= row < _ROWS and column < _COLUMNS):
            raise self._broken(f"cell {reference[:20]}")
        return row, column

    def _take(self, value: str) -> None:
        """Count the value's text, and note how it is shown where that is not as it is kept."""
        self._length += len(value)
        if self._kind == "s" and value.isdecimal() and int(value[:9]) < len(self._lengths):
            self._length += self._lengths[int(value[:9])]
        elif self._kind == "e":
            self.shown[self._place] = value
        elif self._kind in _NUMBERS and (code := self._code()):
            try:
                self.shown[self._place] = number_text(float(value), code)
            except (ValueError, OverflowError):
                return

    def _code(self) -> str:
        style = self._style or ""
        known = style.isdecimal() and int(style[:9]) < len(self._formats)
        return self._formats[int(style[:9])] if known else ""

    def _place_cell(self) -> None:
        row, column = self._place
        self.count += 1
        self._top, self._bottom = min(self._top, row), max(self._bottom, row)
        self._left, self._right = min(self._left, column), max(self._right, column)
        area = (self._bottom - self._top + 1) * (self._right - self._left + 1)
        if self.count > self._most or area > LARGEST_AREA or self._length > LARGEST_TEXT:
            raise TooManyCells

    def _broken(self, what: str) -> BrokenDocument:
        return BrokenDocument(media.XLSX, f"{self._part} has a {what}")


class _Strings:
    def __init__(self) -> None:
        self.lengths: list[int] = []
        self._inside = False

    def start(self, tag: str, _attributes: Mapping[str, str]) -> None:
        if tag == "si":
            self.lengths.append(0)
        self._inside = tag == "t"

    def end(self, _tag: str) -> None:
        self._inside = False

    def text(self, data: str) -> None:
        if self._inside and self.lengths:
            self.lengths[-1] += len(data)


class _Styles:
    def __init__(self) -> None:
        self.formats: list[str] = []
        self._codes = {str(key): code for key, code in _PERCENTAGES.items()}
        self._of_cells = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "cellXfs":
            self._of_cells = True
        elif tag == "numFmt":
            self._codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif tag == "xf" and self._of_cells:
            code = self._codes.get(attributes.get("numFmtId", ""), "")
            self.formats.append(code if "%" in code else "")

    def end(self, tag: str) -> None:
        if tag == "cellXfs":
            self._of_cells = False

    def text(self, data: str) -> None:
        """Styles have no text."""


def _is_hidden(attributes: Mapping[str, str], size: str) -> bool:
    if attributes.get("hidden") in ("1", "true"):
        return True
    given = attributes.get(size, "1")
    return not given.strip("0.")


@lru_cache(maxsize=_COLUMNS)
def _column(letters: str) -> int:
    """Return the number, from 0, of the column that the letters name."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
