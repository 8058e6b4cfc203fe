"""The directory of an OLE compound file (MS-CFB), the container of old Office files.

Reads no more than what tells one kind of file from another: the names at the top level, and the
first bytes of a stream. Every chain is bounded, for the file may be made to lead in circles.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_HEADER = 512
_ENTRY = 128
_MOST_SECTORS = 1 << 16
_FREE = 0xFFFFFFFA  # and above: no sector
_LISTED_IN_HEADER = 109
_LONGEST_NAME = 64
_SMALL = 4096
_SMALL_SECTOR = 64


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream or storage at the top level: its name, its first sector, its size in bytes."""

    name: str
    sector: int
    size: int


class CompoundFile:
    """What stands at the top level of a compound file. Damage shows as entries that are missing."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        header = content[:_HEADER].ljust(_HEADER, b"\0")
        (shift,) = struct.unpack_from("<H", header, 30)
        self._size = 1 << (shift if shift in (9, 12) else 9)
        first, self._next_list = (
            struct.unpack_from("<I", header, offset)[0] for offset in (48, 68)
        )
        self._tables = list(struct.unpack_from(f"<{_LISTED_IN_HEADER}I", header, 76))
        self._directory = b"".join(self._chain(first))

    def streams(self) -> dict[str, Stream]:
        """Return the entries of the top level by name."""
        found = {}
        waiting = [self._fields(0)[3]]
        seen: set[int] = set()
        while waiting:
            number = waiting.pop()
            if number in seen or (number + 1) * _ENTRY > len(self._directory):
                continue
            seen.add(number)
            stream, left, right, _ = self._fields(number)
            waiting += [left, right]
            found[stream.name] = stream
        return found

    def head(self, stream: Stream) -> bytes:
        """Return the first 64 bytes of a stream, fewer where it or the file is shorter."""
        if stream.size >= _SMALL:
            return self._sector(stream.sector)[:_SMALL_SECTOR]
        # Small ones lie together in a stream of the root's.
        place, start = divmod(stream.sector * _SMALL_SECTOR, self._size)
        holder = next(islice(self._chain(self._fields(0)[0].sector), place, None), b"")
        return holder[start : start + _SMALL_SECTOR][: stream.size]

    def _fields(self, number: int) -> tuple[Stream, int, int, int]:
        """Return an entry, its neighbours left and right, and the first of what is in it."""
        entry = self._directory[number * _ENTRY : (number + 1) * _ENTRY].ljust(_ENTRY, b"\0")
        length, left, right, child, sector, size = struct.unpack_from("<64xH2xIII36xII", entry)
        raw = entry[: max(0, min(length, _LONGEST_NAME) - 2)]
        name = raw.decode("utf-16-le", "replace")
        return Stream(name, sector, size), left, right, child

    def _chain(self, sector: int) -> Iterator[bytes]:
        for _ in range(_MOST_SECTORS):
            if sector >= _FREE:
                return
            yield self._sector(sector)
            sector = self._following(sector)

    def _following(self, sector: int) -> int:
        """Return the sector after this one, as the allocation table has it."""
        per_table = self._size // 4
        table, place = divmod(sector, per_table)
        while table >= len(self._tables) and self._next_list < _FREE:
            listed = self._sector(self._next_list)
            if len(listed) < self._size or len(self._tables) > _MOST_SECTORS:
                break
            *tables, self._next_list = struct.unpack(f"<{per_table}I", listed)
            self._tables += tables
        if table >= len(self._tables):
            return _FREE
        data = self._sector(self._tables[table])[place * 4 : place * 4 + 4]
        return int.from_bytes(data, "little") if len(data) == 4 else _FREE

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        return self._content[start : start + self._size]
