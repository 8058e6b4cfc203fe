"""Measures of an answer's words and of its citations, for Chinese and English.

Words are compared the way each language's benchmark does it: SQuAD (Rajpurkar et al. 2016) by
words without articles and punctuation; CMRC 2018 (Cui et al. 2019) by single Han characters, with
runs of Latin letters and digits kept whole and punctuation dropped. Two things differ from the
CMRC original: full-width forms are folded (NFKC), and "3.5" stays apart from "35".
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from ingestion.records import Language

_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA = "\u3040-\u30ff"
_HAN_CHARACTER = re.compile(f"[{_HAN}]")
_CHINESE_TOKEN = re.compile(
    rf"[{_HAN}{_KANA}]|(?:(?![{_HAN}{_KANA}])[^\W_])+(?:[.,]\d(?:(?![{_HAN}{_KANA}])[^\W_])*)*"
)
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


def language_of(question: str) -> Language:
    """Return the rules to score by: "zh" where the question has a Han character, else "en"."""
    return "zh" if _HAN_CHARACTER.search(question) else "en"


def answer_tokens(text: str, language: Language) -> list[str]:
    """Return the comparable tokens of a text: one per Han character (zh), word or number."""
    if language == "en":
        bare = text.lower().translate(_WITHOUT_PUNCTUATION)
        return _ARTICLES.sub(" ", bare).split()
    return _CHINESE_TOKEN.findall(unicodedata.normalize("NFKC", text).lower())


def exact_match(prediction: str, answers: Sequence[str], language: Language) -> float:
    """1.0 if the prediction equals one of the gold answers token by token, else 0.0.

    An empty prediction (a refusal) never matches. Raises ValueError without gold answers.
    """
    _require_answers(answers)
    predicted = answer_tokens(prediction, language)
    equal = any(predicted == answer_tokens(answer, language) for answer in answers)
    return float(bool(predicted) and equal)


def token_f1(prediction: str, answers: Sequence[str], language: Language) -> float:
    """Best F1 over the gold answers, tokens as bags (SQuAD). Raises as `exact_match` does."""
    return _best(prediction, answers, language, _shared_tokens)


def longest_run_f1(prediction: str, answers: Sequence[str], language: Language) -> float:
    """Best F1 over the gold answers by the longest common run of tokens (CMRC 2018's own).

    Never above `token_f1`. O(prediction · answer) tokens. Raises as `exact_match` does.
    """
    return _best(prediction, answers, language, _longest_run)


def overlaps_gold(quote: str, text: str, answers: Sequence[str]) -> bool:
    """Tell whether the quote touches a gold answer inside the text it was taken from.

    True where the quote contains an answer, or where an occurrence of the quote in the text
    shares a character with an occurrence of an answer. White space and width don't count.
    """
    folded_quote, folded_text = _folded(quote), _folded(text)
    folded_answers = [folded for answer in answers if (folded := _folded(answer))]
    if not folded_quote:
        return False
    if any(answer in folded_quote for answer in folded_answers):
        return True
    gold = [span for answer in folded_answers for span in _occurrences(answer, folded_text)]
    quoted = _occurrences(folded_quote, folded_text)
    return any(start < right and left < end for start, end in quoted for left, right in gold)


def locatable(texts: Sequence[str], answers: Sequence[str]) -> bool:
    """Tell whether a gold answer stands word for word in one of the texts.

    Where none does (a free-form gold answer), no span can be called right or wrong.
    """
    folded_texts = [_folded(text) for text in texts]
    return any(
        folded in text for answer in answers if (folded := _folded(answer)) for text in folded_texts
    )


def _best(
    prediction: str,
    answers: Sequence[str],
    language: Language,
    shared: Callable[[Sequence[str], Sequence[str]], int],
) -> float:
    _require_answers(answers)
    predicted = answer_tokens(prediction, language)
    gold = [answer_tokens(answer, language) for answer in answers]
    return max(_f1(shared(predicted, tokens), len(predicted), len(tokens)) for tokens in gold)


def _f1(shared: int, predicted: int, gold: int) -> float:
    return 2 * shared / (predicted + gold) if shared else 0.0


def _shared_tokens(left: Sequence[str], right: Sequence[str]) -> int:
    return (Counter(left) & Counter(right)).total()


def _longest_run(left: Sequence[str], right: Sequence[str]) -> int:
    longest = 0
    row = [0] * (len(right) + 1)
    for token in left:
        previous = row
        row = [0] * (len(right) + 1)
        for column, other in enumerate(right):
            if token == other:
                row[column + 1] = previous[column] + 1
                longest = max(longest, row[column + 1])
    return longest


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def _occurrences(needle: str, text: str) -> list[tuple[int, int]]:
    starts = (match.start() for match in re.finditer(f"(?={re.escape(needle)})", text))
    return [(start, start + len(needle)) for start in starts]


def _require_answers(answers: Sequence[str]) -> None:
    if not answers:
        raise ValueError("no gold answers: score the question as unanswerable")
