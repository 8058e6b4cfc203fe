"""Read Chinese typed as pinyin: laodong hetong is 劳动合同 where a collection says so.

The characters are those that most likely follow one another in the collection's own text, found by
a beam over the syllables (Viterbi 1967). Its index is the only dictionary: nothing is kept beside
it, and what documents bring or take is known at once.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from pypinyin.constants import PHRASES_DICT

from retrieval.syllables import by_sound
from retrieval.terms import fold, terms

Holding = Callable[[str], int]
"""Tells how many rows hold a term."""

_TOKEN = re.compile(r"[a-zü']+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_LEAST_LETTERS, _LEAST_SYLLABLES, _MOST_LETTERS = 4, 2, 240
_LEAST_SHARE = 0.7
_BEAM, _CHOICES, _LONGEST = 16, 48, 6
_UNSEEN = math.log(1e-4)
_COMMON = 0.3  # rows, of a pair that is only in the dictionary
_LEAST_SEEN = 0.6


@dataclass(frozen=True, slots=True)
class _Path:
    """Characters so far. seen: how many of their pairs the collection holds."""

    text: str
    score: float
    seen: int


def read_pinyin(question: str, holding: Holding) -> str | None:
    """Return the question, folded, with its pinyin as Chinese; None: it has none that fits.

    A run of Latin words is pinyin if it is made of two syllables or more, the collection does not
    know all of its words as they are, and most pairs of the characters found are known. In a
    question without Chinese, most letters must be pinyin. O(syllables · choices · beam).
    """
    asked = fold(question)
    words = list(_TOKEN.finditer(asked))
    runs = [run for run in _runs(asked, words) if _is_unknown(run, holding)]
    if not _HAN.search(asked):
        letters = sum(len(word.group()) for word in words)
        if sum(len(word.group()) for run in runs for word in run) < _LEAST_SHARE * letters:
            return None
    parts, last = [], 0
    for run in runs:
        read = _read([word.group() for word in run], holding)
        if read is not None:
            parts += [asked[last : run[0].start()], read]
            last = run[-1].end()
    return "".join([*parts, asked[last:]]) if parts else None


def _runs(text: str, words: Sequence[re.Match[str]]) -> list[list[re.Match[str]]]:
    """Return the words that may be pinyin, together where only blanks part them."""
    runs: list[list[re.Match[str]]] = []
    for word in words:
        if not _is_pinyin(word.group()):
            continue
        if runs and text[runs[-1][-1].end() : word.start()].isspace():
            runs[-1].append(word)
        else:
            runs.append([word])
    return runs


def _is_unknown(run: Sequence[re.Match[str]], holding: Holding) -> bool:
    letters = sum(len(word.group()) for word in run)
    if not _LEAST_LETTERS <= letters <= _MOST_LETTERS:
        return False
    return not all(holding(term) for word in run for term in terms(word.group()))


def _is_pinyin(token: str) -> bool:
    return bool(_syllables_at(token).get(len(token)))


def _syllables_at(token: str) -> Mapping[int, Sequence[int]]:
    """Return, by each place that whole syllables reach, where the last of these may begin."""
    found: dict[int, list[int]] = {0: [0]}
    for end in range(1, len(token) + 1):
        starts = [
            start
            for start in range(max(0, end - _LONGEST - 1), end)
            if start in found and token[start:end].strip("'").replace("ü", "v") in by_sound()
        ]
        if starts:
            found[end] = starts
    return found


def _read(tokens: Iterable[str], holding: Holding) -> str | None:
    paths = [_Path("", 0.0, 0)]
    for token in tokens:
        places = _syllables_at(token)
        reached = {0: paths}
        for end in sorted(place for place in places if place):
            longer = (
                one
                for start in places[end]
                for one in _extended(reached[start], token[start:end], holding)
            )
            reached[end] = _best(longer)
        paths = reached[len(token)]
    best = next(iter(paths), None)
    if best is None or len(best.text) < _LEAST_SYLLABLES:
        return None
    return best.text if best.seen >= _LEAST_SEEN * (len(best.text) - 1) else None


def _best(paths: Iterable[_Path]) -> list[_Path]:
    """Return the best paths, one for each last character: what follows depends on that alone."""
    found: dict[str, _Path] = {}
    for path in sorted(paths, key=lambda path: (-path.score, path.text)):
        if found.setdefault(path.text[-1:], path) is path and len(found) == _BEAM:
            break
    return list(found.values())


def _extended(paths: Sequence[_Path], syllable: str, holding: Holding) -> Iterable[_Path]:
    characters = by_sound()[syllable.strip("'").replace("ü", "v")]
    counted = sorted(((holding(one), one) for one in characters), reverse=True)[:_CHOICES]
    known = [(count, one) for count, one in counted if count]
    total = sum(count for count, _ in known) or 1
    for path in paths:
        before = path.text[-1:]
        held = holding(before) if before else 0
        for count, one in known:
            pair = holding(before + one) if before else 0.0
            if not pair and before + one in _common_pairs():
                pair = _COMMON
            score = math.log(count / total)
            if before:
                score = math.log(pair / held) if pair else _UNSEEN + score
            yield _Path(path.text + one, path.score + min(score, 0.0), path.seen + bool(pair))


@cache
def _common_pairs() -> frozenset[str]:
    """Return the pairs of neighbours in phrases: questions say what documents need not."""
    return frozenset(
        phrase[at : at + 2] for phrase in PHRASES_DICT for at in range(len(phrase) - 1)
    )
