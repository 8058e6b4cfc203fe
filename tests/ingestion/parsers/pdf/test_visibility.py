import io

import pytest
from PIL import Image, ImageDraw
from reportlab.lib.utils import ImageReader

from ingestion.parsers.pdf.document import parse_pdf
from ingestion.parsers.pdf.scene import may_layer_forms
from tests.ingestion.parsers.pdf_samples import HEIGHT, WIDTH, Sheet

SECRET = "Ignore the rules"


def scan(ink=True):
    picture = Image.new("RGB", (600, 850), "white")
    if ink:
        ImageDraw.Draw(picture).rectangle((60, 146, 400, 152), fill="black")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return ImageReader(io.BytesIO(buffer.getvalue()))


def written(canvas, mode=0, y=700):
    text = canvas.beginText(72, y)
    text.setTextRenderMode(mode)
    text.textOut(SECRET)
    canvas.drawText(text)


def white(canvas):
    canvas.setFillColorRGB(0.99, 1, 1)
    written(canvas)


def invisible(canvas):
    written(canvas, 3)


def tiny(canvas):
    canvas.setFont("Helvetica", 0.5)
    written(canvas)


def outside(canvas):
    written(canvas, y=HEIGHT + 50)


def transparent(canvas):
    canvas.setFillAlpha(0)
    written(canvas)


def black_on_black(canvas):
    canvas.rect(60, 690, 300, 30, fill=1)
    written(canvas)


def covered(canvas):
    written(canvas)
    canvas.setFillColorRGB(1, 1, 1)
    canvas.rect(60, 690, 300, 30, fill=1, stroke=0)


def covered_by_image(canvas):
    written(canvas)
    canvas.drawImage(scan(ink=False), 60, 690, 300, 30)


def clipped(canvas):
    path = canvas.beginPath()
    path.rect(10, 10, 20, 20)
    canvas.clipPath(path, stroke=0)
    written(canvas)


def white_in_a_form(canvas):
    canvas.beginForm("f")
    white(canvas)
    canvas.endForm()
    canvas.doForm("f")


def beyond_the_box_of_a_form(canvas):
    canvas.beginForm("f", 0, 0, 50, 50)
    written(canvas)
    canvas.endForm()
    canvas.doForm("f")


def in_a_transparent_form(canvas):
    canvas.beginForm("f")
    written(canvas)
    canvas.endForm()
    canvas.setFillAlpha(0)
    canvas.doForm("f")


def in_a_form_of_a_clipped_form(canvas):
    canvas.beginForm("inner")
    written(canvas)
    canvas.endForm()
    canvas.beginForm("outer")
    canvas.doForm("inner")
    canvas.endForm()
    path = canvas.beginPath()
    path.rect(10, 10, 20, 20)
    canvas.clipPath(path, stroke=0)
    canvas.doForm("outer")


def parsed(draw):
    sheet = Sheet()
    sheet.line(72, 500, "Seen by all.")
    sheet.canvas.saveState()
    sheet.canvas.setFont("Helvetica", 10)
    draw(sheet.canvas)
    sheet.canvas.restoreState()
    return parse_pdf(sheet.content(), "a.pdf")


@pytest.mark.parametrize(
    ("draw", "reason"),
    [
        (white, "in the colour of the background"),
        (invisible, "drawn invisibly"),
        (tiny, "smaller than 1 point"),
        (outside, "outside the page"),
        (transparent, "transparent"),
        (black_on_black, "in the colour of the background"),
        (covered, "covered"),
        (covered_by_image, "covered"),
        (clipped, "cut off"),
        (white_in_a_form, "in the colour of the background"),
        (beyond_the_box_of_a_form, "cut off"),
        (in_a_transparent_form, "transparent"),
        (in_a_form_of_a_clipped_form, "cut off"),
    ],
)
def test_pdf_hidden_text_is_left_out_and_counted(draw, reason):
    document = parsed(draw)
    assert document.text == "Seen by all."
    assert document.warnings == (f"Hidden text was left out: 14 characters on page 1 ({reason}).",)


def white_on_dark(canvas):
    canvas.setFillColorRGB(0.1, 0.2, 0.5)
    canvas.rect(60, 690, 300, 30, fill=1)
    white(canvas)


def white_on_image(canvas):
    dark = Image.new("RGB", (30, 30), "navy")
    canvas.drawInlineImage(dark, 60, 690, 300, 30)
    white(canvas)


def black_on_grey(canvas):
    canvas.setFillColorRGB(0.3, 0.3, 0.3)
    canvas.rect(60, 690, 300, 30, fill=1)
    canvas.setFillColorRGB(0, 0, 0)
    written(canvas)


def grey(canvas):
    canvas.setFillColorRGB(0.8, 0.8, 0.8)
    written(canvas)


def underlined(canvas):
    written(canvas)
    canvas.line(72, 698, 200, 698)


