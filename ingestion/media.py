"""What the bytes are: their media type, whatever the file is called."""

import io
import re
import struct
import zipfile
import zlib
from pathlib import PurePath

from ingestion.compound_file import SIGNATURE as COMPOUND
from ingestion.compound_file import CompoundFile
from ingestion.encodings import decode, looks_like_text
from ingestion.zip_directory import open_zip

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLSB = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
DOC = "application/msword"
PPT = "application/vnd.ms-powerpoint"
XLS = "application/vnd.ms-excel"
OUTLOOK = "application/vnd.ms-outlook"
OLE = "application/x-ole-storage"
LOCKED_OFFICE = "application/encrypted"
EPUB = "application/epub+zip"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
ODP = "application/vnd.oasis.opendocument.presentation"
OFD = "application/ofd"
IWORK = "application/vnd.apple.iwork"
ZIP = "application/zip"
RTF = "application/rtf"
EMAIL = "message/rfc822"
XML = "application/xml"
HTML = "text/html"
MARKDOWN = "text/markdown"
CSV = "text/csv"
TEXT = "text/plain"
PNG = "image/png"
JPEG = "image/jpeg"
GIF = "image/gif"
TIFF = "image/tiff"
WEBP = "image/webp"
BMP = "image/bmp"
IMAGES = {
    PNG: ("PNG",),
    JPEG: ("JPEG", "MPO"),
    GIF: ("GIF",),
    TIFF: ("TIFF",),
    WEBP: ("WEBP",),
    BMP: ("BMP",),
}
"""Kinds of images that are read, with Pillow's names of what may be in such a file."""
BINARY = "application/octet-stream"

_SIGNATURES = (
    (b"{\\rtf", RTF),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"II+\x00", TIFF),
    (b"MM\x00+", TIFF),
    (b"\x00\x00\x00\x0cjP  \r\n", "image/jp2"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"AT&TFORM", "image/vnd.djvu"),
    (b"%!PS", "application/postscript"),
    (b"ITSF\x03\x00", "application/vnd.ms-htmlhelp"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"PK\x05\x06", ZIP),
    (b"PK\x07\x08", ZIP),
    (b"\x7fELF", "application/x-executable"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"OggS", "application/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"\x1a\x45\xdf\xa3", "video/x-matroska"),
)
_TAR = (257, b"ustar")
_KINDLE = (60, b"BOOKMOBI")
# The kinds of RIFF, and of files made of boxes whose first is `ftyp`, by what stands at byte 8.
_RIFF = {b"WEBP": WEBP, b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BOXES = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"), "image/heic"),
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys((b"M4A ", b"M4B "), "audio/mp4"),
}
# The content type of an OOXML package's main part, by its end; templates and shows are read too.
_CONTENT_TYPES = (
    (re.compile(rb"(?:wordprocessingml|ms-word)[.\w]*\.main\+xml", re.I), DOCX),
    (re.compile(rb"(?:presentationml|ms-powerpoint)[.\w]*\.main\+xml", re.I), PPTX),
    (re.compile(rb"ms-excel\.sheet\.binary\.macroenabled\.main", re.I), XLSB),
    (re.compile(rb"(?:spreadsheetml|ms-excel)[.\w]*\.main\+xml", re.I), XLSX),
)
_LARGEST_CONTENT_TYPES = 1 << 20
_ZIP_PARTS = (("word/", DOCX), ("ppt/", PPTX), ("xl/", XLSX))
_EPUB_CONTAINER = "META-INF/container.xml"
_ZIP_MIMETYPES = {kind.encode(): kind for kind in (EPUB, ODT, ODS, ODP)}
_ZIP_MIMETYPES |= {kind.encode() + b"-template": kind for kind in (ODT, ODS, ODP)}
# By a stream at the top level of a compound file; the first that is there.
_STREAMS = (
    ("EncryptedPackage", LOCKED_OFFICE),
    ("\tDRMContent", LOCKED_OFFICE),
    ("WordDocument", DOC),
    ("PowerPoint Document", PPT),
    ("Workbook", XLS),
    ("Book", XLS),
    ("__properties_version1.0", OUTLOOK),
)
_WORD_FLAGS, _WORD_ENCRYPTED = 10, 0x0100
_BOOK_BEGINS, _WRITE_PROTECTED, _BOOK_LOCKED = 0x0809, 0x0086, 0x002F
_ENCRYPTED_SLIDES = b"\xdf\xc4\xd1\xf3"
_TEXT_SUFFIXES = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".csv": CSV,
    ".tsv": CSV,
    ".tab": CSV,
    # Programs that cannot write a workbook call a table of text one.
    ".xls": CSV,
    ".eml": EMAIL,
}
UNREADABLE_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    ValueError,
)
"""What zipfile raises on a damaged package, an unknown compression and an encrypted member."""
_HTML_START = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
# Also opens a Markdown file.
_FRAGMENT_START = re.compile(
    r"\s*(?:<!--.*?-->\s*)*<(?:meta|title|style|script|table|div|p|h1|center|font|frameset)\b[^>]*>",
    re.I | re.S,
)
_XML_START = re.compile(r"\s*<\?xml\b", re.I)
_OFFICE_XML = re.compile(r"<\?mso-application\b|<(?:office:document|w:wordDocument|pkg:package)\b")
_EMAIL_START = re.compile(r"(?:[A-Za-z][A-Za-z0-9-]*:(?:[ \t][^\n]*)?\n(?:[ \t][^\n]*\n)*){2,}")
_EMAIL_HEADERS = re.compile(r"^(?:mime-version|received|message-id|return-path):", re.I | re.M)
_PDF_HEADER = re.compile(rb"%PDF-\d")
_PDF_BODY = (b"endobj", b"startxref", b"/Root")
_JUNK_BEFORE_PDF = 1024
_SAMPLE_BYTES = 1 << 16


