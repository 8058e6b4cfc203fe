import io
import math

import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader

from ingestion.errors import EmptyDocument, MissingExtra
from ingestion.parsers.pdf.document import parse_pdf
from ingestion.parsers.scan_pages import Frame, fragments_of, page_of
from ingestion.records import BoundingBox, ParseOptions, RecognisedLine, Recognition
from tests.ingestion.parsers.pdf_samples import HEIGHT, WIDTH, Sheet


def picture():
    image = Image.linear_gradient("L")
    return ImageReader(image)


def scan(pages=1):
    sheet = Sheet()
    for _ in range(pages):
        sheet.canvas.drawImage(picture(), 0, 0, WIDTH, HEIGHT)
        sheet.next_page()
    return sheet.content()


def reads(*texts, confidence=0.95):
    """A recogniser that sees the texts below each other in whatever it is shown."""

    def recognise(image):
        height, width = image.shape[:2]
        lines = [
            RecognisedLine(text, confidence, 100, 100 + 60 * row, 900, 130 + 60 * row)
            for row, text in enumerate(texts)
        ]
        return Recognition(tuple(lines), width, height)

    return lambda: recognise


def absent():
    raise MissingExtra("ocr", "Reading scans and images")


def test_pdf_scanned_pages_are_recognised_and_told():
    shares = []

    def reading(image):
        return reads(next(words))()(image)

    words = iter(["Apples are red.", "Pears may be green.", "Plums turn blue in autumn."])
    document = parse_pdf(
        scan(3),
        "a.pdf",
        advance=shares.append,
        load=lambda: reading,
    )
    assert document.text.split("\n\n") == [
        "Apples are red.",
        "Pears may be green.",
        "Plums turn blue in autumn.",
    ]
    assert document.warnings == ("Text recognised by OCR on pages: 1-3.",)
    assert shares == [0.0, pytest.approx(1 / 3), pytest.approx(2 / 3), 1.0]
    box = document.blocks[0].box
    assert (
        box
        and box.left == pytest.approx(36, abs=1)
        and box.top == pytest.approx(HEIGHT - 36, abs=1)
    )


def test_pdf_page_of_low_confidence_is_warned_about():
    document = parse_pdf(scan(), "a.pdf", load=reads("Some words.", confidence=0.7))
    assert "Recognised with low confidence, check the pages: 1." in document.warnings


def test_pdf_pages_beyond_the_limit_are_left_out():
    options = ParseOptions(ocr_pages=1)
    document = parse_pdf(scan(3), "a.pdf", options, load=reads("Some words."))
    assert "Left out, beyond the limit of pages for OCR: 2-3." in document.warnings
    assert document.text == "Some words."


def test_pdf_scan_without_the_extra_raises_missing_extra():
    with pytest.raises(MissingExtra, match=r"youju\[ocr\]"):
        parse_pdf(scan(), "a.pdf", load=absent)


def test_pdf_partly_scanned_without_the_extra_names_the_pages():
    sheet = Sheet()
    sheet.line(72, 700, "Some text that was written.")
    sheet.next_page()
    sheet.canvas.drawImage(picture(), 0, 0, WIDTH, HEIGHT)
    document = parse_pdf(sheet.content(), "a.pdf", load=absent)
    assert document.warnings == ("Pages that OCR would read (pip install 'youju[ocr]'): 2.",)


def test_pdf_scan_with_ocr_switched_off_is_not_read():
    with pytest.raises(EmptyDocument, match="switched off"):
        parse_pdf(scan(), "a.pdf", ParseOptions(ocr=False), load=reads("Never."))


def test_pdf_picture_on_a_page_is_read_where_it_stands():
    sheet = Sheet()
    sheet.line(72, 780, "Above the picture stands this.")
    sheet.canvas.drawImage(picture(), 72, 400, 400, 300)
    sheet.line(72, 200, "Below the picture stands this.")
    document = parse_pdf(sheet.content(), "a.pdf", load=reads("Words in it."))
    order = [document.text.index(word) for word in ("Above", "Words in it.", "Below")]
    assert order == sorted(order)
    placed = next(
        block
        for block in document.blocks
        if "Words in it." in document.text[block.start : block.end]
    )
    assert placed.box and placed.box.left == pytest.approx(72 + 36, abs=1)


