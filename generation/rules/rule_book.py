"""A rule set in force: what it says of a text, in one call."""

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import re2

from generation.folding import folded
from generation.ports import SentenceEmbedder
from generation.prompt import Language
from generation.rules.personal_data import Personal, masked, personal_data
from generation.rules.phrases import Phrases
from generation.rules.reading import read, readings, speak
from generation.rules.records import (
    Action,
    Find,
    Judgement,
    PersonalRule,
    RequiredRule,
    RuleHead,
    RuleSet,
    Severity,
    TopicRule,
    WordingRule,
)
from generation.rules.topics import Column, TopicFinder
from generation.rules.wording import WordingFinder

_GRAVITY = {severity: at for at, severity in enumerate(Severity)}
_ENDING = (Action.BLOCK, Action.HAND_OVER)
_SHARED = 0.7


@dataclass(frozen=True, slots=True)
class _Case:
    text: str
    evidence: tuple[str, ...]
    language: Language
    stage: str | None


class RuleBook:
    """The rules of one collection, compiled. Safe to share between threads."""

    def __init__(
        self,
        rules: RuleSet,
        embedder: SentenceEmbedder | None,
        known: MutableMapping[str, Column] | None = None,
    ) -> None:
        """embedder: None leaves topics out, for callers without a model (never for answers).

        known: vectors of examples by their text, which books may share; None: none are known.
        """
        self._known = known
        self.rules = rules
        self._wording = [rule for rule in rules.rules if isinstance(rule, WordingRule)]
        self._personal = [rule for rule in rules.rules if isinstance(rule, PersonalRule)]
        self._required = [rule for rule in rules.rules if isinstance(rule, RequiredRule)]
        self._topics = [rule for rule in rules.rules if isinstance(rule, TopicRule)]
        self._words = WordingFinder(self._wording, rules.denials)
        self._wanted = [_Wanted(rule) for rule in self._required]
        self._embedder = embedder

    def learn(self) -> None:
        """Embed the examples of all topics now. Raises what the embedder raises."""
        _ = self.topics

    @cached_property
    def topics(self) -> TopicFinder | None:
        """Return what tells topics; the first call embeds their examples, and raises as it."""
        if self._embedder is None or not self._topics:
            return None
        rules = self.rules
        return TopicFinder(self._topics, rules.neutral, self._embedder, self._known, rules.asides)

    def judge(
        self, text: str, *, evidence: Sequence[str], language: Language, stage: str | None = None
    ) -> Judgement:
        """Return what the rules say of a sentence or an answer. Raises what the embedder raises.

        O(len(text) + len(evidence)) and at most two calls of the embedder.
        """
        case = _Case(text, tuple(evidence), language, stage)
        words = self._banned(case)
        items, personal = self._items(case)
        finds = words + personal
        if not any(find.action in _ENDING for find in finds):
            finds += self._off_limits(case)
        if any(find.action in _ENDING for find in finds):
            return _judgement(False, "", finds)
        shown = _hidden(text, words, items)
        missing, added = self._missing(case)
        finds += missing
        allowed = not any(find.action in _ENDING for find in missing)
        return _judgement(allowed, shown + added if allowed else "", finds)

    def _banned(self, case: _Case) -> list[Find]:
        wanted = frozenset(at for at, rule in enumerate(self._wording) if _applies(rule.head, case))
        # What is no list must not pass for an empty one.
        found = list(self._words.find(case.text, wanted))
        if not found:
            return []
        quotable = frozenset(
            one.rule for one in found if self._wording[one.rule].head.allow_in_evidence
        )
        quoted = {
            (one.rule, folded(one.what))
            for quote in case.evidence
            for one in (self._words.find(quote, quotable) if quotable else ())
        }
        return [
            _find(self._wording[one.rule].head, case, one.start, one.end, one.what)
            for one in found
            if (one.rule, folded(one.what)) not in quoted
        ]

    def _items(self, case: _Case) -> tuple[list[Personal], list[Find]]:
        items, finds = list[Personal](), list[Find]()
        for rule in self._personal:
            if not _applies(rule.head, case):
                continue
            found = list(personal_data(case.text, rule.kinds))
            known = set[str]()
            if found and rule.head.allow_in_evidence:
                quotes = "\n".join(case.evidence)
                known = {item.value for item in personal_data(quotes, rule.kinds)}
            for item in found:
                if item.value not in known:
                    finds.append(_find(rule.head, case, item.start, item.end, item.kind.value))
                    if rule.head.action is Action.MASK:
                        items.append(item)
        return items, finds

    def _off_limits(self, case: _Case) -> list[Find]:
        topics = self.topics
        if topics is None:
            return []
        quoted = _is_quoted(case)
        asked = [
            rule
            for rule in self._topics
            if _applies(rule.head, case)
            if not (quoted and rule.head.allow_in_evidence)
        ]
        if not asked:
            return []
        hits = [
            score
            for score in topics.score([case.text])[0]
            if score.hit and self._topics[score.topic] in asked
        ]
        excusable = [hit for hit in hits if self._topics[hit.topic].head.allow_in_evidence]
        told = topics.score(case.evidence) if excusable else []
        excused = {score.topic for scores in told for score in scores if score.hit}
        left = [hit for hit in hits if hit not in excusable or hit.topic not in excused]
        # Topics share what they know, so that others come close too: the nearest one is meant.
        nearest = max(left, key=lambda hit: hit.margin, default=None)
        if nearest is None:
            return []
        head = self._topics[nearest.topic].head
        return [_find(head, case, 0, len(case.text), f"margin {nearest.margin:.2f}")]

    def _missing(self, case: _Case) -> tuple[list[Find], str]:
        finds, added = list[Find](), ""
        for rule, wanted in zip(self._required, self._wanted, strict=True):
            if _applies(rule.head, case) and wanted.is_missing(case.text):
                place = len(case.text)
                finds.append(_find(rule.head, case, place, place, "missing"))
                if rule.head.action is Action.APPEND:
                    added += rule.append[case.language]
        return finds, added


