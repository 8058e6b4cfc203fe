"""What a PDF says of itself, its title and its attachments, by pypdf."""

import io
import logging
import re
from dataclasses import dataclass
from itertools import islice

from pypdf import PdfReader
from pypdf.errors import DependencyError, PyPdfError

# It reports every oddity of a damaged file that PDFium reads without a word.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)

_MOST_ATTACHMENTS = 20
# Broken files make pypdf fail in the ways of the code it happens to be in.
FAILURES = (
    PyPdfError,
    DependencyError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
_LETTER = re.compile(r"[^\W\d_]")
# What a word processor writes when nobody gave the document a title.
_NO_TITLE = re.compile(
    r"untitled|\(?anonymous\)?$|无标题|microsoft word|document\d*$"
    r"|.*\.(?:docx?|indd|tex|dvi|pdf|pptx?|xlsx?|wps)$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Metadata:
    """title: None where none was given that means anything. attachments: names of files."""

    title: str | None = None
    attachments: tuple[str, ...] = ()


def read_metadata(content: bytes, password: str = "") -> Metadata:
    """Return what the file says of itself; nothing where pypdf can't read that.

    password: opens a locked file. The text comes from PDFium, which opens much that pypdf does
    not, so failing here must not cost the document.
    """
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not (reader.decrypt("") or reader.decrypt(password)):
            return Metadata()
        title = reader.metadata.title if reader.metadata else None
    except FAILURES:
        return Metadata()
    try:
        names = islice((item.name for item in reader.attachment_list), _MOST_ATTACHMENTS)
        attachments = tuple(" ".join(name.split()) for name in names)
    except FAILURES:
        attachments = ()
    return Metadata(_usable(title), attachments)


def _usable(title: object) -> str | None:
    text = " ".join(title.split()) if isinstance(title, str) else ""
    worded = len(_LETTER.findall(text)) > 1
    readable = worded and "\ufffd" not in text and not _NO_TITLE.match(text)
    return text if readable else None
