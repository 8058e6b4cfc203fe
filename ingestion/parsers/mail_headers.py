"""What the headers of a message say, in whatever way they were encoded."""

import base64
import binascii
import quopri
import re
from collections.abc import Sequence
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import Compat32

from ingestion import encodings, media
from ingestion.errors import BrokenDocument

LARGEST_HEADER = 4_000
"""Characters of one header that are read; what comes after is an endless list of receivers."""
LARGEST_HEADERS = 1 << 20
"""Bytes that the headers of one part may have."""

# Surrogates that stand for no byte: a file name's own charset may make them.
_FOREIGN_SURROGATES = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_HEADERS = re.compile(rb"(?:(?:From |[!-9;-~]*:|[\t ])[^\n]*\n?)*")
_BLANK_LINE = re.compile(rb"\r?\n")
_ENCODED_WORD = re.compile(r"=\?([^?*\s]+)(?:\*[^?]*)?\?([bq])\?([^?]*)\?=", re.I)
_ENCODED_RUN = re.compile(f"(?:{_ENCODED_WORD.pattern})+", re.I)
_BETWEEN_ENCODED = re.compile(r"(?<=\?=)\s+(?==\?)")


class _Bounded(Compat32):
    """Headers as they stand, cut to a length.

    The default policy parses each header by its grammar, which takes time that grows with the
    square of the length and raises on some malformed ones.
    """

    def header_source_parse(self, sourcelines: Sequence[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(list(sourcelines))
        return name, value[:LARGEST_HEADER]

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


def split_message(content: bytes) -> tuple[Message, bytes]:
    """Return the headers of a message or part, and its body as it was sent.

    Raises BrokenDocument where the headers have more than LARGEST_HEADERS bytes.
    """
    found = _HEADERS.match(content)
    end = found.end() if found else 0
    if end > LARGEST_HEADERS:
        raise BrokenDocument(media.EMAIL, f"its headers have over {LARGEST_HEADERS} bytes")
    headers = BytesHeaderParser(policy=_Bounded()).parsebytes(content[:end])
    # What follows a bare carriage return is no header to the parser.
    stray = raw_bytes(str(headers.get_payload()))
    # A line that is no header begins the body, blank line or not.
    blank = _BLANK_LINE.match(content, end)
    return headers, stray + content[blank.end() if blank else end :]


def header_text(headers: Message, name: str) -> str:
    """Return the first header of that name on one line, '' where there is none."""
    value = next((raw for key, raw in headers.raw_items() if key.lower() == name), "")
    return decoded_words(value)


def decoded_words(raw: str) -> str:
    """Return a header's value with its encoded words (RFC 2047) read, on one line.

    raw: with bytes beyond ASCII as surrogates; they are decoded as they look.
    """
    text = encodings.decode(raw_bytes(raw))[0]
    text = _ENCODED_RUN.sub(_decoded_run, _BETWEEN_ENCODED.sub("", text))
    return " ".join(text.split())


def raw_bytes(raw: str) -> bytes:
    """Return the bytes of text in which surrogates stand for the bytes beyond ASCII."""
    return _FOREIGN_SURROGATES.sub("\ufffd", raw).encode("utf-8", "surrogateescape")


def _decoded_run(run: re.Match[str]) -> str:
    """Decode words that touch. Many senders cut a character in two between them."""
    joined: list[tuple[str, bytes]] = []
    for charset, encoding, text in _ENCODED_WORD.findall(run[0]):
        content = _word_bytes(encoding.lower(), text.encode())
        if joined and joined[-1][0] == charset.lower():
            content = joined.pop()[1] + content
        joined.append((charset.lower(), content))
    return "".join(encodings.decode_as(content, charset)[0] for charset, content in joined)


def _word_bytes(encoding: str, text: bytes) -> bytes:
    if encoding == "q":
        return quopri.decodestring(text, header=True)
    try:
        return base64.b64decode(text + b"===")
    except binascii.Error:
        return text
