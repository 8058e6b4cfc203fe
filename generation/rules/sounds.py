"""Find phrases by their sound: 保正收益 and 稳zhuan不赔 for 保证收益 and 稳赚不赔.

Chinese has few syllables, so most phrases that sound alike are honest. Only what reads like a
disguise counts: at least half of the characters are the phrase's own, and those that are not
belong to no word where they stand.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import ahocorasick
import rjieba
from pypinyin import lazy_pinyin

from generation.rules.reading import CLAUSE, NONE, Reading

_HAN = re.compile(r"[\u3400-\u9fff]+")
_SHORTEST, _SHORTEST_LATIN = 3, 4
_SYLLABLE = re.compile(
    r"(?:[bpmfdtnlgkhjqxrzcsyw]|[zcs]h)?"
    r"(?:iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|van|ai|an|ao|ei|en|er|ia|ie|in|iu|ou|ua"
    r"|ui|un|uo|ue|ve|a|e|i|o|u|v)"
)
_CONTEXT = 4
_LONGEST_SYLLABLE, _LONGEST = 6, 40


class Sounds:
    """Phrases by syllables; each has the number of what it belongs to."""

    def __init__(self, phrases: Sequence[tuple[str, int]]) -> None:
        self._codes: dict[str, str] = {}
        self._automaton = ahocorasick.Automaton()
        owners: dict[str, list[tuple[str, int]]] = {}
        for phrase, owner in phrases:
            if len(phrase) >= _SHORTEST and _HAN.fullmatch(phrase):
                key = "".join(map(self._learn, lazy_pinyin(phrase)))
                owners.setdefault(key, []).append((phrase, owner))
        for key, entries in owners.items():
            self._automaton.add_word(key, (len(key), tuple(entries)))
        if owners:
            self._automaton.make_automaton()
        self._is_empty = not owners

    def find(self, reading: Reading) -> Iterator[tuple[int, int, int]]:
        """Yield (start, end, owner) in the reading for each phrase that is said in disguise."""
        if self._is_empty:
            return
        units = list(_units(reading))
        heard = "".join(self._codes.get(sound, "\0") for _, _, sound in units)
        for last, (length, entries) in self._automaton.iter(heard):
            parts = units[last - length + 1 : last + 1]
            for phrase, owner in entries:
                if _is_disguise(reading, parts, phrase):
                    yield parts[0][0], parts[-1][1], owner

    def _learn(self, sound: str) -> str:
        return self._codes.setdefault(sound, chr(0xE000 + len(self._codes)))


def _units(reading: Reading) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, sound): every Han character, every run of Latin letters as one."""
    text, size, start = reading.text, len(reading.text), 0
    while start < size:
        if not text[start].isascii():
            yield start, start + 1, _sound(text[start])
            start += 1
            continue
        end = start + 1
        while end < size and text[end].isascii() and reading.gaps[end] == NONE:
            end += 1
        for sound in _syllables(text[start:end]) or ("",):
            yield start, start + len(sound) if sound else end, sound
            start += len(sound)
        start = end


@lru_cache(maxsize=20_000)
def _syllables(word: str) -> tuple[str, ...]:
    """Cut a word into syllables, the longest first; nothing where it is not made of them."""
    for end in range(min(_LONGEST_SYLLABLE, len(word)), 0, -1) if len(word) <= _LONGEST else ():
        if _SYLLABLE.fullmatch(word, 0, end):
            rest = _syllables(word[end:])
            if rest or end == len(word):
                return word[:end], *rest
    return ()


@lru_cache(maxsize=20_000)
def _sound(character: str) -> str:
    return str(lazy_pinyin(character)[0])


def _is_disguise(reading: Reading, parts: Sequence[tuple[int, int, str]], phrase: str) -> bool:
    written = [reading.text[start:end] for start, end, _ in parts]
    if any(reading.gaps[start] >= CLAUSE for start, _, _ in parts[1:]):
        return False
    other = [place for place, one in enumerate(phrase) if written[place] != one]
    latin = [place for place in other if written[place].isascii()]
    if len(latin) == len(phrase):
        return len(phrase) >= _SHORTEST_LATIN
    only_latin = len(latin) == len(other) and len(phrase) >= _SHORTEST_LATIN
    if not other or (2 * len(other) > len(phrase) and not only_latin):
        return False
    return bool(latin) or _stand_alone(reading.text, [parts[place][0] for place in other])


def _stand_alone(text: str, places: Sequence[int]) -> bool:
    """Tell whether one of the characters belongs to no word of two or more characters."""
    first, last = max(0, places[0] - _CONTEXT), places[-1] + 1 + _CONTEXT
    start, lone = first, set[int]()
    for word in rjieba.cut(text[first:last], False):
        if len(word) == 1:
            lone.add(start)
        start += len(word)
    return any(place in lone for place in places)
