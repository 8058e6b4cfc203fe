"""E-mail (EML): the subject, who wrote to whom and when, the text, and messages within it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import Message
from itertools import groupby

from ingestion import media
from ingestion.builder import DraftBlock, build_document, normalise
from ingestion.errors import EmptyDocument
from ingestion.parsers.hidden_text import HiddenText, hidden_warnings
from ingestion.parsers.html import decode_page, fragment_drafts
from ingestion.parsers.mail_headers import decoded_words, header_text, raw_bytes, split_message
from ingestion.parsers.text import text_drafts
from ingestion.records import BlockKind, Document

DEEPEST = 20
"""Parts within each other that are read."""
MOST_PARTS = 1000
"""Parts of one message that are read."""

_SHOWN_HEADERS = ("From", "To", "Cc", "Date")
_NAMED_ATTACHMENTS = 20
_QUOTE = re.compile(r"[ ]?((?:>[ ]?)+)")
_SIGNATURES = frozenset(
    ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature")
)
_ENCRYPTED = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime"))
_BODIES = ("text/plain", "text/html")


def parse_eml(content: bytes, name: str) -> Document:
    """Return the document in an e-mail. Attachments are named in a warning and not read.

    The subject is the title and the first heading; a message within the message is a section of
    its own. Text is read as plain text where it comes in several forms. Raises EmptyDocument, or
    BrokenDocument where headers are beyond all bounds.
    """
    headers, body = split_message(content)
    mail = _Mail()
    drafts = list(mail.message(headers, body, 0))
    return build_document(
        drafts,
        name=name,
        media_type=media.EMAIL,
        title=header_text(headers, "subject"),
        warnings=mail.warnings(),
    )


class _Mail:
    """One walk over a message's parts, which notes what it leaves out."""

    def __init__(self) -> None:
        self._parts = 0
        self._attachments: list[str] = []
        self._notes: dict[str, None] = {}
        self._hidden: list[HiddenText] = []

    def warnings(self) -> Iterator[str]:
        """Yield what a reader should know of the parts that were walked."""
        if self._attachments:
            names = ", ".join(self._attachments[:_NAMED_ATTACHMENTS])
            more = len(self._attachments) - _NAMED_ATTACHMENTS
            names += f" and {more} more" if more > 0 else ""
            yield f"Attachments are not read: {names}."
        yield from self._notes
        yield from hidden_warnings(self._hidden)

    def message(self, headers: Message, body: bytes, depth: int) -> Iterator[DraftBlock]:
        """Yield a message's subject, its headers as one paragraph, and its text.

        depth: how many parts it stands in. The headings of its text go below its subject.
        """
        shown = [(name, header_text(headers, name.lower())) for name in _SHOWN_HEADERS]
        subject = header_text(headers, "subject") or ("Message" if depth else "")
        if subject:
            yield DraftBlock(BlockKind.HEADING, subject, 1)
        yield DraftBlock(
            BlockKind.PARAGRAPH, "\n".join(f"{name}: {value}" for name, value in shown if value)
        )
        for draft in self._part(headers, body, depth):
            lower = draft.level + bool(subject) if draft.kind is BlockKind.HEADING else 0
            yield replace(draft, level=lower)

    def _part(self, headers: Message, body: bytes, depth: int) -> Iterator[DraftBlock]:
        self._parts += 1
        if depth > DEEPEST or self._parts > MOST_PARTS:
            self._notes["Some parts are not read: they are too many or nested too deeply."] = None
            return
        kind = headers.get_content_type()
        if kind.startswith("multipart/"):
            yield from self._multipart(headers, body, depth)
        elif kind == media.EMAIL:
            yield from self.message(*split_message(_payload(headers, body)), depth + 1)
        elif kind in _ENCRYPTED:
            self._notes["The message is encrypted; only its headers are read."] = None
        elif kind in _BODIES and not _file_name(headers):
            yield from self._text(headers, _payload(headers, body))
        elif kind not in _SIGNATURES:
            self._attachments.append(_file_name(headers) or kind)

    def _multipart(self, headers: Message, body: bytes, depth: int) -> Iterator[DraftBlock]:
        kind = headers.get_content_type()
        parts = [split_message(part) for part in _divided(headers, body)]
        if kind == "multipart/encrypted":
            self._notes["The message is encrypted; only its headers are read."] = None
        elif kind == "multipart/alternative":
            yield from self._first_form(parts, depth)
        else:
            for inner, content in parts:
                if kind == "multipart/digest":
                    inner.set_default_type(media.EMAIL)
                yield from self._part(inner, content, depth + 1)

    def _first_form(self, parts: list[tuple[Message, bytes]], depth: int) -> Iterator[DraftBlock]:
        """Yield the first of several forms of one text that has words, plain text before others."""
        parts.sort(key=lambda part: part[0].get_content_type() != "text/plain")
        # All are walked: one form may carry attachments that the others lack.
        forms = [list(self._part(headers, body, depth + 1)) for headers, body in parts]
        yield from next((form for form in forms if any(it.text.strip() for it in form)), [])

    def _text(self, headers: Message, content: bytes) -> list[DraftBlock]:
        charset = _parameter(headers, "charset")
        is_page = headers.get_content_type() == "text/html"
        undeclared = decode_page if is_page else media.decode
        text, problems = media.decode_as(content, charset) if charset else undeclared(content)
        self._notes |= dict.fromkeys(problems)
        if not is_page:
            return list(_plain_drafts(text))
        try:
            drafts, hidden = fragment_drafts(text)
        except EmptyDocument:
            return []
        self._hidden += hidden
        return drafts


