"""DOC and PPT: turned into DOCX and PPTX by LibreOffice, then read as those."""

from dataclasses import replace

from ingestion import media
from ingestion.conversion import convert
from ingestion.parsers.docx import parse_docx
from ingestion.parsers.pptx import parse_pptx
from ingestion.records import Document


def parse_doc(content: bytes, name: str) -> Document:
    """Return the document in an old Word file.

    Raises UnsupportedMedia where LibreOffice is not installed, ParserFailed where it takes too
    long, BrokenDocument, EmptyDocument or DocumentTooLarge.
    """
    return replace(parse_docx(convert(content, media.DOC), name), media_type=media.DOC)


def parse_ppt(content: bytes, name: str) -> Document:
    """Return the document in an old PowerPoint file. Raises as `parse_doc` does."""
    return replace(parse_pptx(convert(content, media.PPT), name), media_type=media.PPT)
