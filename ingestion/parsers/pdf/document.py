"""PDF: PDFium for the text, OCR for what a page only shows, pypdf for what the file tells."""

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

from ingestion import media
from ingestion.builder import build_document
from ingestion.errors import (
    BrokenDocument,
    DocumentTooLarge,
    EmptyDocument,
    MissingExtra,
    PasswordRequired,
    WrongPassword,
)
from ingestion.parsers.hidden_text import HiddenText, hidden_warnings
from ingestion.parsers.page_warnings import page_warnings
from ingestion.parsers.pdf.fragments import PageText, read_page
from ingestion.parsers.pdf.furniture import drop_furniture
from ingestion.parsers.pdf.layout import Row, rows_of
from ingestion.parsers.pdf.metadata import read_metadata
from ingestion.parsers.pdf.outline import Outline, read_outline
from ingestion.parsers.pdf.page_weights import PageWeights
from ingestion.parsers.pdf.paragraphs import drafts_of
from ingestion.parsers.pdf.salvage import salvaged
from ingestion.parsers.pdf.scans import ScanReader
from ingestion.parsers.pdf.scene import may_layer_forms
from ingestion.parsers.pdf.weight_signs import HEAVIEST_PAGE
from ingestion.parsers.scan_pages import as_shown, load_recogniser
from ingestion.ports import Advance, Recognise
from ingestion.records import MOST_STOPS, PLAIN, Document, ParseOptions

# PDFium is not safe to call from two threads.
_PDFIUM = threading.Lock()
MOST_PAGES = 20_000
"""A file may name one page a million times; no more than this are read."""
_PARTIAL = "The file is damaged. This is what could be read of it; pages may be missing."


def parse_pdf(
    content: bytes,
    name: str,
    options: ParseOptions = PLAIN,
    advance: Advance = lambda _share: None,
    load: Callable[[], Recognise] = load_recogniser,
) -> Document:
    """Return the document in a PDF.

    Two columns are read one after the other; running headers, footers and page numbers are
    left out. Pages are read one by one and closed, so memory follows the text, not the file's
    images. A document with an owner password only opens without it. Scanned pages, and pictures
    where they are what a page says, are read by OCR; boxes on them are where the page shows the
    text.
    Pages that draw more than any page that people make, those after `MOST_PAGES`, and those that
    stopped the parser before are left out with a warning.
    load: returns the recogniser, called when a page needs it.
    Raises PasswordRequired, WrongPassword, BrokenDocument, EmptyDocument, MissingExtra (nothing
    but scans), DocumentTooLarge (nothing but pages that draw too much).
    """
    scans = ScanReader(options, load)
    with _PDFIUM:
        read = _read(content, options, advance, scans)
    if not any(read.pages):
        raise _nothing_read(options, scans, read.heaviest)
    drafts = drafts_of(drop_furniture(read.pages, read.heights), read.outline)
    metadata = read_metadata(content, options.password)
    unread = ", ".join(metadata.attachments)
    return build_document(
        as_shown(drafts, scans.frames),
        name=name,
        media_type=media.PDF,
        title=metadata.title,
        page_count=len(read.pages),
        warnings=[*read.warnings, *([f"Attachments are not read: {unread}."] if unread else [])],
    )


class _Read(NamedTuple):
    """The rows and the height of each page, what the file says of itself, and what is wrong.

    heaviest: the weight of the page that draws most.
    """

    pages: list[list[Row]]
    heights: list[float]
    outline: Outline
    warnings: list[str]
    heaviest: int


def _nothing_read(
    options: ParseOptions, scans: ScanReader, heaviest: int
) -> EmptyDocument | MissingExtra | DocumentTooLarge:
    """Return why a PDF gave no text."""
    if heaviest > HEAVIEST_PAGE:
        unit = "bytes of drawing instructions or more"
        return DocumentTooLarge(heaviest, HEAVIEST_PAGE, unit, "page")
    if scans.unread:
        return MissingExtra("ocr", "Reading a scanned PDF")
    if not options.ocr:
        return EmptyDocument("The PDF has no text layer, and OCR of scans is switched off.")
    return EmptyDocument("The PDF has no text layer, and OCR recognised nothing on its pages.")


def _read(content: bytes, options: ParseOptions, advance: Advance, scans: ScanReader) -> _Read:
    document, warnings = _opened(content, options.password)
    pages: list[list[Row]] = []
    heights: list[float] = []
    broken: list[int] = []
    hidden: list[HiddenText] = []
    scanned: list[int] = []
    heavy: list[int] = []
    heaviest = 0
    layers = may_layer_forms(content)
    weights = PageWeights(content, options.password)
    count = min(len(document), MOST_PAGES)
    if count < len(document):
        warnings.append(f"Pages after {count} of {len(document)} were left out.")
    deadly = _deadly_pages(options.stopped_at, count)
    try:
        for index in range(count):
            advance(index / count)
            heaviest = max(heaviest, weight := weights.next_page(weigh=index not in deadly))
            page = None
            if weight <= HEAVIEST_PAGE and index not in deadly:
                page = _page(document, index, scans, layered_forms=layers)
            if page is None:
                (heavy if weight > HEAVIEST_PAGE else broken).append(index + 1)
                pages.append([])
                heights.append(0.0)
                continue
            pages.append(rows_of(page, index + 1))
            heights.append(page.height)
            hidden += page.hidden
            if page.scan_layer:
                scanned.append(index + 1)
        advance(1.0)
        outline = read_outline(document)
    finally:
        document.close()
    told = {*broken, *heavy, *scans.unread, *scans.log.left_out}
    blank = [number for number, rows in enumerate(pages, 1) if not rows and number not in told]
    return _Read(
        pages,
        heights,
        outline,
        [
            *warnings,
            *page_warnings("Pages that could not be read", broken),
            *page_warnings("Pages left out because they draw too much", heavy),
            *page_warnings("Pages that have no text", blank),
            *page_warnings("Pages that OCR would read (pip install 'youju[ocr]')", scans.unread),
            *scans.log.warnings(),
            *page_warnings("Pages whose text is an invisible layer over a scan", scanned),
            *hidden_warnings(hidden),
        ],
        heaviest,
    )


def _deadly_pages(stopped_at: Sequence[float], count: int) -> set[int]:
    """Return the pages, from 0, that stopped the parser before, and so can't be read."""
    pages = [round(share * count) for share in stopped_at]
    return {*pages, *(range(pages[-1], count) if len(pages) >= MOST_STOPS else ())}


def _page(
    document: pdfium.PdfDocument, index: int, scans: ScanReader, *, layered_forms: bool
) -> PageText | None:
    """Return the text of a page, from 0, also what is scanned; None where it is broken."""
    try:
        text = read_page(document, index, layered_forms=layered_forms)
        return scans.complete(document, index, text)
    except pdfium.PdfiumError:
        return None


def _opened(content: bytes, password: str) -> tuple[pdfium.PdfDocument, list[str]]:
    """Return the open file, and a warning where it is only what is left of it."""
    try:
        return pdfium.PdfDocument(content, password or None), []
    except pdfium.PdfiumError as exc:
        if exc.err_code == raw.FPDF_ERR_PASSWORD:
            raise (WrongPassword() if password else PasswordRequired(takes_password=True)) from exc
        rest = salvaged(content)
        if rest is None:
            raise BrokenDocument(media.PDF, "its structure is damaged or it has no pages") from exc
    try:
        return pdfium.PdfDocument(rest), [_PARTIAL]
    except pdfium.PdfiumError as exc:
        raise BrokenDocument(media.PDF, "its structure is damaged or it has no pages") from exc
