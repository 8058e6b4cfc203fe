import io
import zipfile
from datetime import date, datetime, time, timedelta

import pytest
import xlsxwriter

from ingestion.errors import BrokenDocument, DocumentTooLarge, EmptyDocument, UnsupportedMedia
from ingestion.parsers import xlsx_cells, xlsx_scan
from ingestion.parsers.xlsx import parse_xlsx
from ingestion.records import BlockKind
from tests.ingestion.parsers.office_samples import blocks_of, rewritten

SHEET = "xl/worksheets/sheet1.xml"


def workbook(write):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        write(book)
    return buffer.getvalue()


def one_sheet(*rows):
    def write(book):
        sheet = book.add_worksheet("表")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)

    return workbook(write)


def with_cells(cells):
    """Return a workbook whose only sheet has these rows, as XML."""
    data = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{cells}</sheetData></worksheet>"
    )
    return rewritten(one_sheet(["a"]), **{SHEET: lambda _: data.encode()})


def texts(content):
    return [text for _, _, text in blocks_of(parse_xlsx(content, "a.xlsx"))]


def test_xlsx_sheets_are_headings_and_empty_rows_part_tables():
    def write(book):
        first = book.add_worksheet("库存")
        first.write_row(1, 1, ["品名", "", "数量"])
        first.write_row(2, 1, ["螺丝", "", 12])
        first.write_row(4, 0, ["仓库\n二", "备用"])
        book.add_worksheet("空")
        book.add_worksheet("说明").write(0, 0, "每月清点一次。")

    document = parse_xlsx(workbook(write), "盘点.xlsx")
    assert blocks_of(document) == [
        (BlockKind.HEADING, 2, "库存"),
        (BlockKind.TABLE, 0, "品名 | 数量\n螺丝 | 12"),
        (BlockKind.TABLE, 0, "仓库 二 | 备用"),
        (BlockKind.HEADING, 2, "说明"),
        (BlockKind.PARAGRAPH, 0, "每月清点一次。"),
    ]
    assert document.title == "盘点"
    assert document.page_count is None


def test_xlsx_line_over_the_header_is_a_paragraph():
    content = one_sheet(["2023 年度"], ["月", "吨"], ["一", 5])
    assert texts(content)[1:] == ["2023 年度", "月 | 吨\n一 | 5"]


def test_xlsx_values_are_shown_as_a_reader_sees_them():
    def write(book):
        sheet = book.add_worksheet()

        def form(code):
            return book.add_format({"num_format": code})

        sheet.write_row(0, 0, [3, -1.5, 0.1 + 0.2, True])
        sheet.write(1, 0, 0.125, form("0.0%"))
        sheet.write(1, 1, 0.5, form(9))
        sheet.write_formula(1, 2, "=1/0", None, "#DIV/0!")
        sheet.write_formula(1, 3, '="a"&"b"', None, "ab")
        sheet.write_datetime(2, 0, date(2024, 3, 1), form('yyyy"年"m"月"d"日"'))
        sheet.write_datetime(
            2, 1, datetime.fromisoformat("2024-03-01 09:30"), form("yyyy-mm-dd hh:mm")
        )
        sheet.write_datetime(2, 2, time(9, 30), form("hh:mm"))
        sheet.write_datetime(2, 3, timedelta(hours=30, minutes=5), form("[h]:mm"))

    assert texts(workbook(write))[1].split("\n") == [
        "3 | -1.5 | 0.3 | TRUE",
        "12.5% | 50% | #DIV/0! | ab",
        "2024-03-01 | 2024-03-01 09:30:00 | 09:30:00 | 30:05:00",
    ]


def test_xlsx_error_younger_than_the_reader_is_shown():
    cells = '<row r="1"><c r="A1" t="e"><v>#SPILL!</v></c><c r="B1"><v>1</v></c></row>'
    assert texts(with_cells(cells))[1] == "#SPILL! | 1"


def test_xlsx_pictures_in_cells_are_no_text():
    cells = (
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1" t="str"><v>=DISPIMG("ID_0",1)</v></c>'
        '<c r="C1"><v>2</v></c></row><row r="2"><c r="A2"><v>3</v></c><c r="C2"><v>4</v></c></row>'
    )
    assert texts(with_cells(cells))[1:] == ["1 | 2\n3 | 4"]


