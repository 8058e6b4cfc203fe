"""Whether a page of a PDF may be too heavy to be drawn, told from its bytes alone.

To weigh each page takes as long as reading some; most files show at a glance that none need be.
"""

import re
import zlib
from collections import Counter
from collections.abc import Collection, Iterator
from typing import NamedTuple

HEAVIEST_PAGE = 16 << 20
"""Bytes of drawing instructions, a form's as often as it is drawn. A printed page has 50,000."""
DRAWING = 1000
"""What drawing a form takes besides its instructions, in bytes of them."""

_DOUBTFUL = 8 * HEAVIEST_PAGE  # the forms of figures look several times as heavy as they are
_CHUNK = 1 << 16
_BEST_RATIO = 1032  # what deflate packs into one byte
_USUAL_RATIO = 250  # and what no honest page comes near to
_MOST_FORMS = 3000
_LONGEST_HEADER = 1 << 16
_STREAM = re.compile(rb">>[\0\t\n\f\r ]*+stream\r?\n")
# What is not drawn as instructions: pictures, fonts, and what a file is made of.
_OTHER = re.compile(
    rb"/(?:Image|Length1|Type1C|CIDFontType0C|OpenType|ObjStm|XRef|XML|EmbeddedFile)(?![A-Za-z0-9])"
)
_FLATE = re.compile(rb"/Fl(?:ateDecode)?(?![A-Za-z])")
# A stream's dictionary is plain text, also in a locked file. What is spelled in a way that nobody
# does, in codes or elsewhere, may be a form.
_FORM = re.compile(rb"/Form(?![A-Za-z])|/Subtype(?!\s*+/[A-Za-z])|/[!-~]{0,7}#[4-7][0-9A-Fa-f]")
_DRAWN = re.compile(rb"/Form(?![A-Za-z])|/PatternType|/Subtype(?!\s*+/[A-Za-z])")
_DRAWS = re.compile(rb"/([^\0\t\n\f\r ()<>\[\]{}/%]++)[\0\t\n\f\r ]*+Do(?![A-Za-z])")
_OWN_RESOURCES = re.compile(rb"/Resources\s*+<<")
_ELSEWHERE = re.compile(rb"/(?:XObject|ExtGState|Pattern)\s++\d")
_REFERENCE = re.compile(rb"(\d{1,9})\s++\d{1,5}\s++R")
_LAST_NUMBER = re.compile(rb"(\d{1,9})\s++\d{1,5}\Z")
_MANY_PARTS = re.compile(rb"/Contents\s*+\[[^\]]{3000}")


def may_draw_forms(content: bytes) -> bool:
    """Return whether a file has forms. O(bytes)."""
    return _FORM.search(content) is not None


def may_be_heavy(content: bytes) -> bool:
    """Return whether the pages of a file should be weighed: no, for nearly all that people make.

    O(bytes), and what its forms and pages unpack to.
    """
    if _MANY_PARTS.search(content):
        return True
    forms, locked = may_draw_forms(content), b"/Encrypt" in content
    if locked and forms:
        return True
    drawings: list[_Drawing] = []
    for number, header, body in _streams(content):
        packings = len(_FLATE.findall(header))
        ratio = _USUAL_RATIO if locked else _BEST_RATIO
        if (locked or not forms) and len(body) * ratio**packings <= HEAVIEST_PAGE:
            continue
        if locked:
            return True
        for _ in range(packings):
            body = inflated(body)  # noqa: PLW2901 each packing comes off in turn
        if len(body) > HEAVIEST_PAGE:
            return True
        drawings.append(_Drawing(number, header, len(body), Counter(_DRAWS.findall(body))))
    return _heaviest(drawings) > _DOUBTFUL


class _Drawing(NamedTuple):
    """A form, a pattern or a page's content. draws: how often it draws what has which name."""

    number: int
    header: bytes
    size: int
    draws: Counter[bytes]


def _heaviest(drawings: list[_Drawing]) -> int:
    """Return what no page outweighs, as far as each form tells in its dictionary what it draws."""
    forms = {item.number: item for item in drawings if _DRAWN.search(item.header)}
    known: dict[int, int] = {}

    def weight(number: int) -> int:
        if number not in known:
            known[number] = 0  # nothing is drawn within itself
            item = forms[number]
            inner = [weight(named) for named in _named(item.header, forms)] if item.draws else []
            known[number] = DRAWING + _drawn(item, max(inner, default=0), sum(inner))
        return known[number]

    if len(forms) > _MOST_FORMS:
        return _DOUBTFUL + 1
    try:
        weights = [weight(number) for number in forms]
    except RecursionError:
        return _DOUBTFUL + 1
    top, total = max(weights, default=0), sum(weights)
    pages = (item for item in drawings if item.number not in forms)
    return max(top, *(_drawn(item, top, total) for item in pages), 0)


def _drawn(item: _Drawing, top: int, total: int) -> int:
    """Return what a drawing weighs at most. top, total: of the forms that it may draw."""
    often = max(item.draws.values(), default=0)
    return item.size + min(item.draws.total() * top, often * total)


def _named(header: bytes, forms: Collection[int]) -> Collection[int]:
    """Return the forms that a drawing may draw: all, where its resources stand elsewhere."""
    if not _OWN_RESOURCES.search(header) or _ELSEWHERE.search(header):
        return forms
    return {int(number) for number in _REFERENCE.findall(header)} & set(forms)


def _streams(content: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield number, dictionary and packed content of each stream that may be instructions."""
    end = 0
    while found := _STREAM.search(content, end):
        opening = content.rfind(b" obj", max(end, found.start() - _LONGEST_HEADER), found.start())
        named = _LAST_NUMBER.search(content, max(end, opening - 20), max(end, opening))
        header = content[max(end, opening) : found.start()]
        end = content.find(b"endstream", found.end())
        if end < 0:
            return
        if not _OTHER.search(header):
            yield int(named[1]) if named else 0, header, content[found.end() : end]


def inflated(data: bytes) -> bytes:
    """Return what was packed, cut where it is damaged or heavier than any page may be."""
    unpacker = zlib.decompressobj()
    found = bytearray()
    try:
        for start in range(0, len(data), _CHUNK):
            left = HEAVIEST_PAGE + 1 - len(found)
            if left <= 0:
                break
            found += unpacker.decompress(data[start : start + _CHUNK], left)
    except zlib.error:
        # PDFium draws what came before as well.
        return bytes(found)
    return bytes(found)
