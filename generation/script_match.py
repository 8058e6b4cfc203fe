"""How well a sentence says what an approved script says: 0 to 1, and 0 where a fact differs."""

import math
import re
from dataclasses import dataclass

from generation.facts import read_facts
from generation.folding import folded
from generation.negation import contradicted_predicates, negations
from ingestion.words import fold as stem

_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[a-z]+|[\u3400-\u9fff]+|\d+")
_LIGHT = frozenset(
    "a an the is are was were be been to of in on at for and or we you i our your it that this"
    " will can could would please do does with as by us me my"
    " 您 你 我 们 的 了 吗 呢 请 是 在 和 就 都".split()
)
# Set by hand; not yet fitted to labelled pairs.
_BIAS, _COSINE, _OVERLAP = -34.0, 35.0, 8.0
_OPPOSITES = tuple(
    tuple(pair.split("/"))
    for pair in (
        "增加/减少 提高/降低 上涨/下跌 上升/下降 免费/收费 之前/之后 以上/以下 线上/线下 以内/以外"
        " 同意/拒绝"
        " increase/decrease before/after above/below free/paid open/closed online/offline"
        " more/less more/fewer least/most minimum/maximum approved/rejected always/never"
    ).split()
)


@dataclass(frozen=True, slots=True)
class Wording:
    """A text as it is compared: what it says besides its meaning."""

    text: str
    folded: str
    grams: frozenset[str]
    surely: frozenset[str]
    perhaps: frozenset[str]
    negations: int
    opposites: frozenset[tuple[int, int]]


def wording(text: str) -> Wording:
    """Read a text for comparison. O(len(text))."""
    lowered = text.lower()
    words = set(_WORD.findall(lowered))
    opposites = frozenset(
        (number, side)
        for number, pair in enumerate(_OPPOSITES)
        for side, word in enumerate(pair)
        if (word in words if word.isascii() else word in lowered)
    )
    return Wording(
        text=text,
        folded=folded(text),
        grams=_grams(lowered),
        surely=_numbers(text, lenient=False),
        perhaps=_numbers(text, lenient=True),
        negations=negations(text),
        opposites=opposites,
    )


def match_score(sentence: Wording, script: Wording, cosine: float) -> float:
    """Return how likely a sentence may be replaced by a script's wording.

    cosine: of the two as the encoder sees them. Equal wording gives 1; another number, date, name
    in marks or code, a negation or an opposite in only one of them gives 0.
    """
    if sentence.folded == script.folded:
        return 1.0
    if differs(sentence, script):
        return 0.0
    return 1 / (1 + math.exp(-(_BIAS + _COSINE * cosine + _OVERLAP * overlap(sentence, script))))


def overlap(one: Wording, other: Wording) -> float:
    """Return the share of words and pairs of characters that two texts have in common (Dice)."""
    total = len(one.grams) + len(other.grams)
    return 2 * len(one.grams & other.grams) / total if total else 0.0


def differs(one: Wording, other: Wording) -> str:
    """Return what the texts state differently: number, negation, opposite; empty where nothing."""
    if not (one.surely <= other.perhaps and other.surely <= one.perhaps):
        return "number"
    if (one.negations - other.negations) % 2:
        return "negation"
    if one.negations and contradicted_predicates(one.text, other.text):
        return "negation"
    sides = one.opposites ^ other.opposites
    if any((number, 0) in sides and (number, 1) in sides for number, _ in sides):
        return "opposite"
    return ""


def _numbers(text: str, *, lenient: bool) -> frozenset[str]:
    facts = read_facts(text, lenient=lenient)
    dates = {
        f"{part}{value}"
        for date in facts.dates
        for part, value in (("y", date.year), ("m", date.month), ("d", date.day))
        if value is not None
    }
    names = {name for name, _ in facts.names}
    return frozenset({number.value for number in facts.numbers} | dates | names)


def _grams(lowered: str) -> frozenset[str]:
    found: set[str] = set()
    for run in _WORD.findall(lowered):
        if _HAN.match(run):
            kept = "".join(one for one in run if one not in _LIGHT)
            found.update(kept)
            found.update(kept[at : at + 2] for at in range(len(kept) - 1))
        elif run not in _LIGHT:
            found.add(stem(run))
    return frozenset(found)
