"""Find listed phrases in a reading, all at once, whatever was put between their characters."""

from collections.abc import Iterator, Sequence

import ahocorasick

from generation.rules.initials import Initials
from generation.rules.reading import CLAUSE, NONE, Reading, read
from generation.rules.sounds import Sounds

_LONG_WORD = 8


class Phrases:
    """Phrases in an Aho-Corasick automaton; each has the number of the rule it belongs to."""

    def __init__(self, phrases: Sequence[tuple[str, int]], *, by_sound: frozenset[int]) -> None:
        """by_sound: the numbers of rules whose phrases also match by their sound."""
        self._automaton = ahocorasick.Automaton()
        plain = [(read(phrase), owner) for phrase, owner in phrases]
        owners: dict[str, list[tuple[Reading, int]]] = {}
        for phrase, owner in plain:
            if phrase.text:
                owners.setdefault(phrase.text, []).append((phrase, owner))
        for key, entries in owners.items():
            self._automaton.add_word(key, tuple(entries))
        if owners:
            self._automaton.make_automaton()
        self._is_empty = not owners
        heard = [(one.text, owner) for one, owner in plain if owner in by_sound]
        self._sounds, self._initials = Sounds(heard), Initials(heard)

    def find(self, reading: Reading) -> Iterator[tuple[int, int, int]]:
        """Yield (start, end, owner) in the reading. O(len(text) + matches)."""
        if not self._is_empty and reading.text:
            for last, entries in self._automaton.iter(reading.text):
                for phrase, owner in entries:
                    start, end = last + 1 - len(phrase.text), last + 1
                    if _is_whole(reading, start, end) and _gaps_fit(reading, start, phrase):
                        yield start, end, owner
        if not reading.changed:
            yield from self._sounds.find(reading)
            yield from self._initials.find(reading)


def _is_whole(reading: Reading, start: int, end: int) -> bool:
    """Tell whether no Latin word or number is cut at either end."""
    return not (_joined(reading, start) or _joined(reading, end))


def _joined(reading: Reading, place: int) -> bool:
    text = reading.text
    if not 0 < place < len(text) or reading.gaps[place] != NONE:
        return False
    before, after = text[place - 1], text[place]
    if not (before.isascii() and after.isascii()):
        return False
    return before.isalpha() == after.isalpha()


def _gaps_fit(reading: Reading, start: int, phrase: Reading) -> bool:
    """Tell whether what stands between the characters belongs there or was put there.

    A clause that ends inside is a coincidence, unless something stands between nearly all
    characters. Latin words may be parted only into single letters, or if they are long.
    """
    inner = reading.gaps[start + 1 : start + len(phrase.text)]
    ends = sum(gap >= CLAUSE for gap in inner)
    filled = sum(gap != NONE for gap in inner)
    if ends and (filled < 2 or filled < len(inner) - 1):
        return False
    if not phrase.text.isascii():
        return True
    stray = [gap != NONE and own == NONE for gap, own in zip(inner, phrase.gaps[1:], strict=True)]
    return not any(stray) or filled == len(inner) or len(phrase.text) >= _LONG_WORD
