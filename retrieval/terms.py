"""One tokenisation for index and query: Chinese words in search mode, Latin words, numbers."""

import re
import unicodedata
from functools import cache

import rjieba
from opencc import OpenCC

_TOKEN = re.compile(r"[a-z0-9]+(?:[.\-_/][a-z0-9]+)*|[\u3400-\u9fff\U00020000-\U0003ffff]+|[^\W_]+")
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_NUMBER = re.compile(r"[\d.]+$")
_INNER = re.compile(r"[.\-_/]")


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


def fold(text: str) -> str:
    """Return text in the form terms are compared in: NFKC, lower case, simplified characters."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return str(_simplifier().convert(folded)) if _HAN.search(folded) else folded


def terms(text: str) -> list[str]:
    """Return the terms of a text, in order, repeated as often as they occur.

    Chinese runs are cut by dictionary in search mode, so that 消费者权益 also gives 消费者 and
    权益; words that no dictionary knows fall apart into characters and still match. Identifiers
    such as `gb/t-2023` stay whole and also give their parts. rjieba cuts as jieba does, 13 times
    faster. O(length).
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
