"""From a file's bytes to a `Document`."""

from importlib import import_module
from importlib.util import find_spec
from typing import cast

from ingestion import media
from ingestion.errors import (
    BrokenDocument,
    DocumentTooLarge,
    EmptyDocument,
    MissingExtra,
    PasswordRequired,
    UnsupportedMedia,
)
from ingestion.ports import Advance, PagedParser, Parser
from ingestion.records import PLAIN, Document, ParseOptions

SUPPORTED = "PDF, DOCX, PPTX, XLSX, ODT, EPUB, EML, HTML, Markdown, CSV and plain text"
LARGEST_BYTES = 512 * 1024 * 1024
# The stream in which Office keeps a document that has a password, as OLE spells names.
_ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")
# Module in ingestion.parsers, function in it, the extra that its packages come with.
_PARSERS = {
    media.PDF: ("pdf", "parse_pdf", ""),
    media.DOCX: ("docx", "parse_docx", "office"),
    media.PPTX: ("pptx", "parse_pptx", "office"),
    media.XLSX: ("xlsx", "parse_xlsx", "office"),
    media.ODT: ("odt", "parse_odt", ""),
    media.EPUB: ("epub", "parse_epub", ""),
    media.EMAIL: ("email_message", "parse_eml", ""),
    media.HTML: ("html", "parse_html", ""),
    media.MARKDOWN: ("markdown", "parse_markdown", ""),
    media.CSV: ("text", "parse_csv", ""),
    media.TEXT: ("text", "parse_text", ""),
}
# What a parser of an extra imports, by its module.
_PACKAGES = {"docx": "docx", "pptx": "pptx", "xlsx": "python_calamine"}
# Their parsers take options and tell how far they are.
_PAGED = frozenset((media.PDF,))
_ADVICE = {
    media.OLE: "Save it in the current format (DOCX, PPTX, XLSX) or as PDF.",
    media.RTF: "Save it as DOCX or PDF.",
    media.ZIP: "Unpack it and upload the files.",
}


def check_supported(content: bytes, name: str) -> str:
    """Return the media type of a file that this installation can read, without reading it.

    Cheap: looks at the bytes' signature, never imports a parser. Raises EmptyDocument,
    UnsupportedMedia or MissingExtra, as `parse` would.
    """
    if not content.strip():
        raise EmptyDocument("The file is empty.")
    media_type = media.sniff(content, name)
    if media_type == media.OLE and _ENCRYPTED_OFFICE in content:
        # What `parse` asks a password for.
        return media_type
    if media_type not in _PARSERS:
        advice = _ADVICE.get(media_type, "")
        raise UnsupportedMedia(media_type, f"Supported are {SUPPORTED}. {advice}".strip())
    module, _, extra = _PARSERS[media_type]
    if extra and find_spec(_PACKAGES[module]) is None:
        raise MissingExtra(extra, f"Reading {module.upper()}")
    return media_type


def parse(
    content: bytes,
    name: str,
    options: ParseOptions = PLAIN,
    advance: Advance = lambda _share: None,
) -> Document:
    """Return the document in the bytes of one file.

    name: the file's name; it breaks ties between kinds of text and is the title of last resort.
    advance: told how far a file of pages is read.
    Raises EmptyDocument, UnsupportedMedia, BrokenDocument, PasswordRequired, WrongPassword,
    DocumentTooLarge, or MissingExtra.
    """
    if len(content) > LARGEST_BYTES:
        raise DocumentTooLarge(len(content), LARGEST_BYTES)
    media_type = check_supported(content, name)
    if media_type == media.OLE:
        content = _unlocked(content, options.password)
        media_type = check_supported(content, name)
        if media_type == media.OLE:
            raise BrokenDocument(media_type, "it is locked within a locked file")
    found = _parser(media_type)
    if media_type in _PAGED:
        return cast(PagedParser, found)(content, name, options, advance)
    return cast(Parser, found)(content, name)


def _unlocked(content: bytes, password: str) -> bytes:
    """Return the package in a locked Office file."""
    if not password:
        raise PasswordRequired(takes_password=True)
    try:
        unlock = import_module("ingestion.parsers.locked_office").unlock_office
    except ModuleNotFoundError as exc:
        raise MissingExtra("office", "Opening a locked Office file") from exc
    return cast(bytes, unlock(content, password))


def _parser(media_type: str) -> object:
    """Import only the parser that is needed: the packages of an extra may not be there."""
    module, function, extra = _PARSERS[media_type]
    try:
        found = import_module(f"ingestion.parsers.{module}")
    except ModuleNotFoundError as exc:
        if not extra:
            raise
        raise MissingExtra(extra, f"Reading {module.upper()}") from exc
    parser: object = getattr(found, function)
    return parser
