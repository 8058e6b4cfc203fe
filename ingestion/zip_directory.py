"""Open a ZIP archive whose directory may be hostile: in bounds, before any of it is believed."""

import io
import zipfile
from typing import IO, cast

LARGEST_DIRECTORY = 8 << 20
"""Bytes; Python makes some twenty times as much of it."""
MOST_ENTRIES = 20_000
"""More than any document has; each takes Python a tenth of a millisecond."""
_END, _LONGEST_END = b"PK\x05\x06", 22 + 0xFFFF  # the last record, with its comment


def open_zip(file: IO[bytes]) -> zipfile.ZipFile:
    """Return the archive in a seekable file, which stays the caller's to close.

    Raises BadZipFile where its directory has more than LARGEST_DIRECTORY bytes or MOST_ENTRIES, and
    what zipfile raises on a damaged one.
    """
    entries = _entries(file)
    if entries > MOST_ENTRIES:
        raise zipfile.BadZipFile(f"The archive has {entries} entries or more.")
    return zipfile.ZipFile(cast(IO[bytes], _BoundedReads(file)))


def _entries(file: IO[bytes]) -> int:
    """Return how many entries the end of an archive tells of, 0 where it has no such end."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _LONGEST_END))
    tail = file.read(_LONGEST_END)
    file.seek(0)
    at = tail.rfind(_END)
    return int.from_bytes(tail[at + 10 : at + 12], "little") if at >= 0 else 0


class _BoundedReads:
    """A file that gives no more in one piece than a directory may have: zipfile reads it at once.

    What zipfile reads of members comes in small pieces.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if size > LARGEST_DIRECTORY:
            raise zipfile.BadZipFile(f"The archive's directory has {size} bytes.")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True
