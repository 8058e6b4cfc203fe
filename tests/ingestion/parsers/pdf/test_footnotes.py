from ingestion.parsers.pdf.document import parse_pdf
from ingestion.records import BlockKind
from tests.ingestion.parsers.pdf_samples import CHINESE, Sheet

LINE = "The harbour office keeps a register of all the ships that enter or leave the port"


def blocks_of(document):
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def test_footnotes_come_after_the_sentence_that_they_interrupt():
    sheet = Sheet()
    sheet.lines(72, 700, [LINE, LINE])
    sheet.lines(
        72, 100, ["1 See the rules of 1998.", "2 And those of 2004, which", "replace them."], 7
    )
    sheet.next_page()
    sheet.lines(72, 700, ["and it goes on after the break."])
    assert blocks_of(parse_pdf(sheet.content(), "a.pdf")) == [
        (BlockKind.PARAGRAPH, f"{LINE} {LINE} and it goes on after the break."),
        (BlockKind.FOOTNOTE, "1 See the rules of 1998."),
        (BlockKind.FOOTNOTE, "2 And those of 2004, which replace them."),
    ]


def test_chinese_footnotes_are_told_by_their_marks():
    sheet = Sheet()
    text = (
        "为了规范仓储活动，保障货物安全，维护存货人与保管人的合法权益，根据有关法律，制定本办法。"
    )
    sheet.lines(72, 700, [text[:40], text[40:]], font=CHINESE)
    sheet.lines(72, 90, ["①参见有关法律的规定。"], 8, CHINESE)
    assert blocks_of(parse_pdf(sheet.content(), "a.pdf"))[-1] == (
        BlockKind.FOOTNOTE,
        "①参见有关法律的规定。",
    )


def test_small_print_without_a_mark_is_a_paragraph():
    sheet = Sheet()
    sheet.lines(72, 700, [LINE, LINE])
    sheet.lines(72, 100, ["Printed in the harbour."], 7)
    assert blocks_of(parse_pdf(sheet.content(), "a.pdf"))[-1][0] is BlockKind.PARAGRAPH
