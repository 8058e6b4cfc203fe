"""Tell whether a question speaks of what its passage does not: another year, another name.

A reader finds the place that looks like an answer; whether it is the right company's or the right
year's is easily missed. Numbers and names are compared as written.
"""

import re

import rjieba

from ingestion.numerals import arabic
from retrieval.terms import fold

_HAN = re.compile(r"[\u3400-\u9fff]")
_DIGITS = re.compile(r"\d+")
_CAPITALISED = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z][\w'’-]*\w")
_NAMED = frozenset("nr nrt ns nt nz eng".split())
_SHORTEST = 2  # characters of a Chinese name
_NOT_NAMES = frozenset("the a an who what when where why which how".split())


def has_strange_number(question: str, text: str) -> bool:
    """Tell whether a number of the question stands nowhere in the text, however it is written."""
    asked = _DIGITS.findall(arabic(question, lenient=False))
    if not asked:
        return False
    held = set(_DIGITS.findall(arabic(text, lenient=True)))
    return any(number not in held for number in asked)


def has_strange_name(question: str, text: str) -> bool:
    """Tell whether a name of the question stands nowhere in the text.

    Names are what a dictionary and the form of the words call so, hence not all. False where the
    text is in another language, in which names are written otherwise.
    """
    if bool(_HAN.search(question)) != bool(_HAN.search(text)):
        return False
    held = fold(text)
    return any(fold(name) not in held for name in _names(question))


def _names(question: str) -> list[str]:
    if _HAN.search(question):
        tagged = rjieba.tag(fold(question))
        return [word for word, kind in tagged if kind in _NAMED and len(word) >= _SHORTEST]
    found = (re.sub("['’]s$", "", name) for name in _CAPITALISED.findall(question))
    return [name for name in found if name.lower() not in _NOT_NAMES]
