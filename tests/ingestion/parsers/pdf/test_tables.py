import itertools

import pytest

from ingestion.parsers.pdf.document import parse_pdf
from ingestion.records import BlockKind
from tests.ingestion.parsers.pdf_samples import CHINESE, Sheet

LINE = "The harbour office keeps a register of all the ships that enter or leave the port"


def tables_of(sheet):
    document = parse_pdf(sheet.content(), "a.pdf")
    return [
        document.text[block.start : block.end]
        for block in document.blocks
        if block.kind is BlockKind.TABLE
    ]


def rows_at(sheet, y, rows, places=(72, 220, 360), pitch=14):
    for index, row in enumerate(rows):
        for x, cell in zip(places, row, strict=True):
            sheet.line(x, y - pitch * index, cell)


def grid(sheet, edges, levels, *, but_across=(), but_down=()):
    """Draw the lines of a table, but those between the given places (row, column)."""
    for row, y in enumerate(levels):
        for column, (left, right) in enumerate(itertools.pairwise(edges)):
            if (row, column) not in but_across:
                sheet.canvas.line(left, y, right, y)
    for column, x in enumerate(edges):
        for row, (top, bottom) in enumerate(itertools.pairwise(levels)):
            if (row, column) not in but_down:
                sheet.canvas.line(x, top, x, bottom)


def test_ruled_table_keeps_empty_cells_in_their_columns():
    sheet = Sheet()
    grid(sheet, [60, 200, 300, 400], [720, 700, 680, 660])
    rows_at(
        sheet, 706, [("Ship", "Flag", "Tons"), ("Ada", "", "900"), ("Eos", "Oman", "")], pitch=20
    )
    sheet.line(72, 640, "After the table.")
    assert tables_of(sheet) == ["Ship | Flag | Tons\nAda |  | 900\nEos | Oman"]


def test_ruled_table_cell_of_several_lines_is_one_cell():
    sheet = Sheet()
    grid(sheet, [60, 200, 330], [720, 690, 660])
    sheet.lines(66, 706, ["The name", "of the ship"])
    sheet.line(206, 706, "Flag")
    sheet.lines(66, 676, ["Ada of the", "northern line"])
    sheet.line(206, 676, "Malta")
    assert tables_of(sheet) == ["The name of the ship | Flag\nAda of the northern line | Malta"]


def test_ruled_table_with_a_merged_header_names_every_column_in_one_row():
    sheet = Sheet()
    grid(
        sheet,
        [60, 140, 260, 340, 420],
        [720, 700, 680, 660],
        but_across={(1, 0), (1, 1)},
        but_down={(0, 3)},
    )
    for x, y, text in [(66, 694, "No."), (146, 694, "Law"), (300, 706, "Size")]:
        sheet.line(x, y, text)
    for x, text in [(266, "Chapters"), (346, "Articles")]:
        sheet.line(x, 686, text)
    for x, text in [(66, "1"), (146, "Harbour law"), (266, "7"), (346, "72")]:
        sheet.line(x, 666, text)
    assert tables_of(sheet) == [
        "No. | Law | Size Chapters | Size Articles\n1 | Harbour law | 7 | 72"
    ]


def test_ruled_table_repeats_a_label_merged_over_rows():
    sheet = Sheet()
    grid(sheet, [60, 200, 330], [720, 700, 680, 660], but_across={(2, 0)})
    sheet.line(66, 706, "Port")
    sheet.line(206, 706, "Ship")
    sheet.line(66, 676, "Hamburg")
    sheet.line(206, 686, "Ada")
    sheet.line(206, 666, "Eos")
    assert tables_of(sheet) == ["Port | Ship\nHamburg | Ada\nHamburg | Eos"]


def test_ruled_table_without_lines_at_its_sides_has_all_its_columns():
    sheet = Sheet()
    for y in (720, 700, 680):
        sheet.canvas.line(60, y, 400, y)
    for x in (200, 300):
        sheet.canvas.line(x, 720, x, 680)
    rows_at(sheet, 706, [("Ship", "Flag", "Tons"), ("Ada", "Malta", "900")], (66, 206, 306), 20)
    assert tables_of(sheet) == ["Ship | Flag | Tons\nAda | Malta | 900"]


def test_ruled_table_text_that_runs_over_a_line_is_parted_there():
    sheet = Sheet()
    grid(sheet, [60, 102, 330], [720, 700, 680])
    sheet.line(64, 706, "序号名称", font=CHINESE)
    sheet.line(64, 686, "第一港口条例", size=19, font=CHINESE)
    assert tables_of(sheet) == []
    sheet = Sheet()
    grid(sheet, [60, 82, 330], [720, 700, 680, 660, 640, 620])
    sheet.line(62, 706, "序号名称", font=CHINESE)
    for row, name in enumerate(["港口法", "海商法", "船舶法", "航道法"]):
        sheet.line(66, 686 - 20 * row, str(row + 1))
        sheet.line(90, 686 - 20 * row, name, font=CHINESE)
    assert tables_of(sheet)[0].splitlines()[:2] == ["序号 | 名称", "1 | 港口法"]


