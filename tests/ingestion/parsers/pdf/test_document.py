import io

import pytest
from pypdf import PdfWriter
from reportlab.lib.pdfencrypt import StandardEncryption

from ingestion.errors import BrokenDocument, EmptyDocument, PasswordRequired, WrongPassword
from ingestion.parsers.pdf.document import parse_pdf
from ingestion.records import BlockKind, ParseOptions
from tests.ingestion.parsers.pdf.heavy_samples import HEAVY
from tests.ingestion.parsers.pdf_samples import CHINESE, HEIGHT, Sheet, ten_pages

LINE = "The harbour office keeps a register of all the ships that enter or leave the port"


def blocks_of(document):
    return [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks]


def texts_of(document):
    return [document.text[block.start : block.end] for block in document.blocks]


def test_pdf_lines_are_joined_to_paragraphs_and_hyphens_undone():
    sheet = Sheet()
    sheet.lines(72, 700, [LINE + " regis-", "tered in a year.", ""])
    sheet.lines(72, 640, ["A second paragraph stands apart."])
    document = parse_pdf(sheet.content(), "harbour.pdf")
    assert texts_of(document) == [
        LINE + " registered in a year.",
        "A second paragraph stands apart.",
    ]
    assert (document.title, document.page_count, document.warnings) == ("harbour", 1, ())


def test_pdf_chinese_lines_are_joined_without_space_and_indents_start_paragraphs():
    sheet = Sheet()
    first = "第一条　为了规范仓储活动，保障货物安全，维护存货人与保管人的合法权益，"
    sheet.line(92, 700, first, font=CHINESE)
    sheet.line(
        72, 684, "根据有关法律，制定本办法，并由主管部门负责解释以及监督实施本办法。", font=CHINESE
    )
    sheet.line(
        92,
        668,
        "仓库应当每天清点货物，并且把结果登记在册，由两个人签字以后保存三年。",
        font=CHINESE,
    )
    document = parse_pdf(sheet.content(), "a.pdf")
    assert document.language == "zh"
    assert [text[:3] for text in texts_of(document)] == ["第一条", "仓库应"]
    assert "合法权益，根据有关" in document.text


def test_pdf_block_has_its_page_and_its_box():
    sheet = Sheet()
    sheet.line(72, 700, "On the first page.")
    sheet.next_page()
    sheet.lines(100, 500, [LINE, "and no other."])
    document = parse_pdf(sheet.content(), "a.pdf")
    assert [block.page for block in document.blocks] == [1, 2]
    box = document.blocks[1].box
    assert box.left == pytest.approx(100, abs=2)
    assert box.bottom == pytest.approx(484, abs=4)
    assert box.top == pytest.approx(508, abs=4)
    assert box.right > 400


def test_pdf_two_columns_are_read_one_after_the_other():
    sheet = Sheet()
    sheet.line(72, 760, "A title that goes over both of the columns of the page", 18)
    for row in range(12):
        y = 720 - 13 * row
        sheet.line(72, y, f"left column row {row:02d} filled with plain words")
        sheet.line(320, y, f"right column row {row:02d} filled with more words")
    text = parse_pdf(sheet.content(), "a.pdf").text
    order = [text.index(word) for word in ("A title", "left column row 11", "right column row 00")]
    assert order == sorted(order)
    assert text.index("left column row 11") < text.index("right column row 00")
    assert "row 00 filled with plain words left column row 01" in text


def test_pdf_table_rows_stay_on_one_line():
    sheet = Sheet()
    sheet.lines(72, 720, [LINE, "and shows it in a table:"])
    rows = [("Ship", "Flag", "Tons"), ("Ada", "Malta", "$ 900"), ("Eos", "Oman", "750")]
    for index, row in enumerate(rows):
        for x, cell in zip((72, 220, 360), row, strict=True):
            sheet.line(x, 680 - 14 * index, cell)
    kind, _, text = blocks_of(parse_pdf(sheet.content(), "a.pdf"))[-1]
    assert kind is BlockKind.TABLE
    assert text == "Ship | Flag | Tons\nAda | Malta | $ 900\nEos | Oman | 750"


def test_pdf_running_headers_and_page_numbers_are_dropped():
    sheet = Sheet()
    for page in range(1, 5):
        sheet.line(72, HEIGHT - 40, "Harbour handbook 2020")
        sheet.lines(72, 700, [f"Text of page number {page} says something of its own."])
        sheet.line(290, 40, f"- {page} -")
        sheet.next_page()
    document = parse_pdf(sheet.content(), "a.pdf")
    assert len(document.blocks) == 4
    assert "handbook" not in document.text
    assert "-" not in document.text


