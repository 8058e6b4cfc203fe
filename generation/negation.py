"""Compare what two texts negate: a deterministic rule over clauses, for Chinese and English."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from generation.folding import folded
from ingestion.words import fold as stem

_CLAUSE = re.compile(r"[^，,；;。！？!?：:、\n]+")
_NOT_NEGATION = (
    "不得不|不能不|不可不|无不|不仅|不但|不只|不光|不单|不过|不同|不断|不久|不少|不管|不论|无论|不如"
    "|不锈|不动产|不可抗力|不安|不幸|不禁|不妨|不愧|不一定|差不多|对不起|不良|不当|不正当|不法"
    "|未来|未必|未成年|未婚|未知|未遂|没收|没落|埋没|淹没|沉没|不好意思|不客气"
    "|是不是|有没有|not only|not just|not least"
)
_CHINESE_NEGATION = (
    "不得|不能|不可以|不可|不会|不应当|不应该|不应|不再|不曾|不必|不需要|不须|不准|不许|不允许|不是"
    "|禁止|严禁|没有|并非|而非|未曾|尚未|从未|未能|未经|未|不|没|无需|无须|无法|无权|无|勿"
)
_ENGLISH_NEGATION = r"\b(?:not|never|cannot|without|neither|nor|no(?![.,] ?\d|,|$))\b|n't\b"
_SKIPPED = re.compile(rf"({_NOT_NEGATION})|({_CHINESE_NEGATION}|{_ENGLISH_NEGATION})")
_HAN_PREDICATE = re.compile(r"[被把将对向在以能会可再是]?([\u3400-\u9fff]{2})")
_WORD = re.compile(r"[a-z]+")
_PREDICATE_PLACE = re.compile(r"(?=([\u3400-\u9fff]{2}))|(?<![a-z])([a-z]+)")
_LIGHT_WORDS = frozenset(
    "a an the any be been being have has had to yet also do does did it its there of by in on for"
    " more than longer allowed permitted required able".split()
)
_SHORT_PHRASE = 20
_STEM = 5


@dataclass(frozen=True, slots=True)
class _Clause:
    text: str
    negations: tuple[tuple[int, int], ...]


def contradicted_predicates(sentence: str, quote: str) -> tuple[str, ...]:
    """Return the predicates that one of the texts negates and the other affirms.

    A predicate is what follows a negation: two Chinese characters, or an English content word.
    It counts as negated in a clause where any negation stands before it. A sentence that negates
    what its quote does not mention needs at least some negation there. A short phrase taken word
    for word from the quote, like a span answer to "what may one not do?", may leave the
    quote's negation out. O(len(sentence) + len(quote)).
    """
    said, shown = _clauses(sentence), _clauses(quote)
    said_polarities, shown_polarities = _polarities(said), _polarities(shown)
    quote_negates = any(clause.negations for clause in shown)
    found = [
        predicate
        for predicate in _negated(said)
        if not any(shown_polarities.get(_key(predicate), [quote_negates]))
    ]
    if not _is_short_phrase(sentence, quote):
        found += [
            predicate
            for predicate in _negated(shown)
            if not any(said_polarities.get(_key(predicate), [True]))
            and all(shown_polarities.get(_key(predicate), [False]))
        ]
    return tuple(dict.fromkeys(found))


def negations(text: str) -> int:
    """Return how many negations a text holds."""
    return sum(len(clause.negations) for clause in _clauses(text))


def _clauses(text: str) -> list[_Clause]:
    lowered = text.lower().replace("’", "'")
    return [
        _Clause(match[0], tuple(hit.span() for hit in _SKIPPED.finditer(match[0]) if hit[2]))
        for match in _CLAUSE.finditer(lowered)
    ]


def _negated(clauses: Sequence[_Clause]) -> Iterator[str]:
    for clause in clauses:
        for _, end in clause.negations:
            predicate = _predicate(clause.text, end)
            if predicate:
                yield predicate


def _predicate(text: str, start: int) -> str | None:
    rest = text[start : start + 60].lstrip()
    han = _HAN_PREDICATE.match(rest)
    if han:
        return han[1]
    whole_words = rest if len(rest) < 50 else rest.rpartition(" ")[0]
    words = (word for word in _WORD.findall(whole_words) if word not in _LIGHT_WORDS)
    return next(words, None)


def _polarities(clauses: Sequence[_Clause]) -> Mapping[str, list[bool]]:
    """Return for every possible predicate whether it is negated, at each of its places."""
    found: dict[str, list[bool]] = {}
    for clause in clauses:
        first = clause.negations[0][0] if clause.negations else len(clause.text)
        for match in _PREDICATE_PLACE.finditer(clause.text):
            key = match[1] or _key(match[2])
            found.setdefault(key, []).append(first < match.start())
    return found


def _key(predicate: str) -> str:
    return stem(predicate)[:_STEM] if predicate.isascii() else predicate


def _is_short_phrase(sentence: str, quote: str) -> bool:
    phrase = folded(sentence)
    return len(phrase) <= _SHORT_PHRASE * (3 if phrase.isascii() else 1) and phrase in folded(quote)
