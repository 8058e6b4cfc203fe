"""One tokenisation for index and query: Chinese characters and pairs, English stems, numbers."""

import re
import threading
import unicodedata
from functools import cache

import rjieba
from opencc import OpenCC
from Stemmer import Stemmer

from ingestion.numerals import arabic

_TOKEN = re.compile(r"[a-z0-9]+(?:[.\-_/][a-z0-9]+)*|[\u3400-\u9fff\U00020000-\U0003ffff]+|[^\W_]+")
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_NUMBER = re.compile(r"[\d.]+$")
_INNER = re.compile(r"[.\-_/]")

_STEMMERS = threading.local()  # one must not be shared between threads


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


def fold(text: str) -> str:
    """Return text in the form terms are compared in: NFKC, lower case, simplified characters."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return str(_simplifier().convert(folded)) if _HAN.search(folded) else folded


def terms(text: str) -> list[str]:
    """Return the terms of a text, in order, repeated as often as they occur.

    Numbers are compared as numbers: 第三十八条 gives what 第38条 does. Of Chinese runs every
    character and every pair of neighbours is a term (Nie, Gao, Zhang and Zhou 2000): no dictionary
    has to know a name, one wrong character costs two pairs, and on statutes and news it finds more
    than words do (docs/benchmarks.md). English words are stemmed (Porter 2001). Identifiers such
    as `gb/t-2023` stay whole and also give their parts. O(length).
    """
    found: list[str] = []
    for match in _TOKEN.finditer(fold(arabic(text, lenient=False))):
        token = match.group()
        if _HAN.match(token):
            found.extend(token)
            found.extend(token[at : at + 2] for at in range(len(token) - 1))
            continue
        found.append(stem(token))
        if _INNER.search(token) and not _NUMBER.match(token):
            found.extend(stem(part) for part in _INNER.split(token) if part)
    return found


def words(text: str) -> list[str]:
    """Return the words of a text as a dictionary parts them, in search mode, for sentences.

    消费者权益 also gives 消费者 and 权益. rjieba cuts as jieba does, 13 times faster. O(length).
    """
    found: list[str] = []
    for match in _TOKEN.finditer(fold(text)):
        token = match.group()
        if _HAN.match(token):
            found.extend(rjieba.cut_for_search(token, False))
        else:
            found.append(token)
            if _INNER.search(token) and not _NUMBER.match(token):
                found.extend(part for part in _INNER.split(token) if part)
    return found


def stem(token: str) -> str:
    """Return the stem of an English word, anything else as it is."""
    if not (token.isascii() and token.isalpha()):
        return token
    stemmer = getattr(_STEMMERS, "english", None)
    if stemmer is None:
        stemmer = _STEMMERS.english = Stemmer("english")
    return str(stemmer.stemWord(token))
