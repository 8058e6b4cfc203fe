import pytest

from ingestion.builder import DraftBlock
from ingestion.errors import EmptyDocument, MissingExtra
from ingestion.parsers.pictures import (
    Picture,
    PictureReader,
    alt_drafts,
    is_useful,
    read_flow,
)
from ingestion.records import PLAIN, BlockKind, ParseOptions
from tests.ingestion.parsers.picture_samples import Reader, png


def paragraph(text):
    return DraftBlock(BlockKind.PARAGRAPH, text)


def reading(reader, options=PLAIN, shares=None):
    return PictureReader(options, (shares if shares is not None else []).append, reader.load)


def texts(items, pictures):
    return [draft.text for draft in read_flow(items, pictures)]


def test_pictures_with_few_letters_around_are_read_in_their_place():
    reader = Reader(w300="Order numbers stand here.", w400="The total is below.")
    shares = []
    items = [
        paragraph("Open the form."),
        Picture(png(300), 0.3),
        paragraph("Then look at the end."),
        Picture(png(400), 0.3),
    ]
    pictures = reading(reader, shares=shares)
    assert texts(items, pictures) == [
        "Open the form.",
        "Order numbers stand here.",
        "Then look at the end.",
        "The total is below.",
    ]
    assert shares == [0.5, 1.0]
    assert pictures.warnings() == ["Text recognised by OCR in pictures: 1-2."]


def test_pictures_in_the_middle_of_text_are_figures_unless_they_are_most_of_the_page():
    reader = Reader(w300="axis", w400="A page of its own.")
    words = paragraph("word " * 200)
    items = [words, Picture(png(300), 0.3), words, Picture(png(400), 0.6), words]
    assert "A page of its own." in texts(items, reading(reader))
    assert reader.widths == [400]


def test_pictures_look_no_further_than_a_page_for_letters():
    reader = Reader(w300="Still read.")
    far = [paragraph("word " * 200), *[paragraph("short")] * 20]
    items = [*far, Picture(png(300), 0.4), *far[::-1]]
    assert "Still read." in texts(items, reading(reader))


def test_pictures_shown_twice_are_read_once_also_their_alt_text():
    reader = Reader(w300="Once.")
    items = [Picture(png(300), 0.3, "A plan of the yard"), paragraph("and"), Picture(png(300), 0.3)]
    assert texts(items, reading(reader)) == ["A plan of the yard", "Once.", "and"]
    assert reader.widths == [300]


def test_pictures_beyond_the_limit_are_left_out_and_told():
    reader = Reader(w300="First one.", w310="Second one.", w320="Third one.")
    items = [Picture(png(width), 0.3) for width in (300, 310, 320)]
    pictures = reading(reader, ParseOptions(ocr_pages=1))
    assert texts(items, pictures) == ["First one."]
    assert pictures.warnings()[1:] == ["Pictures beyond the limit for OCR were left out: 2-3."]


def test_pictures_that_are_pages_of_a_scan_share_paragraphs_and_lose_running_lines():
    body = "The tenant keeps the yard clean and"
    reader = Reader(w500=f"Lease of 2024\n{body}", w510=f"Lease of 2024\n{body}")
    scans = read_flow([Picture(png(500, 700), 0.9), Picture(png(510, 700), 0.9)], reading(reader))
    apart = read_flow([Picture(png(500, 700), 0.4), Picture(png(510, 700), 0.4)], reading(reader))
    assert len(scans) < len(apart)


def test_pictures_damaged_or_of_another_kind_are_told_and_the_others_read():
    reader = Reader(w300="Sound.")
    items = [
        Picture(b"\x01\0\0\0 no picture", 0.3),
        Picture(png(310)[:80], 0.3),
        Picture(png(300), 0.3),
    ]
    pictures = reading(reader)
    assert texts(items, pictures) == ["Sound."]
    assert "Pictures that are damaged or of a kind that is not read: 1-2." in (pictures.warnings())


def test_pictures_that_are_damaged_count_against_the_limit_and_report_progress():
    shares = []
    items = [Picture(png(width)[:90], 0.3) for width in (300, 310, 320)]
    pictures = reading(Reader(), ParseOptions(ocr_pages=2), shares)
    assert texts(items, pictures) == []
    assert len(shares) == 2
    assert pictures.warnings() == [
        "Pictures beyond the limit for OCR were left out: 3.",
        "Pictures that are damaged or of a kind that is not read: 1-2.",
    ]


def test_pictures_of_few_pixels_are_not_shown_to_the_recogniser():
    reader = Reader(w40="tiny")
    assert texts([Picture(png(40, 20), 0.3)], reading(reader)) == []
    assert reader.widths == []


def test_pictures_alone_that_are_not_read_say_why():
    def absent():
        raise MissingExtra("ocr", "Reading scans and images")

    items = [Picture(png(300), 0.9)]
    off = reading(Reader(), ParseOptions(ocr=False))
    with pytest.raises(EmptyDocument, match="switched off"):
        off.check_text(read_flow(items, off))
    mute = reading(Reader())
    with pytest.raises(EmptyDocument, match="recognised no text"):
        mute.check_text(read_flow(items, mute))
    lacking = PictureReader(PLAIN, [].append, absent)
    with pytest.raises(MissingExtra):
        lacking.check_text(read_flow(items, lacking))
    assert lacking.warnings() == ["Pictures that OCR would read (pip install 'youju[ocr]'): 1."]


@pytest.mark.parametrize(
    ("alt", "kept"),
    [
        ("The yard seen from the gate", True),
        ("堆场平面图", True),
        ("Picture 3", False),
        ("图片 1", False),
        ("IMG_0012.jpg", False),
        ("20250807-172441", False),
        ("A duck\n\nDescription automatically generated", False),
        ("图标\n\nAI 生成的内容可能不正确。", False),
        ("", False),
    ],
)
def test_alt_text_is_a_caption_unless_a_program_made_it_up(alt, kept):
    drafts = alt_drafts(Picture(b"", 0.3, alt), 2)
    assert drafts == ([DraftBlock(BlockKind.CAPTION, alt, page=2)] if kept else [])


def test_icons_rules_and_small_logos_are_not_useful():
    assert is_useful(300, 200, 0.2)
    assert not is_useful(40, 40, 0.03)
    assert not is_useful(400, 10, 0.03)
    assert not is_useful(60, 60, 0.01)
