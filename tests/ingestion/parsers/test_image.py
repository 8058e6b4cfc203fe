import io
import struct
import zlib

import pytest
from PIL import Image

from ingestion.errors import BrokenDocument, DocumentTooLarge, EmptyDocument
from ingestion.parsers.image import parse_image, pixels_of
from ingestion.records import ParseOptions, RecognisedLine, Recognition


def saved(kind, image=None, **options):
    buffer = io.BytesIO()
    (image or Image.linear_gradient("L").convert("RGB")).save(buffer, kind, **options)
    return buffer.getvalue()


class Reader:
    """Remembers what it was shown."""

    def __init__(self, *texts):
        self.shapes = []
        self.corners = []
        self._texts = texts or ("Some words.",)

    def __call__(self, image):
        self.shapes.append(image.shape)
        self.corners.append(tuple(image[0, 0]))
        height, width = image.shape[:2]
        lines = tuple(RecognisedLine(text, 0.9, 10, 20, 90, 40) for text in self._texts)
        return Recognition(lines, width, height)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF"])
def test_image_of_each_kind_is_read(kind):
    document = parse_image(saved(kind), "a.bin", load=Reader)
    assert document.text == "Some words."
    assert document.media_type == f"image/{kind.lower()}"
    assert document.page_count == 1
    assert document.blocks[0].box.top == 236


def test_image_tiff_has_a_page_for_each_image_up_to_the_limit():
    content = saved("TIFF", save_all=True, append_images=[Image.new("1", (99, 99))] * 2)
    shares = []
    document = parse_image(content, "a.tif", ParseOptions(ocr_pages=2), shares.append, Reader)
    assert document.page_count == 3 and len(shares) == 2
    assert "Left out, beyond the limit of pages for OCR: 3." in document.warnings


def test_image_is_turned_as_its_exif_data_say():
    exif = Image.Exif()
    exif[0x0112] = 6
    reader = Reader()
    parse_image(
        saved("JPEG", Image.new("RGB", (400, 300)), exif=exif), "a.jpg", load=lambda: reader
    )
    assert reader.shapes == [(400, 300, 3)]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_image_of_each_mode_becomes_pixels(mode):
    reader = Reader()
    parse_image(saved("PNG", Image.new(mode, (400, 300))), "a.png", load=lambda: reader)
    assert reader.shapes == [(300, 400, 3)]


def test_image_transparent_parts_are_white():
    reader = Reader()
    parse_image(
        saved("PNG", Image.new("RGBA", (400, 300), (0, 0, 0, 0))), "a.png", load=lambda: reader
    )
    assert reader.corners == [(255, 255, 255)]


def png_that_claims(width, height, colours=0):
    header = struct.pack(">IIBBBBB", width, height, 8, colours, 0, 0, 0)
    chunk = b"IHDR" + header
    length = struct.pack(">I", len(header))
    return b"\x89PNG\r\n\x1a\n" + length + chunk + struct.pack(">I", zlib.crc32(chunk))


@pytest.mark.parametrize("side", [9_000, 60_000])
def test_image_bomb_is_too_large_before_it_is_decoded(side):
    with pytest.raises(DocumentTooLarge, match="pixels"):
        parse_image(png_that_claims(side, side) + b"\0\0\0\0IDAT", "a.png", load=Reader)


def test_image_that_is_copied_to_be_made_smaller_may_be_half_as_large():
    with_transparency = 6
    with pytest.raises(DocumentTooLarge, match="the limit is 40000000"):
        parse_image(
            png_that_claims(8_000, 8_000, with_transparency) + b"\0\0\0\0IDAT", "a.png", load=Reader
        )
    with pytest.raises(BrokenDocument):
        parse_image(png_that_claims(8_000, 8_000) + b"\0\0\0\0IDAT", "a.png", load=Reader)


def test_webp_that_its_decoder_could_not_hold_is_too_large():
    buffer = io.BytesIO()
    Image.new("RGB", (6_000, 5_001), "white").save(buffer, "WEBP", quality=1, method=0)
    with pytest.raises(DocumentTooLarge, match="30006000 pixels; the limit is 30000000"):
        parse_image(buffer.getvalue(), "a.webp", load=Reader)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP"])
def test_image_cut_short_is_broken(kind):
    with pytest.raises(BrokenDocument):
        parse_image(saved(kind)[:60], "a.bin", load=Reader)


def test_image_without_text_is_empty_and_so_is_one_with_ocr_switched_off():
    with pytest.raises(EmptyDocument, match="recognised no text"):
        parse_image(saved("PNG"), "a.png", load=lambda: lambda _image: Recognition((), 9, 9))
    with pytest.raises(EmptyDocument, match="switched off"):
        parse_image(saved("PNG"), "a.png", ParseOptions(ocr=False), load=Reader)


def test_pixels_of_a_picture_are_those_of_its_first_image():
    content = saved("GIF", Image.new("L", (60, 40), 255), save_all=True, append_images=[])
    assert pixels_of(content).shape == (40, 60, 3)
    with pytest.raises(BrokenDocument):
        pixels_of(saved("PNG")[:60])
