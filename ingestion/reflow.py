"""Puts lines that were broken at a margin back together."""

import re
import unicodedata
from collections.abc import Sequence

_WIDE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff01-\uffef\U00020000-\U0003ffff]")


def display_width(text: str) -> int:
    """Return how many columns the text takes where East Asian characters take two."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def join_lines(lines: Sequence[str]) -> str:
    """Return the lines as one: a space between words, none between Chinese characters."""
    joined = ""
    for line in map(str.strip, lines):
        if joined and line:
            joined += gap_between(joined, line)
        joined += line
    return joined


def gap_between(left: str, right: str) -> str:
    """Return what stands between two pieces of a sentence: '' beside a wide character, else ' '."""
    if left[-1].isascii() and right[0].isascii():
        return " "
    wide = _WIDE.match(left[-1]) and _WIDE.match(right[0])
    punctuated = left[-1] in "，。；：、！？）》”" or right[0] in "，。；：、！？）》“《（"
    return "" if wide or punctuated else " "
