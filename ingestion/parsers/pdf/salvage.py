"""What is left of a damaged PDF: its whole objects, bound to a new file around its pages."""

import re
import zlib
from collections.abc import Iterator

_OBJECT = re.compile(rb"(?<!\d)(\d{1,8})\s+\d{1,5}\s+obj\b(.*?)\bendobj\b", re.S)
_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
_PARENT = re.compile(rb"/Parent\s+(\d{1,8})\s+\d{1,5}\s+R")
_STREAM = re.compile(rb"\bstream\r?\n(.*?)\r?\n?endstream", re.S)
_NUMBER = re.compile(rb"/(N|First)\s+(\d{1,8})")
_LARGEST = 128 * 1024 * 1024
_LARGEST_PACKED = 32 * 1024 * 1024
_MOST_OBJECTS = 200_000


def salvaged(content: bytes) -> bytes | None:
    """Return a whole PDF with the pages whose objects are whole in a damaged one.

    A file that was cut off has lost its table of objects, and mostly its catalogue, but the
    objects themselves say where they begin and end. None where there is no page among them, where
    they are encrypted, or where the file is too large to be held twice.
    O(bytes).
    """
    if len(content) > _LARGEST or b"/Encrypt" in content:
        return None
    objects: dict[int, bytes] = {}
    for match in _OBJECT.finditer(content):
        objects[int(match[1])] = match[2]
        if len(objects) > _MOST_OBJECTS:
            return None
    for body in [body for body in objects.values() if b"/ObjStm" in body[:512]]:
        for number, inner in _packed(body):
            objects.setdefault(number, inner)
    pages = [number for number, body in objects.items() if _PAGE.search(_dictionary(body))]
    if not pages:
        return None
    root = max(objects) + 1
    for number in pages:
        objects[number] = _adopted(objects[number], objects, root)
    kids = b" ".join(b"%d 0 R" % number for number in pages)
    box = b"/MediaBox [0 0 612 792]"
    objects[root] = b"<</Type /Pages /Count %d /Kids [%b] %b>>" % (len(pages), kids, box)
    objects[root + 1] = b"<</Type /Catalog /Pages %d 0 R>>" % root
    return _file(objects, root + 1)


def _dictionary(body: bytes) -> bytes:
    """Return what stands before an object's stream."""
    return body.split(b"stream", 1)[0]


def _packed(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the objects in a stream of objects, as far as it can be unpacked."""
    found = _STREAM.search(body)
    numbers = dict(_NUMBER.findall(_dictionary(body)))
    if found is None or len(numbers) < 2:
        return
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(found[1], _LARGEST_PACKED)
    except zlib.error:
        return
    first = int(numbers[b"First"])
    head = [int(word) for word in data[:first].split() if word.isdigit()][: 2 * int(numbers[b"N"])]
    starts = [*head[1::2], len(data) - first]
    for number, start, end in zip(head[::2], starts, starts[1:], strict=False):
        yield number, b" " + data[first + start : first + end]


def _adopted(page: bytes, objects: dict[int, bytes], root: int) -> bytes:
    """Return a page whose parent is in the file: its own, which it inherits from, or the root."""
    parent = _PARENT.search(page)
    if parent is None:
        return page.replace(b"<<", b"<</Parent %d 0 R " % root, 1)
    if int(parent[1]) in objects:
        return page
    return page[: parent.start()] + b"/Parent %d 0 R" % root + page[parent.end() :]


def _file(objects: dict[int, bytes], catalogue: int) -> bytes:
    pieces = [b"%PDF-1.7\n"]
    offset = len(pieces[0])
    table = [b"xref\n0 1\n0000000000 65535 f \n"]
    for number, body in sorted(objects.items()):
        piece = b"%d 0 obj%b\nendobj\n" % (number, body)
        table.append(b"%d 1\n%010d 00000 n \n" % (number, offset))
        pieces.append(piece)
        offset += len(piece)
    trailer = b"trailer\n<</Size %d /Root %d 0 R>>\n" % (max(objects) + 1, catalogue)
    return b"".join([*pieces, *table, trailer, b"startxref\n%d\n%%%%EOF\n" % offset])
