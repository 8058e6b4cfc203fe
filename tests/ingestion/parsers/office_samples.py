"""Packages changed part by part, for the tests of the Office parsers."""

import io
import zipfile


def rewritten(content, **changes):
    """Return the package with parts changed: by their path, what makes new bytes of the old.

    A change that returns None leaves the part out.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            data = changes.get(name, bytes)(old.read(name))
            if data is not None:
                new.writestr(name, data)
    return buffer.getvalue()


def with_damaged_member(content):
    """Return the package with a byte changed inside its largest member."""
    damaged = bytearray(content)
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        member = max(package.infolist(), key=lambda one: one.compress_size)
    damaged[member.header_offset + len(member.filename) + 60] ^= 0xFF
    return bytes(damaged)


def blocks_of(document):
    return [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks]