def sniff(content: bytes, name: str) -> str:
    """Return the media type that the bytes show.

    The name decides only between kinds of text (.md, .html, .csv); a lying extension is not
    believed. Text of no special kind is `text/plain`, anything else
    `application/octet-stream`.
    """
    if content.lstrip().startswith(b"%PDF-"):
        return PDF
    if content.startswith(b"PK\x03\x04"):
        return _zip_kind(content)
    if content.startswith(COMPOUND):
        return _compound_kind(content)
    for signature, media_type in _SIGNATURES:
        if content.startswith(signature):
            return media_type
    if _has_late_pdf_header(content):
        return PDF
    if kind := _inner_signature(content):
        return kind
    sample = content[:_SAMPLE_BYTES]
    if not looks_like_text(sample):
        return BINARY
    return _text_kind(decode(sample)[0], name)


def _has_late_pdf_header(content: bytes) -> bool:
    """Return whether junk stands before a PDF, and not a text that speaks of PDF."""
    header = _PDF_HEADER.search(content, 0, _JUNK_BEFORE_PDF)
    return header is not None and any(mark in content for mark in _PDF_BODY)


def _inner_signature(content: bytes) -> str:
    """Return the kind of a file whose signature is not at its start, '' where there is none."""
    if content.startswith(b"RIFF"):
        return _RIFF.get(content[8:12], "application/x-riff")
    if content[4:8] == b"ftyp":
        return _BOXES.get(content[8:12], "video/mp4")
    # Two bytes are no proof: they stand before the file's own size.
    if content.startswith(b"BM") and int.from_bytes(content[2:6], "little") == len(content):
        return BMP
    for (start, mark), kind in ((_TAR, "application/x-tar"), (_KINDLE, "application/x-mobi")):
        if content[start : start + len(mark)] == mark:
            return kind
    return ""


def _compound_kind(content: bytes) -> str:
    compound = CompoundFile(content)
    streams = compound.streams()
    kind = next((kind for name, kind in _STREAMS if name in streams), OLE)
    if kind == DOC:
        flags = compound.head(streams["WordDocument"])[_WORD_FLAGS : _WORD_FLAGS + 2]
        if int.from_bytes(flags, "little") & _WORD_ENCRYPTED:
            return LOCKED_OFFICE
    if (
        kind == XLS
        and "Workbook" in streams
        and _is_locked_book(compound.head(streams["Workbook"]))
    ):
        return LOCKED_OFFICE
    user = streams.get("Current User")
    if kind == PPT and user is not None and _ENCRYPTED_SLIDES in compound.head(user)[:16]:
        return LOCKED_OFFICE
    return kind


def _is_locked_book(head: bytes) -> bool:
    """Return whether a workbook begins with how it is locked (MS-XLS 2.4.117)."""
    place = 0
    for passed in (_BOOK_BEGINS, _WRITE_PROTECTED):
        record, length = struct.unpack_from("<HH", head.ljust(4, b"\0"), place)
        if record == passed and place + length + 8 <= len(head):
            place += 4 + length
    return head[place : place + 2] == _BOOK_LOCKED.to_bytes(2, "little")


def _zip_kind(content: bytes) -> str:
    try:
        with open_zip(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if "mimetype" in names:
                with archive.open("mimetype") as member:
                    return _ZIP_MIMETYPES.get(member.read(100).strip(), ZIP)
            if kind := _content_type(archive):
                return kind
    except UNREADABLE_ZIP:
        # Damaged: local headers still name the parts.
        for mimetype, media_type in _ZIP_MIMETYPES.items():
            if b"mimetype" + mimetype in content[:200]:
                return media_type
        names = [part for part, _ in _ZIP_PARTS if part.encode() in content]
    for part, media_type in _ZIP_PARTS:
        if any(member.startswith(part) for member in names):
            return XLSB if media_type == XLSX and "xl/workbook.bin" in names else media_type
    if _EPUB_CONTAINER in names:
        return EPUB
    if "OFD.xml" in names:
        return OFD
    return IWORK if "Index/Document.iwa" in names or "Index.zip" in names else ZIP


def _content_type(archive: zipfile.ZipFile) -> str:
    """Return what an OOXML package says it is, '' where it says nothing."""
    part = next((name for name in archive.namelist() if name.lower() == "[content_types].xml"), "")
    if not part:
        return ""
    with archive.open(part) as member:
        listed = member.read(_LARGEST_CONTENT_TYPES)
    return next((kind for pattern, kind in _CONTENT_TYPES if pattern.search(listed)), "")


def _text_kind(text: str, name: str) -> str:
    head = text[:4096]
    named = _TEXT_SUFFIXES.get(PurePath(name).suffix.lower(), TEXT)
    if _HTML_START.match(head):
        return HTML
    if _XML_START.match(head):
        if _OFFICE_XML.search(head):
            return XML
        return HTML if "<html" in head.lower() else TEXT
    if named != MARKDOWN and _FRAGMENT_START.match(head):
        return HTML
    opening = _EMAIL_START.match(head.replace("\r\n", "\n"))
    if opening and _EMAIL_HEADERS.search(opening[0]):
        return EMAIL
    return named
