"""Cuts sections into sentences, Chinese and English, without losing a character.

A sentence never crosses a block or a line break inside one: a table's rows and a list's items
are sentences of their own, and lines broken at a margin were joined when parsing. Code goes in
groups of lines between blank lines.
"""

import re
from collections.abc import Iterator

from ingestion.records import Block, BlockKind, Document, Section, Sentence

LONGEST = 800
"""No sentence has more characters: what is longer is cut at softer punctuation, or hard."""

_LOOK_BACK = 100  # characters; longer than any word that decides
_CLOSERS = "”’\"'」』）)】〗〕]］}》〉"
_STOP = re.compile(rf"([。！？!?｡．.…]+)([{re.escape(_CLOSERS)}]*)")
_CHINESE_STOPS = frozenset("。！？｡")
_CONTINUES = tuple("，、；：,;:。！？）)》」』")
_TITLE_CLOSERS = ("》", "〉")
_LAST_WORD = re.compile(r"[^\s(（\[“\"'‘/—–-]*$")
_FIRST_WORD = re.compile(r"[A-Za-z']+")
# Nothing ends after these; they stand before a name or a number.
_BEFORE_NAMES = frozenset(
    "mr mrs ms dr prof st sen rep gov gen col capt lt sgt rev hon fr sr jr mt messrs "
    "fig figs eq eqs sec secs ch chap vol vols no nos art arts para pp p ed eds ref refs tab "
    "e.g i.e cf vs v viz al approx est dept univ assn ca resp incl excl".split()
)
# A sentence may end after these; the next word decides.
_MAYBE_LAST = frozenset(
    "inc ltd corp co llc plc bros etc u.s u.k u.n e.u d.c a.m p.m ph.d m.d b.a m.a "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun".split()
)
_OPENERS = frozenset(
    "the this that these those a an it its he she they we you i in on at as if when while "
    "however but and so there here for from with after before since although our his her their "
    "all some many most each both such no not what who how why where".split()
)
_PROSE = (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.CAPTION, BlockKind.FOOTNOTE)
_SOFT_CUTS = (re.compile("[；;]"), re.compile("[，,：:、]"), re.compile(r"\s"))


def split_sentences(document: Document, section: Section) -> list[Sentence]:
    """Return the section's sentences in order.

    Spans do not overlap, lie inside the section's blocks, start and end on a character that is
    not a space, and together hold every such character of the blocks. `page` is the block's.
    O(characters).
    """
    return [
        Sentence(start, end, block.page)
        for block in section.blocks
        for start, end in _block_spans(document.text, block)
    ]


def _block_spans(text: str, block: Block) -> Iterator[tuple[int, int]]:
    if block.kind is BlockKind.CODE:
        pieces = _code_groups(text, block.start, block.end)
    elif block.kind in _PROSE:
        pieces = _prose(text, block.start, block.end)
    else:
        pieces = _lines(text, block.start, block.end)
    for start, end in pieces:
        yield from _limited(text, start, end)


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        yield start, stop
        start = stop + 1


def _code_groups(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield runs of lines up to a blank line, or up to the limit where there is none."""
    first = last = start
    for line_start, line_end in _lines(text, start, end):
        blank = not text[line_start:line_end].strip()
        if first < last and (blank or line_end - first > LONGEST):
            yield first, last
            first = line_start
        last = line_end
    yield first, last


def _prose(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for line_start, line_end in _lines(text, start, end):
        first = line_start
        for match in _STOP.finditer(text, line_start, line_end):
            if _ends_sentence(text, first, match, line_end):
                yield first, match.end()
                first = match.end()
        yield first, line_end


def _ends_sentence(text: str, first: int, found: re.Match[str], line_end: int) -> bool:
    stops, closers = found.group(1), found.group(2)
    after = text[found.end() : min(line_end, found.end() + 40)]
    if not after.strip():
        return True
    if after.startswith(_CONTINUES) or closers.startswith(_TITLE_CLOSERS):
        return False
    if not _CHINESE_STOPS.isdisjoint(stops):
        return True
    # Bounded: a log of a million points and no sentence would be copied a million times.
    before = text[max(first, found.start() - _LOOK_BACK) : found.start()]
    match stops[-1]:
        case "…":
            return bool(closers) or (after[0].isspace() and after.lstrip()[0].isupper())
        case "．":
            # The full-width point of some Chinese typesetting; 1．2 is a number.
            return _is_chinese(before[-1:]) and _is_chinese(after[0])
        case _ if not after[0].isspace():
            return _is_chinese(after[0]) and (stops != "." or not _is_short_form(before))
        case "!" | "?":
            return not after.lstrip()[0].islower()
        case _:
            return _full_stop(before, bool(closers), after.lstrip())


def _full_stop(before: str, closed: bool, after: str) -> bool:
    """Return whether a full stop before a space ends a sentence."""
    if after[0].islower():
        return False
    if closed:
        return True
    last = _last_word(before)
    if last in _BEFORE_NAMES:
        return False
    if last.isdigit() and before.strip() == last:
        return False
    if last in _MAYBE_LAST or (len(last) == 1 and last.isalpha()):
        following = _FIRST_WORD.match(after.lstrip("“\"'‘("))
        return following is not None and following[0].lower() in _OPENERS
    return True


def _is_short_form(before: str) -> bool:
    """Return whether the word before a point is a number (1.总则) or abbreviated (Inc.的)."""
    last = _last_word(before)
    return len(last) == 1 or last[-1:].isdigit() or last in _BEFORE_NAMES or last in _MAYBE_LAST


def _last_word(before: str) -> str:
    word = _LAST_WORD.search(before)
    return word[0].lower() if word else ""


def _is_chinese(char: str) -> bool:
    return "\u3000" <= char <= "\u9fff" or "\uff00" <= char <= "\uffef" or char >= "\U00020000"


def _limited(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the span without the spaces around it, in pieces of at most LONGEST characters."""
    start, end = _trimmed(text, start, end)
    while end - start > LONGEST:
        cut = _soft_cut(text, start)
        yield _trimmed(text, start, cut)
        start, end = _trimmed(text, cut, end)
    if start < end:
        yield start, end


def _soft_cut(text: str, start: int) -> int:
    for pattern in _SOFT_CUTS:
        cuts = [m.end() for m in pattern.finditer(text, start + LONGEST // 3, start + LONGEST)]
        if cuts:
            return cuts[-1]
    return start + LONGEST


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span without the spaces around it, without copying what is between."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
