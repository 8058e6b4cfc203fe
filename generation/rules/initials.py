"""Find phrases whose characters are given by the first letters of their sounds: wzbp, 稳z不p.

Only phrases of four characters or more count, and only with at least half of them written out, or
with none at all: in between lies chance.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import ahocorasick
from pypinyin import lazy_pinyin

from generation.rules.reading import CLAUSE, NONE, Reading

_SHORTEST = 4
_SILENT = "\0"


class Initials:
    """Phrases by first letters; each has the number of what it belongs to."""

    def __init__(self, phrases: Sequence[tuple[str, int]]) -> None:
        """phrases: of Han characters; others and shorter ones are left out."""
        self._automaton = ahocorasick.Automaton()
        owners: dict[str, list[tuple[str, int]]] = {}
        for phrase, owner in phrases:
            if len(phrase) >= _SHORTEST and not any(map(str.isascii, phrase)):
                owners.setdefault("".join(map(_initial, phrase)), []).append((phrase, owner))
        for key, entries in owners.items():
            self._automaton.add_word(key, tuple(entries))
        if owners:
            self._automaton.make_automaton()
        self._is_empty = not owners

    def find(self, reading: Reading) -> Iterator[tuple[int, int, int]]:
        """Yield (start, end, owner) in the reading for each phrase. O(len(text) + matches)."""
        text = reading.text
        letters = any("a" <= one <= "z" for one in text)
        if self._is_empty or not letters or text.isascii():
            return
        heard = "".join(map(_initial, text))
        for last, entries in self._automaton.iter(heard):
            for phrase, owner in entries:
                start, end = last + 1 - len(phrase), last + 1
                if _is_abbreviation(reading, start, end, phrase):
                    yield start, end, owner


@lru_cache(maxsize=20_000)
def _initial(character: str) -> str:
    if character.isascii():
        return character if character.isalpha() else _SILENT
    sound = str(lazy_pinyin(character)[0])
    return sound[0] if sound.isascii() and sound.isalpha() else _SILENT


def _is_abbreviation(reading: Reading, start: int, end: int, phrase: str) -> bool:
    written = reading.text[start:end]
    own = sum(one == other for one, other in zip(written, phrase, strict=True))
    letters = sum(map(str.isascii, written))
    if own + letters < len(phrase) or not letters or (own and own < letters):
        return False
    if any(gap >= CLAUSE for gap in reading.gaps[start + 1 : end]):
        return False
    return not (_cuts(reading, start) or _cuts(reading, end))


def _cuts(reading: Reading, place: int) -> bool:
    """Tell whether a run of letters or digits goes on across this place."""
    text = reading.text
    if not 0 < place < len(text) or reading.gaps[place] != NONE:
        return False
    return text[place - 1].isascii() and text[place].isascii()
