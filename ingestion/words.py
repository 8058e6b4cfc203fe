"""Content words of Chinese and English text, with offsets and how much each one says.

Chinese is segmented by rjieba (jieba in Rust); its dictionary also gives the parts of speech, and
the frequencies from which a word's weight follows. English has a list of stop words only.
"""

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import rjieba

from ingestion import stop_words

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")
_ENGLISH = re.compile(r"[^\W\d_][\w+#]*(?:['’.&-][\w+#]+)*")
_HAN_SHARE = 0.1  # of the characters, from which a text is segmented as Chinese

# Parts of speech as jieba names them: particles, prepositions, conjunctions, adverbs, pronouns,
# numerals, measures, interjections, directions, times, and whatever is not a word.
_FUNCTION_TAG = re.compile(r"u\w?|p|c|d[gf]?|r[rzg]?|m[qg]?|[qyeofkhx]|tg?")
# Verbs, adjectives, states, places, distinguishing words; but a verb used as a noun is one.
_WEAK_TAG = re.compile(r"v[dgiq]?|a[dg]?|[zsb]")
_WEAK = 0.5  # a verb or adjective says less than a noun
_LOG_TOTAL = math.log(60_101_967)  # of the frequencies in jieba's dictionary
_SEEN, _RAREST = 20, 15.0


class Word(NamedTuple):
    """One content word: `text[start:end]`. `term` is its folded form, `weight` from 0 to 1.

    weak: a verb, adjective or adverb, at which a phrase hardly begins or ends.
    """

    term: str
    start: int
    end: int
    weight: float
    weak: bool


def content_words(text: str) -> list[Word]:
    """Return the content words of a text in order, with offsets into it.

    Text with a tenth of Han characters is segmented as Chinese, which also finds the Latin words
    in it; other text is read as English. Numbers and single Han characters are left out.
    """
    return list(_chinese(text) if is_chinese(text) else _english(text))


def is_chinese(text: str) -> bool:
    """Tell whether at least a tenth of the characters are Han."""
    return len(_HAN.findall(text)) >= _HAN_SHARE * len(text) > 0


def _chinese(text: str) -> Iterator[Word]:
    end = 0
    for word, tag in rjieba.tag(text):
        start, end = end, end + len(word)
        if _FUNCTION_TAG.fullmatch(tag) or len(word) < 2 or word in stop_words.CHINESE:
            continue
        term = fold(word) if word.isascii() else word
        if term in stop_words.ENGLISH or not _LETTER.search(word):
            continue
        weak = _WEAK_TAG.fullmatch(tag) is not None
        yield Word(term, start, end, _rarity(word) * (_WEAK if weak else 1.0), weak)


@lru_cache(maxsize=1 << 16)
def _rarity(word: str) -> float:
    """Return how rare a word is in Chinese at large, from 0 to 1.

    Unknown words count as rare, not as rarest, for some are slips of the segmenter.
    """
    frequency = max(rjieba.suggest_freq(word), _SEEN)
    return min(_LOG_TOTAL - math.log(frequency), _RAREST) / _RAREST


def _english(text: str) -> Iterator[Word]:
    for match in _ENGLISH.finditer(text):
        word = match.group()
        lowered = word.lower()
        if lowered in stop_words.ENGLISH or (len(word) < 3 and not word.isupper()) or len(word) < 2:
            continue
        # Without corpus frequencies: longer words and names are rarer, adverbs say little.
        weight = 0.4 + 0.05 * min(len(word), 10) + 0.1 * (not word.islower())
        weak = lowered.endswith("ly")
        yield Word(fold(word), match.start(), match.end(), weight * (_WEAK if weak else 1.0), weak)


def fold(word: str) -> str:
    """Return a Latin word in lower case without its possessive or plural ending."""
    folded = word.lower().replace("’", "'").removesuffix("'s")
    if len(folded) > 4 and folded.endswith("ies"):
        return folded[:-3] + "y"
    if len(folded) > 3 and folded.endswith("s") and not folded.endswith(("ss", "us", "is")):
        return folded[:-1]
    return folded
