"""DOC and PPT: turned into DOCX and PPTX by LibreOffice, then read as those."""

from dataclasses import replace

from ingestion import media
from ingestion.conversion import convert
from ingestion.parsers.docx import parse_docx
from ingestion.parsers.pptx import parse_pptx
from ingestion.ports import Advance
from ingestion.records import PLAIN, Document, ParseOptions


def parse_doc(
    content: bytes,
    name: str,
    options: ParseOptions = PLAIN,
    advance: Advance = lambda _share: None,
) -> Document:
    """Return the document in an old Word file.

    Raises UnsupportedMedia where LibreOffice is not installed, ParserFailed where it takes too
    long, BrokenDocument, EmptyDocument or DocumentTooLarge.
    """
    word = convert(content, media.DOC)
    return replace(parse_docx(word, name, options, advance), media_type=media.DOC)


def parse_ppt(
    content: bytes,
    name: str,
    options: ParseOptions = PLAIN,
    advance: Advance = lambda _share: None,
) -> Document:
    """Return the document in an old PowerPoint file. Raises as `parse_doc` does."""
    deck = convert(content, media.PPT)
    return replace(parse_pptx(deck, name, options, advance), media_type=media.PPT)
