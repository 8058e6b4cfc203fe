"""What the bytes are: their media type, and the text in them where they are text."""

import codecs
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePath

from charset_normalizer import from_bytes

from ingestion.zip_directory import open_zip

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EPUB = "application/epub+zip"
ODT = "application/vnd.oasis.opendocument.text"
OLE = "application/x-ole-storage"
ZIP = "application/zip"
RTF = "application/rtf"
EMAIL = "message/rfc822"
XML = "application/xml"
HTML = "text/html"
MARKDOWN = "text/markdown"
CSV = "text/csv"
TEXT = "text/plain"
BINARY = "application/octet-stream"

_SIGNATURES = (
    (b"{\\rtf", RTF),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x7fELF", "application/x-executable"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"OggS", "application/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"RIFF", "application/x-riff"),
)
_ZIP_PARTS = (("word/", DOCX), ("ppt/", PPTX), ("xl/", XLSX))
_EPUB_CONTAINER = "META-INF/container.xml"
_ZIP_MIMETYPES = {EPUB.encode(): EPUB, ODT.encode(): ODT}
_TEXT_SUFFIXES = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".csv": CSV,
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
_XML_START = re.compile(r"\s*<\?xml\b", re.I)
_EMAIL_START = re.compile(r"(?:[A-Za-z][A-Za-z0-9-]*:(?:[ \t][^\n]*)?\n(?:[ \t][^\n]*\n)*){2,}")
_EMAIL_HEADERS = re.compile(r"^(?:mime-version|received|message-id|return-path):", re.I | re.M)

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What a declared charset really is, where it has a larger successor: by Python's names.
_SUCCESSORS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-1": "cp1252",
}
# Python's own notations, no charsets; some take time that grows with the square of the text.
_NO_CHARSETS = frozenset("idna punycode raw-unicode-escape undefined unicode-escape".split())
_WIDE_ENCODINGS = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
_NARROW_ENCODINGS = ("gb18030", "big5hkscs", "cp932", "cp1252")
_DOUBLE_BYTE = frozenset(("gb18030", "big5hkscs", "cp932"))
_RESYNCHRONISE = "youju-resynchronise"
_LONGEST_RUN = 200
_SAMPLE_BYTES = 1 << 16
_PLAUSIBLE = 0.55
_DAMAGED_UTF8 = 0.02
# The most frequent characters of written Chinese, simplified and traditional. Text read in the
# wrong encoding is full of rare ones, so the share of these tells the right reading.
_FREQUENT = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种"
    "面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本"
    "去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比"
    "或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员位入常文总次"
    "品式活设及管特件长求基资流路级少统接知较将组见计别角期根论运农指区强放决西被做必先回则任取据处理府给"
    "保治北造规报告市场务院收税费应当单位依照规定负责证券交易合同责任纳人额率计算免征机关登记企业财产权利"
    "這個為來們時說國會學對發經過還後動樣麼現實開問題關與無種電話長東車門見點當體應義從將員實業兩內裡並"
    "進間過點數據網路說明書訊產價區員總統選舉軍隊戰爭歷史運動藝術語言歐洲貢獻發展"
)
_CJK_MARKS = frozenset("，。、；：？！“”‘’（）《》【】「」『』—…·％　")


def sniff(content: bytes, name: str) -> str:
    """Return the media type that the bytes show.

    The name decides only between kinds of text (.md, .html, .csv); a lying extension is not
    believed. Text of no special kind is `text/plain`, anything else
    `application/octet-stream`.
    """
    if b"%PDF-" in content[:1024]:
        return PDF
    if content.startswith(b"PK\x03\x04"):
        return _zip_kind(content)
    for signature, media_type in _SIGNATURES:
        if content.startswith(signature):
            return media_type
    sample = content[:_SAMPLE_BYTES]
    if _is_binary(sample):
        return BINARY
    return _text_kind(decode(sample)[0], name)


