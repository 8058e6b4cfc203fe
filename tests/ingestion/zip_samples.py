"""ZIP archives for tests, also such as no archiver writes."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

_UTF8 = 0x800


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an ordinary archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def raw_zip(
    name: bytes,
    content: bytes,
    *,
    flags: int = 0,
    told_size: int | None = None,
    password: bytes | None = None,
    extra: bytes = b"",
) -> bytes:
    """Return an archive of one file whose name, size and lock are as given."""
    deflate = zlib.compressobj(wbits=-15)
    packed = deflate.compress(content) + deflate.flush()
    crc = zlib.crc32(content)
    if password is not None:
        flags |= 1
        packed = _locked(packed, password, crc)
    size = len(content) if told_size is None else told_size
    fields = struct.pack(
        "<HHHHHLLLHH", 20, flags, 8, 0, 0x21, crc, len(packed), size, len(name), len(extra)
    )
    local = b"PK\x03\x04" + fields + name + extra + packed
    tail = struct.pack("<HHHLL", 0, 0, 0, 0o100644 << 16, 0)
    directory = b"PK\x01\x02" + struct.pack("<H", 20) + fields + tail + name + extra
    end = struct.pack("<HHHHLLH", 0, 0, 1, 1, len(directory), len(local), 0)
    return local + directory + b"PK\x05\x06" + end


def _locked(packed: bytes, password: bytes, crc: int) -> bytes:
    """Return bytes locked as PKWARE's first ZIPs are (APPNOTE 6.1)."""
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte: int) -> None:
        keys[0] = _crc32(byte, keys[0])
        keys[1] = ((keys[1] + (keys[0] & 255)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = _crc32(keys[1] >> 24, keys[2])

    for byte in password:
        update(byte)
    out = bytearray()
    for byte in bytes(11) + bytes([crc >> 24]) + packed:
        mask = keys[2] | 2
        out.append(byte ^ (((mask * (mask ^ 1)) >> 8) & 255))
        update(byte)
    return bytes(out)


def _crc32(byte: int, value: int) -> int:
    value ^= byte
    for _ in range(8):
        value = (value >> 1) ^ (0xEDB88320 if value & 1 else 0)
    return value