def test_pdf_picture_on_a_page_of_text_is_a_figure_and_not_read():
    sheet = Sheet()
    sheet.lines(72, 780, ["A line of a page that says enough without its picture."] * 6)
    sheet.canvas.drawImage(picture(), 72, 300, 400, 300)
    document = parse_pdf(sheet.content(), "a.pdf", load=reads("Never."))
    assert "Never" not in document.text and document.warnings == ()


def test_pdf_picture_that_covers_most_of_a_page_of_text_is_read():
    sheet = Sheet()
    sheet.lines(72, 810, ["A line of a page that says enough without its picture."] * 6)
    sheet.canvas.drawImage(picture(), 20, 20, WIDTH - 40, 0.7 * HEIGHT)
    document = parse_pdf(sheet.content(), "a.pdf", load=reads("Words in it."))
    assert "Words in it." in document.text


def test_pdf_picture_on_several_pages_is_looked_at_once():
    looked = []

    def recognise(image):
        looked.append(image.shape)
        return reads("Of the harbour office")()(image)

    sheet = Sheet()
    for name in ("Ada", "Eos", "Ivo"):
        sheet.line(72, 780, f"What {name} says.")
        sheet.canvas.drawImage(picture(), 72, 400, 400, 300)
        sheet.next_page()
    document = parse_pdf(sheet.content(), "a.pdf", load=lambda: recognise)
    assert len(looked) == 1
    assert document.text.count("Of the harbour office") == 3


def test_pdf_picture_behind_text_is_not_read():
    sheet = Sheet()
    sheet.canvas.drawImage(picture(), 0, 0, WIDTH, HEIGHT)
    sheet.lines(72, 700, ["This is written over the whole of the picture."] * 2)
    document = parse_pdf(sheet.content(), "a.pdf", load=reads("Never."))
    assert "Never" not in document.text and document.warnings == ()


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (0, BoundingBox(10, 20, 30, 25)),
        (1, BoundingBox(20, 170, 25, 190)),
        (2, BoundingBox(170, 75, 190, 80)),
        (3, BoundingBox(75, 10, 80, 30)),
    ],
)
def test_frame_shows_a_box_where_the_turned_image_has_it(turns, expected):
    assert Frame(200, 100, turns, 0.0).shown(BoundingBox(10, 20, 30, 25)) == expected


def test_frame_of_a_skewed_image_gives_back_the_slope():
    shown = Frame(200, 100, 0, math.radians(3)).shown(BoundingBox(190, 50, 191, 51))
    assert shown.bottom == pytest.approx(50 - 90 * math.sin(math.radians(3)), abs=0.3)


def test_page_of_a_recognition_is_measured_in_points():
    page, frame = page_of(Recognition((), 400, 200), 0.5)
    assert (page.width, page.height) == (frame.width, frame.height) == (200, 100)


def test_fragments_of_lines_of_nearly_one_height_have_one_size():
    lines = [
        RecognisedLine("a", 1, 0, 100 * row, 50, 100 * row + height)
        for row, height in enumerate((30, 28, 32, 31, 60))
    ]
    sizes = [fragment.size for fragment in fragments_of(lines, 1.0, 1000)]
    assert len(set(sizes[:4])) == 1 and sizes[4] > 1.5 * sizes[0]


def test_fragments_of_no_lines_are_none():
    assert fragments_of([], 1.0, 100.0) == ()


def test_scan_of_a_blank_page_is_not_sent_to_the_recogniser():
    sheet = Sheet()
    sheet.canvas.drawImage(ImageReader(Image.new("L", (8, 8), 255)), 0, 0, WIDTH, HEIGHT)
    buffer = io.BytesIO(sheet.content())
    with pytest.raises(EmptyDocument):
        parse_pdf(buffer.getvalue(), "a.pdf", load=reads("Never."))