def test_xlsx_label_merged_over_rows_stands_in_each_and_over_columns_once():
    def write(book):
        sheet = book.add_worksheet()
        sheet.merge_range(0, 0, 0, 2, "横")
        sheet.merge_range(1, 0, 3, 0, "竖")
        for row in (1, 2, 3):
            sheet.write_row(row, 1, [row, row * 10])

    assert texts(workbook(write))[1:] == ["横", "竖 | 1 | 10\n竖 | 2 | 20\n竖 | 3 | 30"]


def test_xlsx_hidden_sheets_and_charts_are_left_out():
    def write(book):
        book.add_worksheet("见").write(0, 0, "可见")
        for name, hide in (("藏", "hide"), ("深藏", "very_hidden")):
            sheet = book.add_worksheet(name)
            sheet.write(0, 0, "不可见")
            getattr(sheet, hide)()
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=见!$A$1"})
        book.add_chartsheet("图").set_chart(chart)

    document = parse_xlsx(workbook(write), "a.xlsx")
    assert document.text == "见\n\n可见"
    assert document.warnings == ("Sheets that are hidden and were left out: 藏, 深藏.",)


def test_xlsx_title_is_that_of_its_properties():
    def write(book):
        book.set_properties({"title": "年度盘点"})
        book.add_worksheet().write(0, 0, "a")

    assert parse_xlsx(workbook(write), "a.xlsx").title == "年度盘点"


def test_xlsx_cells_without_references_and_rows_out_of_order_are_read():
    assert texts(with_cells("<row><c><v>1</v></c><c><v>2</v></c></row>"))[1] == "1 | 2"
    cells = '<row r="5"><c r="A5"><v>1</v></c></row><row r="2"><c r="B2"><v>2</v></c></row>'
    assert texts(with_cells(cells))[1:] == ["2", "1"]


def test_xlsx_styled_empty_cell_far_away_does_not_count():
    cells = (
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576" s="0"/></row>'
    )
    assert texts(with_cells(cells))[1:] == ["1"]


def test_xlsx_two_cells_at_far_corners_raise_document_too_large():
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    with pytest.raises(DocumentTooLarge, match="cells"):
        parse_xlsx(with_cells(cells), "a.xlsx")


def test_xlsx_sheet_over_the_limit_is_left_out_with_a_warning(monkeypatch):
    def write(book):
        book.add_worksheet("小").write(0, 0, "a")
        book.add_worksheet("大").write_row(0, 0, range(9))
        book.add_worksheet("末").write(0, 0, "b")

    monkeypatch.setattr(xlsx_scan, "LARGEST_CELLS", 5)
    document = parse_xlsx(workbook(write), "a.xlsx")
    assert document.text == "小\n\na\n\n末\n\nb"
    assert document.warnings == ("Sheets that are too large and were left out: 大.",)


def test_xlsx_shared_text_repeated_beyond_reason_raises_document_too_large(monkeypatch):
    monkeypatch.setattr(xlsx_cells, "LARGEST_TEXT", 1000)
    with pytest.raises(DocumentTooLarge):
        parse_xlsx(one_sheet(["x" * 300] * 4), "a.xlsx")


def test_xlsx_parts_unpacking_to_too_much_raise_document_too_large(monkeypatch):
    monkeypatch.setattr(xlsx_scan, "LARGEST_PARTS", 1000)
    with pytest.raises(DocumentTooLarge, match="bytes"):
        parse_xlsx(one_sheet(["a"]), "a.xlsx")


def test_xlsx_sheets_sharing_a_part_are_read_once():
    def share(data):
        return data.replace(b"worksheets/sheet2.xml", b"worksheets/sheet1.xml")

    def write(book):
        book.add_worksheet("一").write(0, 0, "a")
        book.add_worksheet("二").write(0, 0, "b")

    content = rewritten(workbook(write), **{"xl/_rels/workbook.xml.rels": share})
    assert texts(content) == ["一", "a"]


def test_xlsx_deep_xml_around_its_cells_is_read():
    assert texts(with_cells("<g>" * 10_000 + "</g>" * 10_000 + "<row><c><v>7</v></c></row>"))[
        1:
    ] == ["7"]


@pytest.mark.parametrize(
    "cells",
    [
        '<row r="1"><c r="ZZZZZZZ1"><v>1</v></c></row>',
        '<row r="1"><c r="XFE1"><v>1</v></c></row>',
        '<row r="1"><c r="A9999999"><v>1</v></c></row>',
        '<row r="1"><c r="A0"><v>1</v></c></row>',
        '<row r="-1"><c><v>1</v></c></row>',
        '<row r="0"><c><v>1</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>99999</v></c></row>',
        '<row r="1"><c r="A1" t="e"><v>#NONSENSE</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></row>',
    ],
)
def test_xlsx_damaged_sheet_raises_broken_document(cells):
    with pytest.raises(BrokenDocument):
        parse_xlsx(with_cells(cells), "a.xlsx")


