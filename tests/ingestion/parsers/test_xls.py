import io
import struct
import zipfile

import pytest

from ingestion import media
from ingestion.errors import BrokenDocument, DocumentTooLarge
from ingestion.parsers.xls import parse_xls, parse_xlsb
from ingestion.records import BlockKind
from tests.ingestion.compound_samples import compound_file, workbook


def texts(document):
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def test_xls_visible_sheets_are_tables():
    book = workbook(Stock=[["品名", "数量"], ["螺丝", 5]], hidden=[["a", "b"]])
    document = parse_xls(book, "stock.xls")
    assert texts(document) == [
        (BlockKind.HEADING, "Stock"),
        (BlockKind.TABLE, "品名 | 数量\n螺丝 | 5"),
    ]
    assert document.media_type == media.XLS
    assert document.warnings == ("Sheets that are hidden and were left out: hidden.",)


def test_xls_damaged_raises_broken_document():
    with pytest.raises(BrokenDocument):
        parse_xls(compound_file(Workbook=b"nothing"), "a.xls")


def test_xlsb_cells_at_far_corners_raise_document_too_large():
    row = bytes([0, 4])
    cell = bytes([2, 8])
    sheet = row + struct.pack("<I", 0) + cell + struct.pack("<II", 0, 0)
    sheet += row + struct.pack("<I", 1_000_000) + cell + struct.pack("<II", 16_000, 0)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("xl/worksheets/sheet1.bin", sheet)
    with pytest.raises(DocumentTooLarge, match="cells"):
        parse_xlsb(buffer.getvalue(), "a.xlsb")


def test_xlsb_damaged_raises_broken_document():
    with pytest.raises(BrokenDocument):
        parse_xlsb(b"PK\x03\x04", "a.xlsb")
