"""The files in an uploaded ZIP archive, one in memory at a time, whatever it says of its sizes."""

import io
import re
import stat
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from ingestion import media
from ingestion.errors import (
    BrokenDocument,
    DocumentTooLarge,
    EmptyDocument,
    IngestionError,
    PasswordRequired,
    UnsupportedMedia,
    WrongPassword,
)
from ingestion.zip_directory import open_zip

MOST_FILES = 5000
LARGEST_LOCKED = 64 << 20
"""Bytes of locked members that one archive is unlocked for: that takes a second for three MB."""
_LARGEST_RATIO = 200
_RATIO_MATTERS = 64 << 20
_PIECE = 1 << 16
_LOCKED = 1
_UTF8_NAME = 0x800
_UNICODE_PATH = 0x7075
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A file of an archive: the path inside it, and its bytes or why they were not taken."""

    name: str
    content: bytes | IngestionError


def archived_files(
    file: IO[bytes], *, file_bytes: int, total_bytes: int, password: str = ""
) -> Iterator[ArchivedFile]:
    """Yield the files of a ZIP archive in its order; hidden ones and folders are left out.

    file: seekable, the caller's to close. file_bytes: the most that one file may have.
    total_bytes: the most that all may unpack to. password: opens locked members.
    Raises, before the first file, BrokenDocument, EmptyDocument, or DocumentTooLarge where there
    are more than MOST_FILES or the archive says itself that it unpacks to too much.
    """
    try:
        with open_zip(file) as archive:
            members = [member for member in archive.infolist() if not _is_left_out(member)]
            limit = _unpacked_limit(members, file.seek(0, io.SEEK_END), total_bytes)
            budget = _Budget(file_bytes, limit, password)
            for member in members:
                yield ArchivedFile(_path_of(member), budget.read(archive, member))
    except media.UNREADABLE_ZIP as exc:
        raise BrokenDocument(media.ZIP, "the archive is damaged") from exc


def _unpacked_limit(members: list[zipfile.ZipInfo], packed: int, total_bytes: int) -> int:
    """Return how many bytes may be unpacked; refuse what is too much by its own word."""
    if not members:
        raise EmptyDocument("The archive holds no files.")
    if len(members) > MOST_FILES:
        raise DocumentTooLarge(len(members), MOST_FILES, "files", "archive")
    limit = min(total_bytes, max(_RATIO_MATTERS, _LARGEST_RATIO * packed))
    told = sum(member.file_size for member in members)
    if told > limit:
        raise DocumentTooLarge(told, limit, "unpacked bytes", "archive")
    return limit


class _Budget:
    """Reads members until all together have unpacked to too much."""

    def __init__(self, file_bytes: int, total_bytes: int, password: str) -> None:
        self._file_bytes = file_bytes
        self._limit = total_bytes
        self._spent = self._unlocked = 0
        self._passwords = [password.encode(codec) for codec in _codecs(password)]

    def read(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes | IngestionError:
        """Return the bytes of a member, or why it gives none."""
        try:
            if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
                raise UnsupportedMedia("a link or device", "Upload the file that is meant.")
            if member.compress_type not in _METHODS:
                raise UnsupportedMedia(
                    f"ZIP method {member.compress_type}",
                    "Unpack the archive and upload the file, or pack it anew as an ordinary ZIP.",
                )
            if not member.flag_bits & _LOCKED:
                return self._inflated(archive, member, None)
            return self._unlocked_bytes(archive, member)
        except IngestionError as error:
            return error
        except media.UNREADABLE_ZIP:
            return BrokenDocument(media.ZIP, "this file of the archive is damaged")

    def _unlocked_bytes(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
        if not self._passwords:
            raise PasswordRequired(takes_password=True)
        self._unlocked += member.compress_size
        if self._unlocked > LARGEST_LOCKED:
            raise DocumentTooLarge(self._unlocked, LARGEST_LOCKED, "locked bytes", "archive")
        for password in self._passwords:
            try:
                return self._inflated(archive, member, password)
            except media.UNREADABLE_ZIP:
                # A wrong password passes the check of one byte once in 256 times, then fails here.
                continue
        raise WrongPassword

    def _inflated(
        self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, password: bytes | None
    ) -> bytes:
        unpacked = io.BytesIO()
        with archive.open(member, pwd=password) as packed:
            while piece := packed.read(_PIECE):
                self._spent += len(piece)
                if self._spent > self._limit:
                    raise DocumentTooLarge(self._spent, self._limit, "unpacked bytes", "archive")
                unpacked.write(piece)
                if unpacked.tell() > self._file_bytes:
                    told = max(member.file_size, unpacked.tell())
                    raise DocumentTooLarge(told, self._file_bytes)
        return unpacked.getvalue()


def _codecs(password: str) -> list[str]:
    if not password:
        return []
    return ["utf-8"] if password.isascii() else ["utf-8", "gb18030"]


def _is_left_out(member: zipfile.ZipInfo) -> bool:
    """Return whether a member is a folder, hidden, or what macOS adds."""
    parts = _path_of(member).split("/")
    hidden = any(part.startswith(".") for part in parts)
    return member.is_dir() or hidden or parts[0] == "__MACOSX" or parts == [""]


def _path_of(member: zipfile.ZipInfo) -> str:
    """Return a member's path without drive, root or steps upwards: a label, never opened."""
    parts = _name_of(member).replace("\\", "/").split("/")
    if parts and _DRIVE.match(parts[0]):
        parts[0] = parts[0][2:]
    return "/".join(part for part in parts if part not in ("", ".", ".."))


def _name_of(member: zipfile.ZipInfo) -> str:
    """Return a member's name; old archivers write it in the code page of their machine."""
    if member.flag_bits & _UTF8_NAME:
        return member.orig_filename
    raw = member.orig_filename.encode("cp437")
    told = _unicode_path(member.extra)
    if told is not None:
        return told
    for codec in ("utf-8", "gb18030"):
        try:
            name = raw.decode(codec)
        except UnicodeDecodeError:
            continue
        if codec == "utf-8" or _looks_chinese(name):
            return name
    return member.orig_filename


def _unicode_path(extra: bytes) -> str | None:
    """Return the name in UTF-8 that an archiver added to the one in its code page."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        if kind == _UNICODE_PATH and size > 5:
            return extra[9 : 4 + size].decode("utf-8", "replace")
        extra = extra[4 + size :]
    return None


def _looks_chinese(name: str) -> bool:
    """Return whether most letters beyond ASCII are of GB 2312: accents misread are not."""
    foreign = [character for character in name if character > "\x7f"]
    common = sum(bool(character.encode("gb2312", "ignore")) for character in foreign)
    return 2 * common > len(foreign)
