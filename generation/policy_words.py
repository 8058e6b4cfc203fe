"""Why a policy decided as it did, in the words of the answer's language."""

from collections.abc import Mapping

from generation.prompt import Language

_WORDS: Mapping[str, Mapping[Language, str]] = {
    "replaced": {
        "en": "replaced by the approved script {script}",
        "zh": "已换成核准的话术 {script}",
    },
    "none": {
        "en": "no approved script can be used here",
        "zh": "这里没有可用的核准话术",
    },
    "below": {
        "en": "no approved script matches: {score:.2f} of {threshold:.2f}",
        "zh": "没有匹配的核准话术：{score:.2f}，至少要 {threshold:.2f}",
    },
    "number": {
        "en": "the nearest approved script differs in a number",
        "zh": "与最接近的核准话术数字不同",
    },
    "negation": {
        "en": "the nearest approved script differs in a negation",
        "zh": "与最接近的核准话术一个肯定、一个否定",
    },
    "opposite": {
        "en": "the nearest approved script differs in an opposite",
        "zh": "与最接近的核准话术意思相反",
    },
    "order": {
        "en": "the nearest approved script has its events in another order",
        "zh": "与最接近的核准话术先后次序不同",
    },
    "limit": {
        "en": "the nearest approved script differs in what it is limited to",
        "zh": "与最接近的核准话术限定的范围不同",
    },
    "other": {
        "en": "the nearest approved script states something else",
        "zh": "与最接近的核准话术说法不同",
    },
}


def replaced(language: Language, *, script: str) -> str:
    """Return why an approved script (by its id) stands in an answer's place."""
    return _WORDS["replaced"][language].format(script=script)


def unmatched(
    language: Language, *, differs: str = "", score: float | None = None, threshold: float = 0.0
) -> str:
    """Return why no approved script matches.

    differs: what the nearest one states differently, as `script_match.differs` names it; score:
    of the nearest, None: there is none.
    """
    if score is None:
        return _WORDS["none"][language]
    words = _WORDS.get(differs or "below", _WORDS["other"])[language]
    return words.format(score=score, threshold=threshold)