def _plain_drafts(text: str) -> Iterator[DraftBlock]:
    """Yield the drafts of a plain body. Quoted history keeps its marks, one at each paragraph."""
    for marks, lines in groupby(map(_unquoted, normalise(text).split("\n")), key=lambda it: it[0]):
        for draft in text_drafts("\n".join(line for _, line in lines)):
            if not marks:
                yield draft
            else:
                yield DraftBlock(BlockKind.PARAGRAPH, f"{marks} {draft.text}")


def _unquoted(line: str) -> tuple[str, str]:
    quote = _QUOTE.match(line)
    return (">" * quote[1].count(">"), line[quote.end() :]) if quote else ("", line)


def _payload(headers: Message, body: bytes) -> bytes:
    """Return a part's content with its transfer encoding undone."""
    headers.set_payload(body.decode("ascii", "surrogateescape"))
    content = headers.get_payload(decode=True)
    return content if isinstance(content, bytes) else body


def _divided(headers: Message, body: bytes) -> list[bytes]:
    """Return the parts between the boundaries of a multipart body; the body where it has none."""
    boundary = raw_bytes(_parameter(headers, "boundary"))
    line = re.compile(rb"^--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r\n|\r|\n|\Z)", re.M)
    marks = [mark for mark, _ in zip(line.finditer(body), range(MOST_PARTS + 2), strict=False)]
    last = next((i for i, mark in enumerate(marks) if mark[1]), len(marks))
    ends = [mark.start() for mark in marks[1:]] + [len(body)]
    parts = [body[mark.end() : end] for mark, end in zip(marks, ends, strict=False)][:last]
    return parts if boundary and parts else [b"\n" + body]


def _parameter(headers: Message, name: str) -> str:
    """Return a parameter of the content type, '' where it is missing."""
    value = headers.get_param(name, "")
    # RFC 2231 gives charset, language and text.
    return str(value[2] if isinstance(value, tuple) else value).strip()


def _file_name(headers: Message) -> str:
    try:
        name = decoded_words(headers.get_filename() or "")
    except ValueError:
        # The name's charset is one of Python's own notations, or no name at all.
        name = "unnamed"
    return name or ("unnamed" if headers.get_content_disposition() == "attachment" else "")