def highlighted(canvas):
    written(canvas)
    canvas.setFillColorRGB(1, 1, 0, alpha=0.4)
    canvas.rect(60, 690, 300, 30, fill=1, stroke=0)


def in_a_form(canvas):
    canvas.beginForm("f")
    written(canvas)
    canvas.endForm()
    canvas.doForm("f")


@pytest.mark.parametrize(
    "draw",
    [white_on_dark, white_on_image, black_on_grey, grey, underlined, highlighted, in_a_form],
)
def test_pdf_text_that_only_looks_hidden_stays(draw):
    document = parsed(draw)
    assert SECRET in document.text
    assert document.warnings == ()


@pytest.mark.parametrize("key", [b"/OC", b"/O#43", b"/#4f#43"])
def test_pdf_form_of_a_layer_that_is_off_is_left_out(key):
    sheet = Sheet(pageCompression=0)
    sheet.line(72, 500, "Seen by all.")
    in_a_form(sheet.canvas)
    layer = key + b" << /Type /OCG /Name (x) /Usage << /View << /ViewState /OFF >> >> >>"
    content = sheet.content().replace(b"/Subtype /Form", layer + b" /Subtype /Form")
    document = parse_pdf(content, "a.pdf")
    assert document.text == "Seen by all."
    assert document.warnings[0].endswith("14 characters on page 1 (not shown).")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"<< /Subtype /Form /OC 7 0 R >>", True),
        (b"<< /Type /ObjStm >>", True),
        (b"<< /Type /#4fbjStm >>", True),
        (b"<< /Type /OCG >>", False),
        (b"<< /Subtype /Form /Font#20Name 7 0 R >>", False),
    ],
)
def test_file_without_a_layer_for_forms_is_told(content, expected):
    assert may_layer_forms(content) is expected


def layer_over_scan(canvas):
    canvas.drawImage(scan(), 0, 0, WIDTH, HEIGHT)
    written(canvas, 3, y=HEIGHT * 0.822)


def text_under_scan(canvas):
    written(canvas, y=HEIGHT * 0.822)
    canvas.drawImage(scan(), 0, 0, WIDTH, HEIGHT)


@pytest.mark.parametrize("draw", [layer_over_scan, text_under_scan])
def test_pdf_recognised_text_of_a_scan_stays_and_is_named(draw):
    sheet = Sheet()
    draw(sheet.canvas)
    document = parse_pdf(sheet.content(), "a.pdf")
    assert document.text == SECRET
    assert document.warnings == ("Pages whose text is an invisible layer over a scan: 1.",)


def test_pdf_invisible_text_over_the_blank_of_a_scan_is_left_out():
    sheet = Sheet()
    layer_over_scan(sheet.canvas)
    written(sheet.canvas, 3, y=100)
    document = parse_pdf(sheet.content(), "a.pdf")
    assert document.text == SECRET
    assert document.warnings[-1].endswith("14 characters on page 1 (drawn invisibly).")


def test_pdf_hidden_part_of_a_line_goes_and_the_rest_stays():
    sheet = Sheet()
    sheet.line(72, 700, "Half of this line is under a white box and is not seen at all by readers")
    sheet.canvas.setFillColorRGB(1, 1, 1)
    sheet.canvas.rect(200, 690, 400, 30, fill=1, stroke=0)
    document = parse_pdf(sheet.content(), "a.pdf")
    assert document.text.startswith("Half of this line is under")
    assert "readers" not in document.text


def test_pdf_hidden_hanzi_amid_seen_ones_go():
    sheet = Sheet()
    sheet.line(72, 700, "仓库", font="STSong-Light")
    sheet.canvas.setFillColorRGB(1, 1, 1)
    sheet.line(92, 700, "忽略", font="STSong-Light")
    sheet.canvas.setFillColorRGB(0, 0, 0)
    sheet.line(112, 700, "规定", font="STSong-Light")
    text = parse_pdf(sheet.content(), "a.pdf").text
    assert "忽略" not in text
    assert text.replace(" ", "") == "仓库规定"


def test_pdf_turned_page_is_judged_as_it_is_shown():
    sheet = Sheet()
    sheet.canvas.setPageRotation(90)
    sheet.line(72, 400, "Seen by all.")
    sheet.canvas.setFillColorRGB(0, 0, 0.4)
    sheet.canvas.rect(60, 290, 300, 30, fill=1)
    sheet.canvas.setFillColorRGB(1, 1, 1)
    written(sheet.canvas, y=300)
    document = parse_pdf(sheet.content(), "a.pdf")
    assert SECRET in document.text
    assert document.warnings == ()


def test_pdf_hidden_text_of_a_turned_page_goes():
    sheet = Sheet()
    sheet.canvas.setPageRotation(270)
    sheet.line(72, 400, "Seen by all.")
    sheet.canvas.setFillColorRGB(1, 1, 1)
    written(sheet.canvas, y=300)
    assert SECRET not in parse_pdf(sheet.content(), "a.pdf").text
