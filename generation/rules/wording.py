"""Banned wording: phrases in every disguise, and patterns with the contexts in which they pass.

Patterns are RE2's: they take linear time whatever a rule's author or an answer writes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import re2

from generation.rules.glyphs import looked_alike, put_together
from generation.rules.phrases import Phrases
from generation.rules.reading import Reading, Spoken, readings, speak
from generation.rules.records import Denials, WordingRule

_SHORTEST_ALIKE = 3
_REACH_BEFORE, _REACH_AFTER = 24, 40
_CLAUSE_MARKS, _SENTENCE_MARK = "，。", "。"


@dataclass(frozen=True, slots=True)
class Wording:
    """What a rule (by its place in the list) found: a span of the original, and how it reads."""

    rule: int
    start: int
    end: int
    what: str


class WordingFinder:
    """All wording rules of a rule set, compiled."""

    def __init__(self, rules: Sequence[WordingRule], denials: Denials) -> None:
        """Raises re2.error where a pattern is not one."""
        listed = [(phrase, at) for at, rule in enumerate(rules) for phrase in rule.phrases]
        by_sound = frozenset(at for at, rule in enumerate(rules) if rule.homophones)
        self._phrases = Phrases(listed, by_sound=by_sound)
        self._patterns = [_union(rule.patterns) for rule in rules]
        self._unless = [_union(rule.unless) for rule in rules]
        self._deniable = [rule.deniable for rule in rules]
        self._before = _union(denials.before)
        self._after = _union(denials.after)
        self._not_before = _union(denials.not_before)

    def find(self, text: str, wanted: frozenset[int]) -> list[Wording]:
        """Return what the wanted rules find, by place, each span once per rule. O(len(text))."""
        found: dict[tuple[int, int, int], Wording] = {}
        plain, *others = readings(text)
        for reading in (plain, *others, *put_together(plain)):
            for one in self._in_reading(reading, wanted) if reading.text else ():
                found.setdefault((one.start, one.end, one.rule), one)
        for reading in looked_alike(plain):
            for one in self._in_reading(reading, wanted, only_phrases=True):
                found.setdefault((one.start, one.end, one.rule), one)
        return sorted(found.values(), key=lambda one: (one.start, -one.end, one.rule))

    def _in_reading(
        self, reading: Reading, wanted: frozenset[int], *, only_phrases: bool = False
    ) -> Iterator[Wording]:
        """only_phrases: of three characters or more, at least half of them unchanged."""
        spoken = speak(reading)
        where = _where(spoken, len(reading.text))
        for start, end, rule in self._phrases.find(reading):
            changed = sum(at in reading.changed for at in range(start, end))
            if only_phrases and (end - start < _SHORTEST_ALIKE or 2 * changed > end - start):
                continue
            if rule in wanted:
                yield from self._judged(spoken, reading, rule, where[start], where[end - 1] + 1)
        for rule in () if only_phrases else sorted(wanted):
            pattern = self._patterns[rule]
            for match in pattern.finditer(spoken.text) if pattern else ():
                if match.end() > match.start():
                    yield from self._judged(spoken, reading, rule, match.start(), match.end())

    def _judged(
        self, spoken: Spoken, reading: Reading, rule: int, start: int, end: int
    ) -> Iterator[Wording]:
        first, last = spoken.places[start], spoken.places[end - 1]
        # What the plain reading also has is found, or excused, there.
        if reading.changed and not any(
            place in reading.changed for place in range(first, last + 1)
        ):
            return
        if self._deniable[rule] and self._is_denied(spoken.text, start, end):
            return
        if self._is_excused(spoken.text, rule, start, end):
            return
        origins = reading.origins
        yield Wording(rule, origins[first], origins[last] + 1, spoken.text[start:end])

    def _is_excused(self, text: str, rule: int, start: int, end: int) -> bool:
        unless = self._unless[rule]
        if unless is None:
            return False
        low = max(0, start - _REACH_BEFORE)
        window = text[low : end + _REACH_AFTER]
        return any(
            low + match.start() < end and low + match.end() > start
            for match in unless.finditer(window)
        )

    def _is_denied(self, text: str, start: int, end: int) -> bool:
        low = max(0, start - 2 * _REACH_BEFORE if text[start].isascii() else start - _REACH_BEFORE)
        before = text[low:start]
        clause = before[max(before.rfind(mark) for mark in _CLAUSE_MARKS) + 1 :]
        if self._not_before is not None:
            clause = self._not_before.sub("", clause)
        if self._before is not None and self._before.search(clause):
            return True
        after = text[end : end + _REACH_AFTER].partition(_SENTENCE_MARK)[0]
        return self._after is not None and self._after.search(after) is not None


def _union(patterns: Sequence[str]) -> "re2._Regexp[str] | None":
    if not patterns:
        return None
    return re2.compile("|".join(f"(?:{pattern})" for pattern in patterns))


def _where(spoken: Spoken, size: int) -> list[int]:
    """Return for each index of the reading where its character is in the spoken text."""
    where = [0] * size
    for at, place in enumerate(spoken.places):
        where[place] = at  # a gap comes before its character, and is overwritten by it
    return where