def test_ruled_table_over_two_pages_is_one_without_its_second_header():
    sheet = Sheet()
    header = ("Ship", "Flag", "Tons")
    for page, ship in enumerate(("Ada", "Eos")):
        grid(sheet, [60, 200, 300, 400], [620, 600, 580])
        rows_at(sheet, 606, [header, (ship, "Malta", str(900 + page))], (66, 206, 306), 20)
        sheet.next_page()
    assert tables_of(sheet) == ["Ship | Flag | Tons\nAda | Malta | 900\nEos | Malta | 901"]


def test_ruled_table_says_continued_between_its_parts_and_is_one():
    sheet = Sheet()
    sheet.line(72, 640, "Table 1. Ships", font="Helvetica")
    for page, ship in enumerate(("Ada", "Eos")):
        if page:
            sheet.line(72, 640, "续表 1", font=CHINESE)
        grid(sheet, [60, 200, 300], [620, 600, 580])
        rows_at(sheet, 606, [("Ship", "Flag"), (ship, "Malta")], (66, 206), 20)
        sheet.next_page()
    assert tables_of(sheet) == ["Ship | Flag\nAda | Malta\nEos | Malta"]


def test_lines_of_a_drawing_rule_no_table():
    sheet = Sheet()
    sheet.canvas.line(100, 600, 300, 600)
    sheet.canvas.line(100, 600, 100, 720)
    sheet.canvas.line(180, 590, 180, 650)
    for x, y, text in [(110, 660, "speed"), (200, 660, "load"), (110, 630, "0"), (200, 630, "9")]:
        sheet.line(x, y, text)
    assert tables_of(sheet) == ["speed | load\n0 | 9"]


def test_ruled_table_in_a_rotated_page_is_read_as_it_is_shown():
    sheet = Sheet()
    sheet.canvas.setPageRotation(90)
    sheet.canvas.rotate(90)
    grid(sheet, [60, 200, 300], [-100, -120, -140])
    rows_at(sheet, -114, [("Ship", "Flag"), ("Ada", "Malta")], (66, 206), 20)
    assert tables_of(sheet) == ["Ship | Flag\nAda | Malta"]


def test_open_table_keeps_figures_under_their_headings():
    sheet = Sheet()
    sheet.lines(72, 720, [LINE, "and shows it in a table:"])
    rows = [
        ("Ship", "2019", "2020", "2021"),
        ("Ada of the northern line", "13", "", "17"),
        ("Eos", "", "", "9"),
        ("Ino", "4", "5", "6"),
    ]
    rows_at(sheet, 680, rows, (72, 260, 340, 420))
    assert tables_of(sheet) == [
        (
            "Ship | 2019 | 2020 | 2021\nAda of the northern line | 13 |  | 17\nEos |  |  | 9\n"
            "Ino | 4 | 5 | 6"
        )
    ]


def test_open_table_heading_over_all_columns_goes_into_the_corner():
    sheet = Sheet()
    sheet.lines(72, 720, [LINE, "and shows it in a table:"])
    sheet.line(310, 690, "Year Ended June 30,")
    rows = [("", "2019", "2020", "2021"), ("Ships", "13", "12", "17"), ("Boats", "4", "5", "6")]
    rows_at(sheet, 676, rows, (72, 260, 340, 420))
    assert tables_of(sheet) == [
        "Year Ended June 30, | 2019 | 2020 | 2021\nShips | 13 | 12 | 17\nBoats | 4 | 5 | 6"
    ]


def test_open_table_label_over_two_lines_is_one_row():
    sheet = Sheet()
    sheet.lines(72, 720, [LINE, "and shows it in a table:"])
    sheet.line(72, 690, "Ships")
    rows = [
        ("Port", "2020", "2021"),
        ("Hamburg", "13", "12"),
        ("Ships that came from the north", "", ""),
        ("or went there", "4", "5"),
    ]
    rows_at(sheet, 676, rows, (72, 300, 400))
    lines = tables_of(sheet)[0].splitlines()
    assert lines[-1] == "Ships that came from the north or went there | 4 | 5"


@pytest.mark.parametrize("pages", [2, 3])
def test_open_table_over_pages_with_its_header_repeated_is_one(pages):
    sheet = Sheet()
    for page in range(pages):
        rows = [("Ship", "Flag", "Tons"), (f"Ada {page}", "Malta", "900"), ("Eos", "Oman", "750")]
        rows_at(sheet, 600, rows)
        sheet.next_page()
    (table,) = tables_of(sheet)
    assert table.count("Ship") == 1
    assert table.count("Eos | Oman | 750") == pages


def test_formula_is_no_table():
    sheet = Sheet()
    sheet.lines(72, 720, [LINE, "and weighs it so:"])
    sheet.line(200, 690, "w(p)")
    sheet.line(280, 690, "c(p)")
    sheet.line(150, 678, "f = exp")
    sheet.line(240, 678, "=")
    sheet.line(500, 678, "(1)")
    assert tables_of(sheet) == []
