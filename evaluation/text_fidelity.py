"""How true extracted text is to a reference, character by character."""

import re
import unicodedata
from collections import Counter

from ingestion.records import BlockKind, Document

_MARKDOWN_RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-{2,}:?[ \t|:-]*$", re.M)
_MARKDOWN_HEADING = re.compile(r"^[ \t]*#{1,6}[ \t]+", re.M)
_MARKDOWN_BULLET = re.compile(r"^[ \t]*[-*+][ \t]+", re.M)
_MARKDOWN_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_MARKDOWN_MARKS = re.compile(r"[|`]|\*\*|__")


def folded(text: str) -> str:
    """Return the characters that count: compatibility forms made one (NFKC), no white space."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def plain_markdown(text: str) -> str:
    """Return the words of Markdown: no heading marks, rules, table pipes, emphasis or targets."""
    for pattern, kept in (
        (_MARKDOWN_RULE, ""),
        (_MARKDOWN_HEADING, ""),
        (_MARKDOWN_BULLET, ""),
        (_MARKDOWN_LINK, r"\1"),
        (_MARKDOWN_MARKS, " "),
    ):
        text = pattern.sub(kept, text)
    return text


def document_words(document: Document) -> str:
    """Return a document's text without the bars that part the cells of its tables."""
    return "\n".join(
        text.replace(" | ", " ") if block.kind is BlockKind.TABLE else text
        for block in document.blocks
        for text in [document.text[block.start : block.end]]
    )


def bag_f1(found: str, reference: str) -> float:
    """Return F1 of two texts as bags of folded characters, 0 to 1: blind to their order."""
    first, second = folded(found), folded(reference)
    shared = (Counter(first) & Counter(second)).total()
    return _f1(shared, len(first), len(second))


def ordered_f1(found: str, reference: str) -> float:
    """Return F1 of two texts' longest common subsequence of folded characters, 0 to 1.

    What stands in another place counts as missing here and as too much there.
    """
    first, second = folded(found), folded(reference)
    return _f1(common_length(first, second), len(first), len(second))


def common_length(first: str, second: str) -> int:
    """Return the length of the longest common subsequence of two texts.

    Exact, by bit-parallel rows (Hyyrö 2004, "Bit-parallel LCS-length computation revisited"): a
    bit of `row` for each character of `first`, cleared where the length grows by one. O(n·m / 64)
    words: a third of a second for texts of 30,000 characters, ten for 200,000.
    """
    places: dict[str, int] = {}
    for bit, character in enumerate(first):
        places[character] = places.get(character, 0) | 1 << bit
    every = (1 << len(first)) - 1
    row = every
    for character in second:
        matched = row & places.get(character, 0)
        row = (row + matched | row - matched) & every
    return len(first) - row.bit_count()


def _f1(shared: int, found: int, wanted: int) -> float:
    return 2 * shared / (found + wanted) if found + wanted else 1.0
