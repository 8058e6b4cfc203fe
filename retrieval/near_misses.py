"""Questions that a passage seems to answer and does not: another year, another name, a lost fact.

After the kinds of SQuAD 2.0 (Rajpurkar et al. 2018, table 2: entity swap, number swap, missing
information), made by rule, for languages that have no unanswerable questions of their own.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

import rjieba

from ingestion.records import Language

_DIGITS = re.compile(r"\d+")
_ORDINAL = re.compile(r"(?<=第)[一二三四五六七八九十]+")
_NUMERALS = "一二三四五六七八九十"
_CAPITALISED = re.compile(r"(?<=[a-z,] )[A-Z][\w'-]+(?: (?:of |the )?[A-Z][\w'-]+)*")
_MARKED = re.compile(r"(?<=《)[^《》]{2,30}(?=》)")
_NAMED = ("nr", "ns", "nt", "nz")
_TRIES = 20
_SENTENCE = {
    "zh": re.compile(r"[^。！？；\n]*[。！？；\n]?"),
    "en": re.compile(r".+?(?:[.!?] +|\n|$)"),
}
_LEAST_LEFT = 40  # characters of a passage that has lost a sentence


class Names:
    """The names that the questions of a file speak of, by kind."""

    def __init__(self, questions: Iterable[str], titles: Iterable[str], language: Language) -> None:
        self._language = language
        self._by_kind: dict[str, list[str]] = defaultdict(list)
        self._titles = frozenset(_bare(title) for title in titles if len(_bare(title)) > 1)
        for question in questions:
            for name, kind in self.of(question):
                self._by_kind[kind].append(name)

    def of(self, question: str) -> list[tuple[str, str]]:
        """Return the names in a question with their kinds, in no order."""
        found = [(title, "title") for title in self._titles if title in question]
        found.extend((name, "marked") for name in _MARKED.findall(question))
        if self._language == "en":
            return found + [(name, "name") for name in _CAPITALISED.findall(question)]
        return found + [
            (word, kind) for word, kind in rjieba.tag(question) if kind in _NAMED and len(word) > 1
        ]

    def other(self, name: str, kind: str, passage: str, rng: random.Random) -> str | None:
        """Return a name of the same kind that neither the passage nor the name holds."""
        for other in rng.choices(self._by_kind[kind], k=_TRIES):
            if other not in passage and other not in name and name not in other:
                return other
        return None


def altered(
    question: str, passage: str, beside: str, names: Names, rng: random.Random
) -> str | None:
    """Return the question with one number or name exchanged for one that the passage lacks.

    Only what stands in the passage, its title included, is exchanged, for then the passage speaks
    of something else. beside: another passage, which must lack it too. None where there is nothing
    of that kind.
    """
    texts = f"{passage}\n{beside}"
    changes = [
        (match.span(), other)
        for match in [*_DIGITS.finditer(question), *_ORDINAL.finditer(question)]
        if match[0] in passage and (other := _other_number(match[0], texts, rng))
    ]
    for name, kind in names.of(question):
        at = question.find(name)
        if name in passage and (other := names.other(name, kind, texts, rng)):
            changes.append(((at, at + len(name)), other))
    if not changes:
        return None
    (start, end), other = rng.choice(changes)
    return question[:start] + other + question[end:]


def without_answer(passage: str, answers: Sequence[str], language: Language) -> str | None:
    """Return the passage without the sentences that hold an answer; None if little is left."""
    kept = "".join(
        sentence
        for sentence in _SENTENCE[language].findall(passage)
        if not any(answer in sentence for answer in answers)
    )
    lost = any(answer in kept for answer in answers)
    return None if lost or len(kept) < _LEAST_LEFT or len(kept) == len(passage) else kept


def _other_number(number: str, passage: str, rng: random.Random) -> str | None:
    for _ in range(_TRIES):
        if number[0] in _NUMERALS:
            other = rng.choice(_NUMERALS)
        elif len(number) == 4:  # a year, as a rule
            other = str(max(1, int(number) + rng.choice((-1, 1)) * rng.randint(1, 20)))
        else:
            other = str(rng.randint(1, 2 * int(number) + 3))
        if other != number and other not in passage:
            return other
    return None


def _bare(title: str) -> str:
    return re.split(r"[(（_]", title)[0].replace("_", " ").strip()