class _Wanted:
    def __init__(self, rule: RequiredRule) -> None:
        self._phrases = Phrases([(one, 0) for one in rule.phrases], by_sound=frozenset())
        when = "|".join(f"(?:{pattern})" for pattern in rule.when)
        self._when = re2.compile(when) if when else None

    def is_missing(self, text: str) -> bool:
        reading = read(text)
        if self._when is not None and not self._when.search(speak(reading).text):
            return False
        return not any(True for one in readings(text) for _ in self._phrases.find(one))


def _applies(head: RuleHead, case: _Case) -> bool:
    if head.languages and case.language not in head.languages:
        return False
    return not head.stages or case.stage is None or case.stage in head.stages


def _find(head: RuleHead, case: _Case, start: int, end: int, what: str) -> Find:
    reason = head.reason[case.language]
    return Find(head.rule_id, head.version, head.severity, head.action, reason, start, end, what)


def _judgement(allowed: bool, text: str, finds: Sequence[Find]) -> Judgement:
    def gravity(find: Find) -> tuple[bool, int]:
        return find.action in _ENDING, _GRAVITY[find.severity]

    deciding = max(finds, key=gravity, default=None)
    return Judgement(allowed, text, tuple(finds), deciding)


def _hidden(text: str, words: Sequence[Find], items: Sequence[Personal]) -> str:
    shown = text
    for item in items:
        hidden = masked(text, item)
        if len(hidden) != item.end - item.start or hidden == text[item.start : item.end]:
            raise ValueError("an item was not masked")
        shown = shown[: item.start] + hidden + shown[item.end :]
    spans = [(find.start, find.end) for find in words if find.action is Action.MASK]
    places = {at for start, end in spans for at in range(start, end) if shown[at].isalnum()}
    return "".join("*" if at in places else one for at, one in enumerate(shown))


def _is_quoted(case: _Case) -> bool:
    """Tell whether most pairs of neighbouring characters of the text stand in the evidence."""
    if not case.evidence:
        return False
    text, quotes = folded(case.text), [folded(quote) for quote in case.evidence]
    pairs = {text[at : at + 2] for at in range(len(text) - 1)}
    shared = sum(any(pair in quote for quote in quotes) for pair in pairs)
    return bool(pairs) and shared >= _SHARED * len(pairs)
