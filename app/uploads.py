"""Read a multipart form of files as it arrives: bounded, and never whole in memory."""

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import IO

from anyio import to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from app.errors import (
    MOST_COMPLAINTS,
    Complaint,
    EmptyFile,
    InvalidForm,
    MalformedForm,
    UnsupportedContentType,
    UploadTooLarge,
)
from app.schemas import plain_text
from ingestion.errors import DocumentTooLarge

MAX_FILES = 1000
MAX_FIELDS = 16
MAX_FIELD_BYTES = 64 * 1024
# A request may carry this many times the largest file: more than one file, yet not any amount.
REQUEST_FACTOR = 8
_SPOOL_BYTES = 2**20
_FILE_FIELD = "file"


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file as sent. `size` counts every byte that came; `content` keeps them up to the limit."""

    name: str
    size: int
    limit: int
    content: IO[bytes]

    def opened(self) -> IO[bytes]:
        """Return the file at its start. Raises EmptyFile or DocumentTooLarge."""
        if self.size == 0:
            raise EmptyFile
        if self.size > self.limit:
            raise DocumentTooLarge(self.size, self.limit)
        self.content.seek(0)
        return self.content


@dataclass(frozen=True, slots=True)
class UploadForm:
    """A read form: its files in order, and its other fields."""

    files: tuple[UploadedFile, ...]
    fields: Mapping[str, str]


@asynccontextmanager
async def read_form(request: Request, max_file_bytes: int) -> AsyncIterator[UploadForm]:
    """Give the form of a request; its files last as long as the context.

    Raises UnsupportedContentType, MalformedForm, InvalidForm, or UploadTooLarge. One file that is
    too long is not among them: it is dropped here and told by its own `read`.
    """
    limit = max_file_bytes * REQUEST_FACTOR + MAX_FIELDS * MAX_FIELD_BYTES
    declared = request.headers.get("content-length", "")
    boundary = _boundary(request.headers.get("content-type", ""))
    if declared.isdecimal() and int(declared) > limit:
        raise UploadTooLarge(limit)
    with ExitStack() as open_files:
        reader = _FormReader(boundary, max_file_bytes, open_files)
        received = 0
        async for piece in request.stream():
            received += len(piece)
            if received > limit:
                raise UploadTooLarge(limit)
            # Off the event loop: it parses, and writes to disk once a file outgrows memory.
            await to_thread.run_sync(reader.feed, piece)
        yield reader.form()


class _FormReader:
    """Collects the parts that the multipart parser reports."""

    def __init__(self, boundary: bytes, max_file_bytes: int, open_files: ExitStack) -> None:
        self._max_file_bytes = max_file_bytes
        self._open_files = open_files
        self._files: list[UploadedFile] = []
        self._fields: dict[str, str] = {}
        self._complaints: list[Complaint] = []
        self._header = b""
        self._headers: dict[bytes, bytes] = {}
        self._field = ""
        self._file_name: str | None = None
        self._value = bytearray()
        self._content: IO[bytes] | None = None
        self._size = 0
        self._complete = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_begin": self._begin_header,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._part_data,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    def feed(self, piece: bytes) -> None:
        """Read the next bytes of the body. Raises MalformedForm or InvalidForm."""
        try:
            self._parser.write(piece)
        except FormParserError as exc:
            raise MalformedForm("The multipart body cannot be read.") from exc

    def form(self) -> UploadForm:
        """Return what was read. Raises MalformedForm when the end is missing, or InvalidForm."""
        if not self._complete:
            raise MalformedForm("The multipart body ends before its last boundary.")
        if not self._files and not self._complaints:
            self._complain(_FILE_FIELD, "at least one file is needed")
        if self._complaints:
            raise InvalidForm(self._complaints)
        return UploadForm(tuple(self._files), self._fields)

    def _begin_part(self) -> None:
        self._headers = {}
        self._value = bytearray()
        self._content = None
        self._size = 0

    def _begin_header(self) -> None:
        self._header = b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end].lower()

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._headers[self._header] = self._headers.get(self._header, b"") + data[start:end]

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if b"name" not in options:
            raise MalformedForm("A part of the multipart body has no name.")
        self._field = options[b"name"].decode("utf-8", errors="replace")
        name = options.get(b"filename")
        self._file_name = None if name is None else _decoded_name(name)
        if self._file_name is not None:
            spool = tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115 (ExitStack)
            self._content = self._open_files.enter_context(spool)

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        if self._content is None:
            if self._size > MAX_FIELD_BYTES:
                message = f"may have {MAX_FIELD_BYTES} bytes at most"
                raise InvalidForm([Complaint(("body", self._field), message)])
            self._value += data[start:end]
        elif self._size <= self._max_file_bytes:
            self._content.write(data[start:end])
        else:
            # The rest is read and dropped: a client that is cut off seldom reads why.
            self._content.truncate(0)

    def _end_part(self) -> None:
        if self._content is not None and self._file_name is not None:
            self._end_file(self._file_name, self._content)
        elif self._field == _FILE_FIELD:
            self._complain(_FILE_FIELD, "must be a file with a file name")
        elif self._field in self._fields:
            self._complain(self._field, "is given twice")
        elif len(self._fields) >= MAX_FIELDS:
            raise InvalidForm([Complaint(("body",), f"has more than {MAX_FIELDS} fields")])
        else:
            self._end_field()

    def _end_file(self, name: str, content: IO[bytes]) -> None:
        if self._field != _FILE_FIELD:
            self._complain(self._field, f"is no field for files; send them as `{_FILE_FIELD}`")
        elif name or self._size:
            # Browsers send a nameless part of no bytes when no file was chosen.
            self._files.append(UploadedFile(name, self._size, self._max_file_bytes, content))
        if len(self._files) > MAX_FILES:
            raise InvalidForm([Complaint(("body", _FILE_FIELD), f"more than {MAX_FILES} files")])

    def _end_field(self) -> None:
        try:
            self._fields[self._field] = plain_text(self._value.decode("utf-8"))
        except UnicodeDecodeError:
            self._complain(self._field, "is not UTF-8")
        except ValueError as exc:
            self._complain(self._field, str(exc))

    def _end(self) -> None:
        self._complete = True

    def _complain(self, field: str, message: str) -> None:
        self._complaints.append(Complaint(("body", field), message))
        if len(self._complaints) > MOST_COMPLAINTS:
            raise InvalidForm(self._complaints)


def _boundary(content_type: str) -> bytes:
    media_type, options = parse_options_header(content_type)
    if media_type != b"multipart/form-data":
        raise UnsupportedContentType(content_type, "multipart/form-data")
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:
        raise MalformedForm("The Content-Type names no boundary of 1 to 70 characters.")
    return boundary


def _decoded_name(raw: bytes) -> str:
    """Return a file name in UTF-8, or in GB18030 as older Chinese clients send it."""
    for encoding in ("utf-8", "gb18030"):
        try:
            # Browsers write a quotation mark of a name as %22, which ends the header's own quotes.
            return raw.decode(encoding).replace("%22", '"')
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", errors="surrogateescape")
