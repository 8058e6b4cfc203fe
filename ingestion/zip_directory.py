"""Open a ZIP archive whose directory may be hostile: in bounds, before any of it is believed."""

import io
import zipfile
from typing import IO, cast

LARGEST_DIRECTORY = 8 << 20
"""Bytes; Python makes some twenty times as much of it."""


def open_zip(file: IO[bytes]) -> zipfile.ZipFile:
    """Return the archive in a seekable file, which stays the caller's to close.

    Raises BadZipFile where its directory has more than LARGEST_DIRECTORY bytes, and what zipfile
    raises on a damaged one.
    """
    return zipfile.ZipFile(cast(IO[bytes], _BoundedReads(file)))


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
