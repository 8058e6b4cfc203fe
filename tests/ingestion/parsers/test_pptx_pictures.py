import io

import pptx
import pytest
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls
from pptx.util import Inches

from ingestion.errors import EmptyDocument
from ingestion.parsers.pptx import parse_pptx
from ingestion.records import PLAIN, BlockKind, ParseOptions
from tests.ingestion.parsers.office_samples import blocks_of
from tests.ingestion.parsers.picture_samples import Reader, png

LISTED, BLANK = 1, 6


def deck():
    presentation = pptx.Presentation()
    presentation.core_properties.title = ""
    return presentation


def slide_of(presentation, layout=BLANK):
    return presentation.slides.add_slide(presentation.slide_layouts[layout])


def add(shapes, width, left, top, wide, tall):
    places = map(Inches, (left, top, wide, tall))
    return shapes.add_picture(io.BytesIO(png(width)), *places)


def box(slide, text, left, top):
    slide.shapes.add_textbox(*map(Inches, (left, top, 3, 1))).text_frame.text = text


def parsed(presentation, reader, options=PLAIN, shares=None):
    buffer = io.BytesIO()
    presentation.save(buffer)
    advance = (shares if shares is not None else []).append
    return parse_pptx(buffer.getvalue(), "a.pptx", options, advance, reader.load)


def texts(presentation, reader):
    return [text for _, _, text in blocks_of(parsed(presentation, reader))]


def test_pptx_slides_that_are_pictures_have_their_text_title_and_page():
    presentation = deck()
    for width in (500, 510):
        add(slide_of(presentation).shapes, width, 0, 0, 10, 7.5)
    reader = Reader(w500="Goals\nSell more apples in spring.", w510="Sell pears in autumn.")
    shares = []
    document = parsed(presentation, reader, shares=shares)
    assert blocks_of(document)[0] == (BlockKind.HEADING, 2, "Goals")
    assert "Sell more apples in spring." in document.text
    assert [block.page for block in document.blocks] == [1, 1, 2]
    assert shares == [0.5, 1.0]
    assert document.warnings == ("Text recognised by OCR in pictures on slides: 1-2.",)


def test_pptx_pictures_are_read_in_their_place_with_their_alt_text():
    presentation = deck()
    slide = slide_of(presentation)
    box(slide, "First.", 1, 0)
    shape = add(slide.shapes, 300, 1, 2, 5, 3)
    shape._element.nvPicPr.cNvPr.set("descr", "Sales by year")
    box(slide, "Last.", 1, 6)
    reader = Reader(w300="Sales rose.")
    assert texts(presentation, reader) == ["First.", "Sales by year", "Sales rose.", "Last."]


def test_pptx_pictures_beside_much_text_are_left_and_so_are_icons_and_grounds():
    presentation = deck()
    wordy = slide_of(presentation)
    box(wordy, "word " * 100, 0, 0)
    add(wordy.shapes, 300, 5, 4, 3, 2)
    icon = slide_of(presentation)
    box(icon, "Text.", 0, 0)
    add(icon.shapes, 310, 8, 6, 0.6, 0.6)
    ground = slide_of(presentation)
    add(ground.shapes, 320, 0, 0, 10, 7.5)
    box(ground, "Words that stand on the picture.", 2, 3)
    reader = Reader()
    parsed(presentation, reader)
    assert reader.widths == []


def test_pptx_pictures_of_groups_fills_and_grounds_are_read():
    presentation = deck()
    slide = slide_of(presentation)
    group = slide.shapes.add_group_shape()
    inner = add(group.shapes, 300, 1, 1, 5, 3)
    relation = inner._element.blipFill.blip.rEmbed
    group._element.grpSpPr.xfrm.chExt.cx *= 20
    group._element.grpSpPr.xfrm.chExt.cy *= 20
    reader = Reader(w300="In a picture.")
    # Shown at a twentieth of its own size, it is an icon.
    with pytest.raises(EmptyDocument):
        parsed(presentation, reader)
    slide._element.cSld.insert(
        0,
        parse_xml(
            f'<p:bg {nsdecls("p", "a", "r")}><p:bgPr><a:blipFill><a:blip r:embed="{relation}"/>'
            "</a:blipFill></p:bgPr></p:bg>"
        ),
    )
    assert texts(presentation, reader) == ["In a picture."]


def test_pptx_picture_in_a_placeholder_is_as_large_as_its_layout_says():
    presentation = deck()
    slide = slide_of(presentation, 8)
    slide.shapes.title.text = "Yard"
    slide.placeholders[1].insert_picture(io.BytesIO(png(300)))
    assert "Gate A." in texts(presentation, Reader(w300="Gate A."))


def test_pptx_pictures_beyond_the_limit_are_told_by_slide():
    presentation = deck()
    for width in (500, 510, 520):
        add(slide_of(presentation).shapes, width, 0, 0, 10, 7.5)
    reader = Reader(w500="One only.")
    document = parsed(presentation, reader, ParseOptions(ocr_pages=1))
    assert reader.widths == [500]
    assert "Pictures beyond the limit for OCR were left out on slides: 2-3." in document.warnings
