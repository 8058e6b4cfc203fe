"""Image files: the text on them, read by OCR as a scanned page is."""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ingestion import media
from ingestion.builder import build_document
from ingestion.errors import BrokenDocument, DocumentTooLarge, EmptyDocument
from ingestion.parsers.pdf.furniture import drop_furniture
from ingestion.parsers.pdf.layout import Row, rows_of
from ingestion.parsers.pdf.outline import Outline
from ingestion.parsers.pdf.paragraphs import drafts_of
from ingestion.parsers.scan_pages import Frame, ScanLog, as_shown, load_recogniser, page_of
from ingestion.ports import Advance, Recognise
from ingestion.records import PLAIN, Document, ParseOptions, Pixels

_LARGEST_PIXELS = 80_000_000
"""A page of A3 at 600 dpi: decoded it takes 320 MB at most. Half of it where an image has to be
copied before it is made smaller: what is not in these modes."""
_LARGEST_WEBP = 30_000_000
"""Its decoder holds the whole image three times."""
_COMPACT = frozenset(("1", "L", "RGB", "CMYK", "YCbCr"))
_READ_PIXELS = 8_000_000
_LONGEST_SIDE = 16_000
_DAMAGED = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    OverflowError,
    RuntimeError,
    ZeroDivisionError,
)
"""What Pillow raises on a damaged file; MemoryError is not among them."""


def parse_image(
    content: bytes,
    name: str,
    options: ParseOptions = PLAIN,
    advance: Advance = lambda _share: None,
    load: Callable[[], Recognise] = load_recogniser,
) -> Document:
    """Return the document on an image: a page per image of a TIFF, else one.

    Boxes count one point per pixel of the image as it is shown, turned as its EXIF data say.
    load: returns the recogniser. Raises BrokenDocument, DocumentTooLarge (in pixels), EmptyDocument
    (nothing recognised, or OCR switched off), MissingExtra.
    """
    media_type = media.sniff(content, name)
    if not options.ocr:
        raise EmptyDocument("The file is an image, and OCR is switched off.")
    recognise = load()
    pages: list[list[Row]] = []
    heights: list[float] = []
    frames: dict[int, Frame] = {}
    log = ScanLog()
    with _opened(content, media_type) as image:
        count: int = getattr(image, "n_frames", 1) if media_type == media.TIFF else 1
    for index in range(min(count, options.ocr_pages)):
        # Opened anew each time: the image in full must be gone before the recogniser takes memory.
        with _opened(content, media_type) as image:
            pixels, points = _frame(image, index)
        found = recognise(pixels)
        log.add(index + 1, found.lines)
        page, frames[index + 1] = page_of(found, points)
        pages.append(rows_of(page, index + 1))
        heights.append(page.height)
        advance((index + 1) / count)
    log.left_out.extend(range(len(pages) + 1, count + 1))
    if not any(pages):
        raise EmptyDocument("OCR recognised no text on the image.")
    return build_document(
        as_shown(drafts_of(drop_furniture(pages, heights), Outline({})), frames),
        name=name,
        media_type=media_type,
        page_count=count,
        warnings=log.warnings(),
    )


def pixels_of(content: bytes) -> Pixels:
    """Return the image in a file as it is shown, made smaller where it is large.

    content: of one of the kinds in `media.IMAGES`. Raises BrokenDocument, or DocumentTooLarge (in
    pixels).
    """
    with _opened(content, media.sniff(content, "")) as image:
        return _frame(image, 0)[0]


@contextmanager
def _opened(content: bytes, media_type: str) -> Iterator[Image.Image]:
    """Open an image without decoding it; all that goes wrong while it is read is translated."""
    try:
        with warnings.catch_warnings():
            # Damaged metadata is not worth a word; the size is checked by ourselves.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=media.IMAGES[media_type]) as image:
                yield image
    except Image.DecompressionBombError as exc:
        raise DocumentTooLarge(2 * _LARGEST_PIXELS, _LARGEST_PIXELS, "pixels or more") from exc
    except _DAMAGED as exc:
        raise BrokenDocument(media_type, "it is damaged or incomplete") from exc


def _frame(image: Image.Image, index: int) -> tuple[Pixels, float]:
    """Return one image of a file as it is shown, made smaller where it is large.

    The second value: pixels of the file to one of the result.
    """
    if index:
        image.seek(index)
    width, height = image.size
    most = _LARGEST_PIXELS if image.mode in _COMPACT else _LARGEST_PIXELS // 2
    if image.format == "WEBP":
        most = min(most, _LARGEST_WEBP)
    if width * height > most:
        raise DocumentTooLarge(width * height, most, "pixels")
    scale = min(1.0, (_READ_PIXELS / (width * height)) ** 0.5, _LONGEST_SIDE / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    image.draft("RGB", size)
    shown = _grey(image) if image.mode.startswith(("I", "F", "1")) else image
    if size != shown.size:
        if shown.mode in ("P", "PA"):
            shown = shown.convert("RGBA")
        shown = shown.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    shown = ImageOps.exif_transpose(shown)
    if shown.mode in ("P", "PA", "LA", "La", "RGBa") or "transparency" in shown.info:
        shown = shown.convert("RGBA")
    if shown.mode == "RGBA":
        paper = Image.new("RGBA", shown.size, "white")
        shown = Image.alpha_composite(paper, shown)
    pixels = np.asarray(shown.convert("RGB"), dtype=np.uint8)
    return np.ascontiguousarray(pixels[:, :, ::-1]), width / size[0]


def _grey(image: Image.Image) -> Image.Image:
    """Return an image of one bit, of 16 bits or of numbers in 256 shades, from its darkest on."""
    if image.mode == "1":
        return image.convert("L")
    values = np.asarray(image, dtype=np.float32)
    least, most = float(values.min()), float(values.max())
    shades = (values - least) * (255 / (most - least or 1.0))
    grey = Image.fromarray(shades.astype(np.uint8))
    grey.info = image.info
    return grey
