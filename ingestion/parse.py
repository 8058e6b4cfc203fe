"""From a file's bytes to a `Document`."""

from importlib import import_module
from importlib.util import find_spec
from typing import cast

from ingestion import media
from ingestion.conversion import find_libreoffice, missing_libreoffice
from ingestion.errors import (
    BrokenDocument,
    DocumentTooLarge,
    EmptyDocument,
    MissingExtra,
    PasswordRequired,
    UnsupportedMedia,
    WrongPassword,
)
from ingestion.ports import Advance, PagedParser, Parser
from ingestion.records import PLAIN, Document, ParseOptions

SUPPORTED = (
    "PDF, DOCX, PPTX, XLSX, DOC, PPT, XLS, XLSB, RTF, ODT, ODS, ODP, EPUB, EML, MHTML, HTML, "
    "Markdown, CSV, plain text, and images (PNG, JPEG, TIFF, WebP, BMP, GIF)"
)
LARGEST_BYTES = 512 * 1024 * 1024
# Module in ingestion.parsers, function in it, the extra that its packages come with.
_PARSERS = {
    media.PDF: ("pdf.document", "parse_pdf", ""),
    media.DOCX: ("docx", "parse_docx", "office"),
    media.PPTX: ("pptx", "parse_pptx", "office"),
    media.XLSX: ("xlsx", "parse_xlsx", "office"),
    media.XLSB: ("xls", "parse_xlsb", "office"),
    media.XLS: ("xls", "parse_xls", "office"),
    media.DOC: ("libreoffice", "parse_doc", "office"),
    media.PPT: ("libreoffice", "parse_ppt", "office"),
    media.RTF: ("rtf", "parse_rtf", ""),
    media.ODT: ("odt", "parse_odt", ""),
    media.ODS: ("opendocument", "parse_ods", ""),
    media.ODP: ("opendocument", "parse_odp", ""),
    media.EPUB: ("epub", "parse_epub", ""),
    media.EMAIL: ("email_message", "parse_eml", ""),
    media.HTML: ("html", "parse_html", ""),
    media.MARKDOWN: ("markdown", "parse_markdown", ""),
    media.CSV: ("text", "parse_csv", ""),
    media.TEXT: ("text", "parse_text", ""),
    **dict.fromkeys(media.IMAGES, ("image", "parse_image", "ocr")),
}
# What a parser of an extra imports, by its function.
_PACKAGES = {
    "parse_docx": "docx",
    "parse_pptx": "pptx",
    "parse_xlsx": "python_calamine",
    "parse_xlsb": "python_calamine",
    "parse_xls": "python_calamine",
    "parse_doc": "docx",
    "parse_ppt": "pptx",
    "parse_image": "rapidocr",
}
_CONVERTED = frozenset((media.DOC, media.PPT))
# Their parsers take options and tell how far they are.
_PAGED = frozenset((media.PDF, media.DOCX, media.PPTX, media.DOC, media.PPT, *media.IMAGES))
_ADVICE = {
    media.OLE: "Save it in the current format (DOCX, PPTX, XLSX) or as PDF.",
    media.XML: "Save it as DOCX, XLSX, PPTX or PDF.",
    media.OUTLOOK: "Save the message as EML.",
    media.ZIP: "Unpack it and upload the files.",
    media.OFD: "Save it as PDF.",
    media.IWORK: "Export it as DOCX, PPTX, XLSX or PDF.",
    "application/vnd.ms-htmlhelp": "Unpack it and upload the HTML pages.",
    "application/x-mobi": "Convert it to EPUB.",
    "application/postscript": "Convert it to PDF.",
    "image/vnd.djvu": "Convert it to PDF.",
}
_ARCHIVES = frozenset(
    f"application/{kind}" for kind in "gzip x-bzip2 x-xz zstd x-7z-compressed vnd.rar x-tar".split()
)
_ADVICE |= dict.fromkeys(_ARCHIVES, "Unpack it and upload the files.")
# For kinds without advice of their own, by the first half of their type.
_ADVICE_FOR_ALL = {
    "image": "Put its text into a document, or save it as PDF.",
    "audio": "Upload a transcript.",
    "video": "Upload a transcript.",
}


def check_supported(content: bytes, name: str) -> str:
    """Return the media type of a file that this installation can read, without reading it.

    Cheap: looks at the bytes' signature, never imports a parser. Raises EmptyDocument,
    UnsupportedMedia or MissingExtra, as `parse` would.
    """
    if not content.strip():
        raise EmptyDocument("The file is empty.")
    media_type = media.sniff(content, name)
    if media_type == media.LOCKED_OFFICE:
        # What `parse` asks a password for.
        return media_type
    if media_type not in _PARSERS:
        advice = _ADVICE.get(media_type) or _ADVICE_FOR_ALL.get(media_type.split("/")[0], "")
        raise UnsupportedMedia(media_type, f"Supported are {SUPPORTED}. {advice}".strip())
    _, function, extra = _PARSERS[media_type]
    if extra and find_spec(_PACKAGES[function]) is None:
        raise MissingExtra(extra, _reading(function))
    if media_type in _CONVERTED and find_libreoffice() is None:
        raise missing_libreoffice(media_type)
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
    if media_type == media.LOCKED_OFFICE:
        content = _unlocked(content, options.password)
        media_type = check_supported(content, name)
        if media_type == media.LOCKED_OFFICE:
            raise BrokenDocument(media_type, "it is locked within a locked file")
    found = _parser(media_type)
    if media_type in _PAGED:
        return cast(PagedParser, found)(content, name, options, advance)
    return cast(Parser, found)(content, name)


def _unlocked(content: bytes, password: str) -> bytes:
    """Return what is in a locked Office file."""
    try:
        locked_office = import_module("ingestion.parsers.locked_office")
    except ModuleNotFoundError as exc:
        if not password:
            raise PasswordRequired(takes_password=True) from exc
        raise MissingExtra("office", "Opening a locked Office file") from exc
    try:
        return cast(
            bytes,
            locked_office.unlock_office(content, password or locked_office.DEFAULT_PASSWORD),
        )
    except (WrongPassword, BrokenDocument) as exc:
        if not password:
            raise PasswordRequired(takes_password=True) from exc
        raise


def _parser(media_type: str) -> object:
    """Import only the parser that is needed: the packages of an extra may not be there."""
    module, function, extra = _PARSERS[media_type]
    try:
        found = import_module(f"ingestion.parsers.{module}")
    except ModuleNotFoundError as exc:
        if not extra:
            raise
        raise MissingExtra(extra, _reading(function)) from exc
    parser: object = getattr(found, function)
    return parser


def _reading(function: str) -> str:
    return f"Reading {function.removeprefix('parse_').upper()}"
