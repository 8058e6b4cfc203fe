"""Say a question in other words of the collection's owner, so that either wording is found."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from retrieval.terms import fold

Groups = tuple[tuple[str, ...], ...]
"""Each group holds words or phrases that stand for one another."""

GroupsOf = Callable[[str], Groups]
"""Gives the groups of a collection; asked anew at every search."""

MOST_WORDS = 8
_BLANKS = re.compile(r"\s+")
_LATIN = re.compile(r"[a-z0-9]")


def no_synonyms(_collection: str) -> Groups:
    """Return no groups."""
    return ()


def comparable(word: str) -> str:
    """Return a word as it is looked for in a question: folded, single blanks."""
    return _BLANKS.sub(" ", fold(word)).strip()


def in_other_words(question: str, groups: Groups) -> list[str]:
    """Return the question, folded, with its words of groups replaced by others of their group.

    The n-th wording has the n-th other word in each place; there are as many as the largest group
    found has others. The longest word at a place counts, Latin letters and digits only whole.
    O(length · lengths of words), after the first question with the same groups.
    """
    if not groups:
        return []
    asked = comparable(question)
    table = _table(groups)
    places: list[tuple[int, int, Sequence[str]]] = []
    at = 0
    while at < len(asked):
        end = table.longest(asked, at)
        if end:
            places.append((at, end, table.others[asked[at:end]]))
        at = end or at + 1
    most = max((len(others) for _, _, others in places), default=0)
    return [_replaced(asked, places, number) for number in range(most)]


class _Table:
    """The words of groups. others: by word, those that stand for it."""

    def __init__(self, groups: Groups) -> None:
        self.others: dict[str, Sequence[str]] = {}
        for group in groups:
            words = list(dict.fromkeys(comparable(word) for word in group))
            for word in words:
                self.others[word] = [other for other in words if other != word]
        self._lengths: dict[str, list[int]] = {}
        for word in sorted(self.others, key=len, reverse=True):
            lengths = self._lengths.setdefault(word[:1], [])
            if len(word) not in lengths:
                lengths.append(len(word))

    def longest(self, text: str, start: int) -> int:
        """Return where the longest word at a place ends; 0: there is none."""
        if start and _LATIN.match(text[start]) and _LATIN.match(text[start - 1]):
            return 0
        for length in self._lengths.get(text[start], ()):
            end = start + length
            if text[start:end] in self.others and not _cuts_word(text, end):
                return end
        return 0


@lru_cache(maxsize=32)
def _table(groups: Groups) -> _Table:
    return _Table(groups)


def _cuts_word(text: str, end: int) -> bool:
    return end < len(text) and all(_LATIN.match(text[at]) for at in (end - 1, end))


def _replaced(text: str, places: Sequence[tuple[int, int, Sequence[str]]], number: int) -> str:
    parts, last = [], 0
    for start, end, others in places:
        if number < len(others):
            parts += [text[last:start], others[number]]
            last = end
    return "".join([*parts, text[last:]])
