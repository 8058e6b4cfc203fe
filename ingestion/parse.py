"""From a file's bytes to a `Document`."""

from ingestion import media
from ingestion.errors import (
    DocumentTooLarge,
    EmptyDocument,
    MissingExtra,
    PasswordRequired,
    UnsupportedMedia,
)
from ingestion.ports import Parser
from ingestion.records import Document

SUPPORTED = "PDF, DOCX, ODT, EPUB, EML, HTML, Markdown, CSV and plain text"
LARGEST_BYTES = 512 * 1024 * 1024
# The stream in which Office keeps a document that has a password, as OLE spells names.
_ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")
_ADVICE = {
    media.OLE: "Save it in the current format (DOCX) or as PDF.",
    media.RTF: "Save it as DOCX or PDF.",
    media.ZIP: "Unpack it and upload the files.",
}


def parse(content: bytes, name: str) -> Document:
    """Return the document in the bytes of one file.

    name: the file's name; it breaks ties between kinds of text and is the title of last resort.
    Raises EmptyDocument, UnsupportedMedia, BrokenDocument, PasswordRequired, DocumentTooLarge,
    or MissingExtra.
    """
    if len(content) > LARGEST_BYTES:
        raise DocumentTooLarge(len(content), LARGEST_BYTES)
    if not content.strip():
        raise EmptyDocument("The file is empty.")
    media_type = media.sniff(content, name)
    if media_type == media.OLE and _ENCRYPTED_OFFICE in content:
        raise PasswordRequired
    return _parser(media_type)(content, name)


def _parser(media_type: str) -> Parser:
    match media_type:
        case media.PDF:
            from ingestion.parsers.pdf import parse_pdf

            return parse_pdf
        case media.DOCX:
            try:
                from ingestion.parsers.docx import parse_docx
            except ModuleNotFoundError as exc:
                raise MissingExtra("office", "Reading DOCX") from exc
            return parse_docx
        case media.ODT:
            from ingestion.parsers.odt import parse_odt

            return parse_odt
        case media.EPUB:
            from ingestion.parsers.epub import parse_epub

            return parse_epub
        case media.EMAIL:
            from ingestion.parsers.email_message import parse_eml

            return parse_eml
        case media.HTML:
            from ingestion.parsers.html import parse_html

            return parse_html
        case media.MARKDOWN:
            from ingestion.parsers.markdown import parse_markdown

            return parse_markdown
        case media.CSV:
            from ingestion.parsers.text import parse_csv

            return parse_csv
        case media.TEXT:
            from ingestion.parsers.text import parse_text

            return parse_text
        case _:
            advice = _ADVICE.get(media_type, "")
            raise UnsupportedMedia(media_type, f"Supported are {SUPPORTED}. {advice}".strip())