def test_pdf_page_numbers_right_under_the_text_are_dropped():
    sheet = Sheet()
    for page in range(1, 5):
        y = sheet.lines(72, 700, [LINE, f"as page {page} says."] * (page + 1))
        sheet.line(290, y - 10, str(page + 6))
        sheet.next_page()
    document = parse_pdf(sheet.content(), "a.pdf")
    assert not any(text.isdecimal() for text in texts_of(document))


def test_pdf_paragraph_goes_on_over_the_page_break():
    sheet = Sheet()
    sheet.lines(72, 120, [LINE, LINE])
    sheet.next_page()
    sheet.lines(72, 700, ["and it goes on after the break.", ""])
    document = parse_pdf(sheet.content(), "a.pdf")
    assert texts_of(document) == [f"{LINE} {LINE} and it goes on after the break."]
    assert document.blocks[0].page == 1


def test_pdf_headings_come_from_size_weight_and_number():
    sheet = Sheet()
    sheet.line(72, 760, "Rules of the harbour", 20)
    sheet.line(72, 730, "Ships", 14)
    sheet.lines(72, 700, [LINE, LINE, "and the masters."])
    sheet.line(72, 640, "Small boats", font="Helvetica-Bold")
    sheet.lines(72, 620, [LINE, "and boats."])
    sheet.line(72, 570, "第二章 附则", font=CHINESE)
    sheet.lines(72, 550, [LINE, "and the end."])
    headings = [block[1:] for block in blocks_of(parse_pdf(sheet.content(), "a.pdf")) if block[1]]
    assert headings == [
        (1, "Rules of the harbour"),
        (2, "Ships"),
        (3, "Small boats"),
        (3, "第二章 附则"),
    ]


def test_pdf_outline_gives_levels_and_metadata_the_title():
    sheet = Sheet()
    sheet.canvas.setTitle("Harbour rules")
    sheet.canvas.bookmarkPage("one")
    sheet.canvas.bookmarkPage("two")
    sheet.canvas.addOutlineEntry("Part one", "one", 0)
    sheet.canvas.addOutlineEntry("Lights", "two", 1)
    sheet.line(72, 700, "Part one")
    sheet.line(72, 660, "Lights")
    sheet.lines(72, 620, [LINE, "at night."])
    document = parse_pdf(sheet.content(), "a.pdf")
    assert document.title == "Harbour rules"
    assert [block[:2] for block in blocks_of(document)] == [
        (BlockKind.HEADING, 1),
        (BlockKind.HEADING, 2),
        (BlockKind.PARAGRAPH, 0),
    ]


def test_pdf_rotated_page_is_read_as_it_is_shown():
    sheet = Sheet()
    sheet.canvas.setPageRotation(90)
    sheet.canvas.saveState()
    sheet.canvas.rotate(90)
    sheet.lines(72, -100, [LINE, "as seen on the turned page."])
    sheet.canvas.restoreState()
    document = parse_pdf(sheet.content(), "a.pdf")
    assert texts_of(document) == [f"{LINE} as seen on the turned page."]


def test_pdf_page_without_text_is_warned_about():
    sheet = Sheet()
    sheet.line(72, 700, "Some text.")
    for _ in range(3):
        sheet.next_page()
        sheet.canvas.rect(10, 10, 50, 50)
    document = parse_pdf(sheet.content(), "a.pdf")
    assert document.page_count == 4
    assert document.warnings == ("Pages that have no text: 2-4.",)


def test_pdf_scan_raises_empty_document_and_names_ocr():
    sheet = Sheet()
    sheet.canvas.rect(10, 10, 50, 50)
    with pytest.raises(EmptyDocument, match="OCR"):
        parse_pdf(sheet.content(), "a.pdf")


def test_pdf_owner_password_opens_and_user_password_is_required():
    open_to_all = Sheet(encrypt=StandardEncryption("", "owner"))
    open_to_all.line(72, 700, "Anybody may read this.")
    assert parse_pdf(open_to_all.content(), "a.pdf").text == "Anybody may read this."
    locked = Sheet(encrypt=StandardEncryption("secret", "owner"))
    locked.line(72, 700, "Nobody may read this.")
    locked.canvas.setTitle("Sealed orders")
    content = locked.content()
    with pytest.raises(PasswordRequired, match="field `password`"):
        parse_pdf(content, "a.pdf")
    with pytest.raises(WrongPassword):
        parse_pdf(content, "a.pdf", ParseOptions(password="guess"))
    opened = parse_pdf(content, "a.pdf", ParseOptions(password="secret"))
    assert (opened.title, opened.text) == ("Sealed orders", "Nobody may read this.")


