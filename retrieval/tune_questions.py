"""Questions made of a collection's own text, to tune its search with.

A question made of a sentence has its words, and would reward the search that looks for words. So
the rarest words of every question are left out: what is left has to be found by common words and by
meaning, as a question of somebody who does not know the text has to be.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import rjieba

_SENTENCE = re.compile(r"[^。！？!?\n]{12,160}[。！？!?]?")
_HAN = re.compile(r"[\u3400-\u9fff]")
_NUMERAL = r"(?:\d[\d,.]*|[一二三四五六七八九十百千万亿两]+)"
_UNIT = "年|个月|月|日|天|小时|分钟|元|人|次|倍|册|个|条|项|公里|米|平方米|%"
# What is asked for, first match first; the group is put in its place.
_CHINESE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\d{4}年(?:\d{1,2}月)?(?:\d{1,2}日)?"), "什么时候"),
    (re.compile(rf"(?<!第){_NUMERAL}(?:万|亿)?({_UNIT})"), r"多少\1"),
    (re.compile(r"由[^，。；由]{2,16}(?=负责|主管|组成|决定|批准)"), "由谁"),
    (re.compile(r"位于[^，。；]{2,20}"), "位于哪里"),
    (re.compile(r"(是指|包括|应当|不得|可以|是|称为)[^，。；]{3,60}"), r"\1什么"),
)
_ENGLISH: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(?:in|on|since|until|by)\s+(?:\w+\s+\d{1,2},\s*)?\d{4}\b", re.I), "when"),
    (re.compile(r"\b\d[\d,.]*\s+([a-z]+)", re.I), r"how many \1"),
    (re.compile(r"\bby\s+(?:[A-Z][\w'-]*\s?){1,4}"), "by whom "),
    (re.compile(r"\b(?:in|at)\s+(?:the\s+)?(?:[A-Z][\w'-]*\s?){1,4}"), "where "),
    (re.compile(r"\b(is|are|was|were|must|may|can)\s+[^,.;]{6,100}"), r"\1 what"),
)
_LEFT_OUT = 0.34  # of a question's words, the rarest
_FEWEST_WORDS = 3
_ASKING = frozenset("什么 什么时候 时候 多少 谁 哪里 how many when what whom where by".split())
_WORD = re.compile(r"[A-Za-z0-9][\w'-]*")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question made of a sentence, and where that stands: half-open code points of its text."""

    question: str
    start: int
    end: int


def cloze(sentence: str) -> str | None:
    """Return a sentence as a question for one of its facts; None if it states none of the kind."""
    is_chinese = _HAN.search(sentence) is not None
    for pattern, asked in _CHINESE if is_chinese else _ENGLISH:
        question, count = pattern.subn(asked, sentence, count=1)
        if count:
            return question.rstrip("。！？!?.;； \n") + ("？" if is_chinese else "?")
    return None


def questions_of(text: str) -> list[str]:
    """Return the questions that the sentences of a text make, in their order."""
    return [asked.question for asked in asked_of(text)]


def asked_of(text: str) -> list[Asked]:
    """Return the questions that the sentences of a text make, with their sentences' places."""
    made = ((cloze(match[0].strip()), match.span()) for match in _SENTENCE.finditer(text))
    return [Asked(question, *span) for question, span in made if question is not None]


def question_words(text: str) -> list[str]:
    """Return the words of a question, those of Chinese as a dictionary parts them."""
    return [word for word in rjieba.cut(text, True) if _HAN.search(word) or _WORD.fullmatch(word)]


def without_rare_words(
    question: str, holding: Mapping[str, int], share: float = _LEFT_OUT
) -> str | None:
    """Return a question without its rarest words; None if too little is left.

    holding: by word, how many texts of the collection hold it. share: of the words, left out.
    """
    words = [word for word in dict.fromkeys(question_words(question)) if word not in _ASKING]
    rarest = sorted(words, key=lambda word: (holding.get(word.lower(), 0), -len(word)))
    dropped = set(rarest[: math.ceil(len(words) * share)])
    if len(words) - len(dropped) < _FEWEST_WORDS:
        return None
    kept = [word for word in rjieba.cut(question, True) if word not in dropped]
    return re.sub(r"\s{2,}", " ", "".join(kept)).strip()


def words_held(texts: Sequence[str]) -> Counter[str]:
    """Return by word, folded, how many of the texts hold it."""
    holding: Counter[str] = Counter()
    for text in texts:
        holding.update({word.lower() for word in question_words(text)})
    return holding
