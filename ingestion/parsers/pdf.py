"""PDF with a text layer: PDFium for the text and where it stands, pypdf for title and outline."""

import threading

import pypdfium2 as pdfium
from pypdfium2 import raw

from ingestion import media
from ingestion.builder import build_document
from ingestion.errors import BrokenDocument, EmptyDocument, PasswordRequired
from ingestion.parsers.hidden_text import HiddenText, hidden_warnings
from ingestion.parsers.page_warnings import page_warnings
from ingestion.parsers.pdf_fragments import read_page
from ingestion.parsers.pdf_furniture import drop_furniture
from ingestion.parsers.pdf_layout import Row, rows_of
from ingestion.parsers.pdf_outline import read_outline
from ingestion.parsers.pdf_paragraphs import drafts_of
from ingestion.ports import Advance
from ingestion.records import PLAIN, Document, ParseOptions

# PDFium is not safe to call from two threads.
_PDFIUM = threading.Lock()


def parse_pdf(
    content: bytes,
    name: str,
    options: ParseOptions = PLAIN,
    advance: Advance = lambda _share: None,
) -> Document:
    """Return the document in a PDF.

    Two columns are read one after the other; running headers, footers and page numbers are
    left out. Pages are read one by one and closed, so memory follows the text, not the file's
    images. A document with an owner password only opens without it.
    Raises PasswordRequired, BrokenDocument, EmptyDocument (a scan without a text layer).
    """
    with _PDFIUM:
        pages, heights, warnings = _read(content, options.password, advance)
    if not any(pages):
        raise EmptyDocument(
            "The PDF has no text layer; it may be a scan. Run OCR on it and upload the result."
        )
    drafts = drafts_of(drop_furniture(pages, heights), outline := read_outline(content))
    return build_document(
        drafts,
        name=name,
        media_type=media.PDF,
        title=outline.title,
        page_count=len(pages),
        warnings=warnings,
    )


def _read(
    content: bytes, password: str, advance: Advance
) -> tuple[list[list[Row]], list[float], list[str]]:
    """Return the rows and the height of each page, and what is wrong with some."""
    document = _opened(content, password)
    pages: list[list[Row]] = []
    heights: list[float] = []
    broken: list[int] = []
    hidden: list[HiddenText] = []
    scanned: list[int] = []
    try:
        for index in range(len(document)):
            try:
                page = read_page(document, index)
            except pdfium.PdfiumError:
                broken.append(index + 1)
                pages.append([])
                heights.append(0.0)
                continue
            pages.append(rows_of(page, index + 1))
            heights.append(page.height)
            hidden += page.hidden
            if page.scan_layer:
                scanned.append(index + 1)
            advance((index + 1) / len(document))
    finally:
        document.close()
    blank = [number for number, rows in enumerate(pages, 1) if not rows and number not in broken]
    return (
        pages,
        heights,
        [
            *page_warnings("Pages that could not be read", broken),
            *page_warnings("Pages that have no text layer", blank),
            *page_warnings("Pages whose text is an invisible layer over a scan", scanned),
            *hidden_warnings(hidden),
        ],
    )


def _opened(content: bytes, password: str) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(content, password or None)
    except pdfium.PdfiumError as exc:
        if exc.err_code == raw.FPDF_ERR_PASSWORD:
            raise PasswordRequired from exc
        raise BrokenDocument(media.PDF, "its structure is damaged or it has no pages") from exc
