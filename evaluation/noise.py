"""Spoil a question as people do: a character of the same sound, a slip of the keys, pinyin."""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Literal

from pypinyin import lazy_pinyin

Noise = Literal["homophone", "typo", "pinyin"]
_WORD = re.compile(r"[A-Za-z]{4,}")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_HAN_RUN = re.compile(r"[\u4e00-\u9fff]+")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_COMMON = range(0xB0, 0xD8)  # first bytes of level 1 of GB 2312: 3,755 characters in common use


def spoil(question: str, noise: Noise, rng: random.Random) -> str:
    """Return the question with one mistake in it; as it is where there is no place for one.

    homophone: one Chinese character gives way to another of its sound (a question without any
    gets a typo). typo: two letters of a word swapped, one left out or wrong; without such a word,
    two neighbouring characters swapped or one left out. pinyin: all Chinese is typed by its sound,
    without tones or blanks.
    """
    return _MAKERS[noise](question, rng)


def _homophone(question: str, rng: random.Random) -> str:
    places = list(range(len(question)))
    rng.shuffle(places)
    for at in places:
        others = [one for one in _sounding_as(question[at]) if one != question[at]]
        if others:
            return question[:at] + rng.choice(others) + question[at + 1 :]
    return _typo(question, rng)


def _pinyin(question: str, _rng: random.Random) -> str:
    return _HAN_RUN.sub(lambda run: "".join(lazy_pinyin(run.group())), question)


def _typo(question: str, rng: random.Random) -> str:
    words = list(_WORD.finditer(question))
    if not words:
        return _slip(question, 0, len(question), rng, wrong=False)
    word = rng.choice(words)
    return _slip(question, word.start() + 1, word.end(), rng, wrong=True)


def _slip(text: str, start: int, end: int, rng: random.Random, *, wrong: bool) -> str:
    if end - start < 2:
        return text
    at = rng.randrange(start, end - 1)
    swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    missing = text[:at] + text[at + 1 :]
    mistakes = [swapped, missing]
    if wrong:
        mistakes.append(text[:at] + rng.choice(_LETTERS) + text[at + 1 :])
    return rng.choice(mistakes)


def _sounding_as(character: str) -> Sequence[str]:
    if not _HAN.match(character):
        return ()
    return _by_sound().get(lazy_pinyin(character)[0], ())


@cache
def _by_sound() -> Mapping[str, Sequence[str]]:
    """Return the common characters by their sound without tone."""
    found: dict[str, list[str]] = {}
    for first in _COMMON:
        for second in range(0xA1, 0xFF):
            character = bytes((first, second)).decode("gb2312", "ignore")
            if character:
                found.setdefault(lazy_pinyin(character)[0], []).append(character)
    return found


_MAKERS: Mapping[Noise, Callable[[str, random.Random], str]] = {
    "homophone": _homophone,
    "typo": _typo,
    "pinyin": _pinyin,
}
