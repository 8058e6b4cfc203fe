"""How well a sentence says what an approved script says: 0 to 1, and 0 where a fact differs.

The score is a logistic regression on the encoder's cosine, the share of the script's words that the
sentence has, and how many content words it has that the script knows nothing of. It was fitted to
labelled sentences (`youju calibrate scripts`).
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from sys import intern

from generation.event_order import Order
from generation.folding import folded
from generation.negation import contradicted_predicates
from generation.script_wording import OPPOSITES, Statement, Wording, grams, statement

_BEGINNING = 4  # letters that an English word shares with another form of it
_PLAIN = ("opposite", "order")
_TIMES = frozenset({"之前", "before"})


@dataclass(frozen=True, slots=True)
class Weights:
    """What each part adds to the logit of a score."""

    bias: float
    cosine: float
    covered: float
    foreign: float


FITTED = Weights(bias=-21.2, cosine=24.7, covered=6.7, foreign=-1.84)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How a sentence and a script are alike. same: in one of its very wordings.

    cosine: the highest of the script's wordings. covered: the share of the script's words that the
    sentence has. foreign: how many of its content words the script has nothing of.
    """

    cosine: float
    covered: float
    foreign: int
    same: bool

    def score(self, weights: Weights = FITTED) -> float:
        """Return how likely the script may stand for the sentence, 1 for its own wording."""
        if self.same:
            return 1.0
        logit = weights.bias + weights.cosine * self.cosine
        logit += weights.covered * self.covered + weights.foreign * self.foreign
        return 1 / (1 + math.exp(-logit))


class ScriptReading:
    """A script as sentences are compared with it. What takes time is read when it is needed."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = tuple(texts)

    @cached_property
    def folded(self) -> frozenset[str]:
        """Return all wordings without signs and spaces."""
        return frozenset(map(folded, self._texts))

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """Return what every wording states."""
        return tuple(statement(text) for text in self._texts)

    @cached_property
    def weights(self) -> Mapping[str, float]:
        """Return how much each word says of the script, 1 in all: most where all wordings have it.

        The weight falls with the square of the share of wordings that have the word.
        """
        # Scripts have most words in common: each is kept once.
        count = Counter(intern(gram) for text in self._texts for gram in grams(text.lower()))
        total = sum(times**2 for times in count.values())
        return {gram: times**2 / total for gram, times in count.items()}

    @cached_property
    def beginnings(self) -> frozenset[str]:
        """Return how the script's words begin."""
        return frozenset(intern(gram[:_BEGINNING]) for gram in self.weights)

    def prepare(self) -> None:
        """Read all of it now."""
        _ = self.folded, self.statements, self.weights, self.beginnings

    def knows(self, word: Iterable[str]) -> bool:
        """Tell whether the script has a content word, a part of it or another form of it."""
        return any(g in self.weights or g[:_BEGINNING] in self.beginnings for g in word)


def likeness(sentence: Wording, script: ScriptReading, cosine: float) -> Likeness:
    """Return how alike a sentence and a script are; whether a fact differs is not looked at."""
    return Likeness(
        cosine=cosine,
        covered=sum(script.weights.get(gram, 0.0) for gram in sentence.grams),
        foreign=sum(not script.knows(word) for word in sentence.words),
        same=sentence.folded in script.folded,
    )


def difference(sentence: Wording, script: ScriptReading) -> str:
    """Return what a sentence states differently than a script; empty where nothing.

    A sentence that agrees with one wording may differ from others in numbers or negations, which
    these may lack; but no wording may state the opposite, or another order of events.
    """
    if sentence.folded in script.folded:
        return ""
    found = [differs(sentence.statement, one) for one in script.statements]
    if all(found):
        return found[0]
    return next((what for what in found if what in _PLAIN), "")


def differs(one: Statement, other: Statement) -> str:
    """Return what the texts state differently: number, negation, opposite, order or limit."""
    if not (one.surely <= other.perhaps and other.surely <= one.perhaps):
        return "number"
    if (one.negations - other.negations) % 2:
        return "negation"
    if one.negations and contradicted_predicates(one.text, other.text):
        return "negation"
    if _opposed(one, other):
        return "opposite"
    if one.order and other.order and _reversed(one.order, other.order):
        return "order"
    return "limit" if one.limits != other.limits else ""


def _opposed(one: Statement, other: Statement) -> bool:
    sides = one.opposites ^ other.opposites
    pairs = {pair for pair, _ in sides if {(pair, 0), (pair, 1)} <= sides}
    if one.order and other.order:
        # 之前 of one event is 之后 of the other: who is first is what tells.
        pairs = {pair for pair in pairs if OPPOSITES[pair][0] not in _TIMES}
    return bool(pairs)


def _reversed(one: Order, other: Order) -> bool:
    crossed = min(_dice(one.first, other.second), _dice(one.second, other.first))
    return crossed > max(_dice(one.first, other.first), _dice(one.second, other.second))


def _dice(one: str, other: str) -> float:
    mine, theirs = grams(one), grams(other)
    total = len(mine) + len(theirs)
    return 2 * len(mine & theirs) / total if total else 0.0
