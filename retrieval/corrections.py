"""Correct single mistakes in words that a collection does not know.

Candidates are made of the question and looked up in the collection's own index: no list of words is
kept beside it, and what documents bring or take is known at once.
"""

import re
from collections.abc import Callable, Iterator

from retrieval.syllables import sounding_as
from retrieval.terms import fold, stem

Holding = Callable[[str], int]
"""Tells how many rows hold a term."""

_RUN = re.compile(r"[\u4e00-\u9fff]{3,}|(?<![a-z0-9])[a-z]{4,24}(?![a-z0-9])")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_MOST = 12


def corrected(question: str, holding: Holding) -> str | None:
    """Return the question, folded, with its mistakes corrected; None: it has none it knows of.

    A Chinese character is a mistake if the collection has neither of its pairs, and both with one
    of the same sound, or all pairs around once it has changed places with the next. An English
    word is one if the collection lacks it and has one that is one edit away (Damerau 1964). The
    most frequent is taken, in the first 12 places. O(length · alternatives of a place).
    """
    asked = fold(question)
    parts, last, left = [], 0, _MOST
    for run in _RUN.finditer(asked):
        text = run.group()
        better = _word(text, holding) if text.isascii() else _han(text, holding)
        if better != text and left:
            parts += [asked[last : run.start()], better]
            last, left = run.end(), left - 1
    return "".join([*parts, asked[last:]]) if parts else None


def _word(word: str, holding: Holding) -> str:
    if holding(stem(word)):
        return word
    rows, best = max((holding(stem(one)), one) for one in set(_edits(word)))
    return best if rows else word


def _edits(word: str) -> Iterator[str]:
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        for letter in _LETTERS:
            yield head + letter + tail
            if tail:
                yield head + letter + tail[1:]


def _han(run: str, holding: Holding) -> str:
    text = run
    for at in range(1, len(text) - 1):
        if not holding(text[at - 1 : at + 1]) and not holding(text[at : at + 2]):
            text = _swapped(text, at, holding) or _by_ear(text, at, holding)
    return text


def _swapped(text: str, at: int, holding: Holding) -> str | None:
    """Return the text with two neighbours swapped if that makes all pairs around known."""
    better = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    around = better[max(at - 1, 0) : at + 3]
    pairs = (around[start : start + 2] for start in range(len(around) - 1))
    return better if len(around) == 4 and all(map(holding, pairs)) else None


def _by_ear(text: str, at: int, holding: Holding) -> str:
    before, after = text[at - 1], text[at + 1]
    alternatives = sounding_as(text[at])
    rows, best = max(
        ((min(holding(before + one), holding(one + after)), one) for one in alternatives),
        default=(0, ""),
    )
    return text[:at] + best + text[at + 1 :] if rows else text
