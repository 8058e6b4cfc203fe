"""Tell in which language to answer a question."""

import re

from generation.prompt import Language

_QUOTED = re.compile(r"《[^《》]{0,200}》|“[^“”]{0,200}”|「[^「」]{0,200}」|\"[^\"]{0,200}\"")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")
_LATIN_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?")
_CHINESE_ASKING = re.compile(r"什么|怎么|怎样|如何|为何|多少|哪|谁|几|吗|呢")
_CHINESE_SIGNS = re.compile(r"请|是|的|了|在|有|能|可以|应|与|和|吧")
_ENGLISH_ASKING = frozenset("how what when where which who whom whose why".split())
_ENGLISH_SIGNS = frozenset(
    "a an and are be can could did do does for from had has have in is it may must of on or"
    " shall should tell that the there this to was were will with would".split()
)


def question_language(question: str, *, default: Language = "zh") -> Language:
    """Return the language a question is asked in, whatever names and titles it quotes.

    Quoted titles do not count where anything else is left. Where both scripts occur, the one
    with more function words wins (words that ask count twice), and where that does not tell, the
    one with more words (a Chinese word is about two characters). A question without letters gets
    `default`.
    """
    unquoted = _QUOTED.sub(" ", question)
    text = unquoted if _has_letters(unquoted) else question
    han = len(_HAN.findall(text))
    words = [word.casefold() for word in _LATIN_WORD.findall(text)]
    if not han and not words:
        return default
    if not han or not words:
        return "zh" if han else "en"
    chinese = 2 * len(_CHINESE_ASKING.findall(text)) + len(_CHINESE_SIGNS.findall(text))
    english = sum(2 * (word in _ENGLISH_ASKING) + (word in _ENGLISH_SIGNS) for word in words)
    if chinese != english:
        return "zh" if chinese > english else "en"
    return "zh" if han >= 2 * len(words) else "en"


def _has_letters(text: str) -> bool:
    return bool(_HAN.search(text) or _LATIN_WORD.search(text))