@pytest.mark.parametrize(
    "changes",
    [
        {"xl/workbook.xml": lambda _: None},
        {"xl/workbook.xml": lambda _: b"<broken"},
        {SHEET: lambda _: None},
        {SHEET: lambda data: b'<!DOCTYPE a [<!ENTITY b "c">]>' + data},
        {"xl/sharedStrings.xml": lambda data: data[:-9]},
    ],
)
def test_xlsx_damaged_part_raises_broken_document(changes):
    with pytest.raises(BrokenDocument):
        parse_xlsx(rewritten(one_sheet(["a"]), **changes), "a.xlsx")


def test_xlsx_cut_short_raises_broken_document():
    content = one_sheet(["a"])
    with pytest.raises(BrokenDocument):
        parse_xlsx(content[: len(content) // 2], "a.xlsx")


def test_xlsx_binary_workbook_raises_unsupported_media():
    content = rewritten(one_sheet(["a"]), **{"xl/workbook.xml": lambda _: None})
    buffer = io.BytesIO(content)
    with zipfile.ZipFile(buffer, "a") as package:
        package.writestr("xl/workbook.bin", b"\x83\x01")
    with pytest.raises(UnsupportedMedia, match="XLSX"):
        parse_xlsx(buffer.getvalue(), "a.xlsb")


def test_xlsx_without_values_raises_empty_document():
    with pytest.raises(EmptyDocument):
        parse_xlsx(one_sheet(), "a.xlsx")


def test_xlsx_sheet_too_large_beside_an_empty_one_is_too_large_not_empty():
    def write(book):
        book.add_worksheet("far").write(1_048_575, 16_383, "x")
        book.get_worksheet_by_name("far").write(0, 0, "y")
        book.add_worksheet("empty")

    with pytest.raises(DocumentTooLarge):
        parse_xlsx(workbook(write), "a.xlsx")


def test_xlsx_hidden_rows_and_columns_are_left_out_and_counted():
    def write(book):
        sheet = book.add_worksheet("表")
        for number, row in enumerate([["甲", "秘密", "乙"], ["一", "x", "二"], ["藏", "y", "匿"]]):
            sheet.write_row(number + 1, 1, row)
        sheet.set_column(2, 2, 8, None, {"hidden": True})
        sheet.set_row(3, None, None, {"hidden": True})

    document = parse_xlsx(workbook(write), "a.xlsx")
    assert document.text == "表\n\n甲 | 乙\n一 | 二"
    assert document.warnings == (
        "Hidden text was left out: 3 characters (in rows that are hidden).",
        "Hidden text was left out: 3 characters (in columns that are hidden).",
    )


def test_xlsx_row_without_height_is_hidden():
    row = '<row r="{0}" {1}><c r="A{0}" t="inlineStr"><is><t>{2}</t></is></c></row>'
    content = with_cells(row.format(1, "", "seen") + row.format(2, 'ht="0"', "unseen"))
    assert "unseen" not in parse_xlsx(content, "a.xlsx").text


def test_xlsx_merged_header_is_joined_also_below_hidden_rows_and_right_of_empty_columns():
    def write(book):
        sheet = book.add_worksheet()
        sheet.write_row(2, 2, ["hidden", "row", "of", "text", "here"])
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.merge_range(3, 2, 4, 2, "Region")
        sheet.merge_range(3, 3, 3, 4, 2023)
        sheet.merge_range(3, 5, 3, 6, 2024)
        sheet.write_row(4, 3, ["Revenue", "Cost"] * 2)
        sheet.write_row(5, 2, ["North", 10, 5, 12, 6])

    assert texts(workbook(write))[1:] == [
        "Region | 2023 Revenue | 2023 Cost | 2024 Revenue | 2024 Cost\nNorth | 10 | 5 | 12 | 6"
    ]


def test_xlsx_tables_side_by_side_have_headers_of_their_own():
    content = one_sheet(
        ["Month", "t", "", "City", "km"], ["May", 5, "", "Ulm", 7], ["June", 6, "", "Bonn", 8]
    )
    assert texts(content)[1:] == ["Month | t\nMay | 5\nJune | 6", "City | km\nUlm | 7\nBonn | 8"]