@pytest.mark.parametrize(
    ("stopped_at", "left_out", "said"),
    [
        ((0.1,), {1}, "Pages that could not be read: 2."),
        ((0.9, 0.1, 0.5), {1, 5, 9}, "Pages that could not be read: 2, 6, 10."),
        (
            (0.1, 0.4, 0.3, 0.6),
            {1, 3, 4, 6, 7, 8, 9},
            "Pages that could not be read: 2, 4-5, 7-10.",
        ),
    ],
)
def test_pdf_pages_that_stopped_the_parser_are_left_out(stopped_at, left_out, said):
    document = parse_pdf(ten_pages(), "a.pdf", ParseOptions(stopped_at=stopped_at))
    assert texts_of(document) == [f"Berth {n} is free." for n in range(10) if n not in left_out]
    assert said in document.warnings


def test_pdf_page_that_stopped_the_parser_is_not_even_weighed():
    document = parse_pdf(HEAVY["spaces"], "a.pdf", ParseOptions(stopped_at=(0.5,)))
    assert "Pages that could not be read: 2." in document.warnings


def test_pdf_damaged_raises_broken_document():
    with pytest.raises(BrokenDocument):
        parse_pdf(b"%PDF-1.7\nnothing", "a.pdf")


def test_pdf_with_a_wrong_cross_reference_is_recovered():
    sheet = Sheet()
    sheet.line(72, 700, "Still readable.")
    content = sheet.content()
    broken = content[: content.rindex(b"startxref")] + b"startxref\n99999999\n%%EOF"
    assert parse_pdf(broken, "a.pdf").text == "Still readable."


def test_pdf_columns_under_a_figure_over_the_whole_page_are_read_one_after_the_other():
    sheet = Sheet()
    for row in range(20):
        sheet.line(72, 780 - 13 * row, f"{row} {LINE}")
    for row in range(10):
        y = 480 - 13 * row
        sheet.line(72, y, f"left column row {row:02d} filled with plain words")
        sheet.line(320, y, f"right column row {row:02d} filled with more words")
    text = parse_pdf(sheet.content(), "a.pdf").text
    assert text.index("left column row 09") < text.index("right column row 00")
    assert text.index(f"19 {LINE}") < text.index("left column row 00")


def test_pdf_references_are_items_with_their_hanging_lines():
    sheet = Sheet()
    sheet.lines(72, 720, [LINE, LINE, "and lists the sources."])
    for number, y in ((1, 660), (2, 634)):
        sheet.line(72, y, f"[{number}] {LINE}")
        sheet.line(90, y - 13, f"volume {number}, pages 7 to 12.")
    blocks = blocks_of(parse_pdf(sheet.content(), "a.pdf"))[1:]
    assert [kind for kind, _, _ in blocks] == [BlockKind.LIST_ITEM] * 2
    assert [text[-28:] for _, _, text in blocks] == [
        f"port volume {number}, pages 7 to 12."[-28:] for number in (1, 2)
    ]


def test_pdf_box_on_a_page_with_a_crop_box_counts_from_its_corner():
    sheet = Sheet()
    sheet.canvas.setCropBox((50, 100, 500, 800))
    sheet.line(72, 700, "On a cropped page.")
    box = parse_pdf(sheet.content(), "a.pdf").blocks[0].box
    assert box.left == pytest.approx(22, abs=2)
    assert box.bottom == pytest.approx(598, abs=4)


def test_pdf_box_on_a_rotated_page_is_where_it_is_shown():
    sheet = Sheet()
    sheet.canvas.setPageRotation(90)
    sheet.canvas.rotate(90)
    sheet.line(72, -100, "On a turned page.")
    box = parse_pdf(sheet.content(), "a.pdf").blocks[0].box
    assert box.left == pytest.approx(72, abs=2)
    assert box.bottom == pytest.approx(HEIGHT - 102, abs=4)


def test_pdf_attachments_are_named_as_not_read():
    sheet = Sheet()
    sheet.line(72, 700, "The contract is attached.")
    writer = PdfWriter(clone_from=io.BytesIO(sheet.content()))
    writer.add_attachment("annex.txt", b"text")
    whole = io.BytesIO()
    writer.write(whole)
    document = parse_pdf(whole.getvalue(), "a.pdf")
    assert document.warnings == ("Attachments are not read: annex.txt.",)