def decode(content: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the text of the bytes, and a warning where some of them did not decode.

    Knows UTF-8, UTF-16 and UTF-32 with and without a byte order mark, GB18030 (with GBK and
    GB2312), Big5, Shift-JIS and Windows-1252; asks charset-normalizer about others. Never
    raises: what cannot be read becomes U+FFFD.
    """
    encoding = encoding_of(content)
    if encoding in _WIDE_ENCODINGS or encoding in ("utf-16", "utf-32"):
        # A byte cut off at the end is no character.
        content = content[: len(content) - len(content) % (4 if "32" in encoding else 2)]
    errors = _RESYNCHRONISE if encoding in _DOUBLE_BYTE else "replace"
    text = content.decode(encoding, errors).removeprefix("\ufeff")
    lost = text.count("\ufffd")
    if not lost:
        return text, ()
    return text, (f"{lost} places could not be decoded as {encoding}.",)


def decode_as(content: bytes, label: str) -> tuple[str, tuple[str, ...]]:
    """Return the text of bytes that are declared to be in a charset, and warnings.

    label: the charset's name on the web or in mail; where it is unknown or the bytes do not obey
    it, they are decoded as they look. Never raises.
    """
    try:
        codec = codecs.lookup(label.strip()).name
        if codec not in _NO_CHARSETS:
            return content.decode(_SUCCESSORS.get(codec, codec)).removeprefix("\ufeff"), ()
    except (ValueError, LookupError):
        # The declaration is wrong: look at the bytes.
        return decode(content)
    return decode(content)


def encoding_of(content: bytes) -> str:
    """Return the name of the codec that reads the bytes best."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return encoding
    sample = content[:_SAMPLE_BYTES]
    if 0 not in sample and _is_utf8(content):
        return "utf-8"
    candidates = _NARROW_ENCODINGS if 0 not in sample else ()
    scores = {encoding: _plausibility(sample, encoding) for encoding in _wide(sample)}
    scores |= {encoding: _plausibility(sample, encoding) for encoding in candidates}
    best = max(scores, key=lambda encoding: scores[encoding], default="utf-8")
    if scores.get(best, 0) >= _PLAUSIBLE:
        return best
    guess = from_bytes(sample).best()
    return guess.encoding if guess else best


def _resynchronise(error: UnicodeError) -> tuple[str, int]:
    """Replace a damaged character of a double-byte encoding, and find where the next one starts.

    A lost byte shifts all pairs after it up to the next ASCII byte, so both shifts are tried
    and the one that makes ordinary text wins.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    content, start = error.object, error.start
    end = start + 1
    while end < min(len(content), start + _LONGEST_RUN) and content[end] >= 0x30:
        end += 1
    shifts = [at for at in (start + 1, start + 2) if at <= end] or [start + 1]
    return "\ufffd", max(shifts, key=lambda at: _plausibility(content[at:end], error.encoding))


codecs.register_error(_RESYNCHRONISE, _resynchronise)


def _zip_kind(content: bytes) -> str:
    try:
        with open_zip(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if "mimetype" in names:
                with archive.open("mimetype") as member:
                    return _ZIP_MIMETYPES.get(member.read(100).strip(), ZIP)
    except UNREADABLE_ZIP:
        # Damaged: local headers still name the parts.
        for mimetype, media_type in _ZIP_MIMETYPES.items():
            if b"mimetype" + mimetype in content[:200]:
                return media_type
        names = [part for part, _ in _ZIP_PARTS if part.encode() in content]
    for part, media_type in _ZIP_PARTS:
        if any(member.startswith(part) for member in names):
            return media_type
    return EPUB if _EPUB_CONTAINER in names else ZIP


def _is_binary(sample: bytes) -> bool:
    if any(sample.startswith(mark) for mark, _ in _BOMS):
        return False
    if 0 in sample:
        return max(_plausibility(sample, encoding) for encoding in _WIDE_ENCODINGS) < _PLAUSIBLE
    control = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in sample)
    return control > len(sample) // 20


def _text_kind(text: str, name: str) -> str:
    head = text[:4096]
    if _HTML_START.match(head):
        return HTML
    if _XML_START.match(head):
        return HTML if "<html" in head.lower() else XML
    opening = _EMAIL_START.match(head.replace("\r\n", "\n"))
    if opening and _EMAIL_HEADERS.search(opening[0]):
        return EMAIL
    return _TEXT_SUFFIXES.get(PurePath(name).suffix.lower(), TEXT)


def _is_utf8(content: bytes) -> bool:
    """Return whether the bytes are UTF-8, a few damaged ones allowed among many good ones."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("utf-8", "replace")
        foreign = sum(char > "\x7f" for char in text)
        return text.count("\ufffd") <= _DAMAGED_UTF8 * foreign
    return True


def _wide(sample: bytes) -> Iterator[str]:
    """Yield the encodings of two and four bytes that the sample could be in."""
    for encoding in _WIDE_ENCODINGS:
        if len(sample) >= 4:
            yield encoding


def _plausibility(sample: bytes, encoding: str) -> float:
    """Return the share of the bytes' characters, 0 to 1, that ordinary text would have."""
    unit = 4 if "32" in encoding else 2 if "16" in encoding else 1
    text = sample[: len(sample) - len(sample) % unit].decode(encoding, "replace")
    if not text:
        return 0.0
    good = sum(_ordinary(char, text[i - 1] if i else " ") for i, char in enumerate(text))
    return max(0.0, good / len(text))


def _ordinary(char: str, before: str) -> float:
    if " " <= char <= "~" or char in "\t\n\r":
        return 1.0
    if char in _FREQUENT or char in _CJK_MARKS or "\u3041" <= char <= "\u30fe":
        return 1.0
    if "\u4e00" <= char <= "\u9fff":
        # A rare one within a Latin word is an accented letter misread.
        return 0.0 if before.isascii() and before.isalpha() else 0.4
    if "\u00c0" <= char <= "\u024f":
        # An accented letter stands in a word, not beside other accented ones.
        return 0.9 if before < "\x7f" else 0.2
    if "\u2010" <= char <= "\u203a" or char in "\u00a0£§°±«»·éäöü€":
        return 0.6
    return -1.0 if char == "\ufffd" or char < " " or "\ue000" <= char <= "\uf8ff" else 0.0
