"""Take a compound question apart, by rules: several things asked of, or several questions in one.

A question that no rule takes apart for certain stays whole: half a question finds the wrong thing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_MOST_PARTS = 4
_SHORTEST = 2
# 共和国, 总和, 参与, 及时 and the like hold the characters, and join nothing.
_AND = (
    r"(?:以及|(?<![共温平缓饱总柔谐调])和(?![平谐解睦气约])|(?<![参给赋授])与(?![会其])|跟(?!踪))"
)
_AND_ZH = re.compile(_AND)
_LISTED = re.compile(rf"、|{_AND}")
_ASKS_ZH = (
    r"什么|多少|谁|哪|几[天个年月次人条种小]|何[时地人处为]"
    r"|怎[么样]|如何|多[久长大高远]|吗|是否|能否"
)
_ASKS = re.compile(
    rf"(?:{_ASKS_ZH})|\b(?:what|who|whom|whose|when|where|which|how|why)\b", re.IGNORECASE
)
_EACH_ZH = re.compile(r"^(?P<items>[^，。？?；]+?)(?:分别|各自)(?P<rest>[^，。；]+)$")
_TELL_EACH_ZH = re.compile(
    r"^(?:请)?(?:分别|逐一)(?P<verb>说明|介绍|解释|列出|描述)(?:一下)?(?P<items>[^，。；]+?)[。？?]?$"
)
_COMPARED_ZH = (
    rf"^(?:请)?(?:比较|对比)(?:一下)?(?P<a>[^，。？]+?){_AND}(?P<b>[^，。？]+?)"
    r"(?P<of>的[^的]+?)?[。？?]?$"
)
_DIFFERENCE_ZH = (
    rf"^(?P<a>[^，。？]+?){_AND}(?P<b>[^，。？]+?)(?:之间)?(?:的|有什么|有何|有哪些)"
    r"(?P<of>)(?:主要)?(?:区别|不同|差别|差异|异同)"
)
_COMPARED_EN = (
    r"^(?:please )?compare (?P<a>.+?) (?:and|with|to) (?P<b>.+?)"
    r"(?: (?:in terms of|by|on) (?P<of>.+?))?[.?]?$"
)
_DIFFERENCE_EN = r"\bdifferences? between (?P<a>.+?) and (?P<b>.+?)(?P<of>)[.?]?$"
_COMPARED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (_COMPARED_ZH, _DIFFERENCE_ZH, _COMPARED_EN, _DIFFERENCE_EN)
)
_EACH_EN = re.compile(
    r"^(?P<head>.+\b(?:of|for|in|by|did|do|does|were|was|are|is) )(?P<a>.+?),? and "
    r"(?:(?:of|for|in|by) )?(?P<b>.+?)(?P<verb> (?:\w+ed|born|built|won|made|held))?"
    r",? respectively[.?]?$",
    re.IGNORECASE,
)
_BETWEEN_QUESTIONS = re.compile(r"(?<=[？?])\s*(?=\S)")
_BETWEEN_CLAUSES_ZH = re.compile(
    r"(?<![下时后前中里])[，,；;]\s*(?:以及|还有|并且|同时|另外|此外|而且|那么)?|以及|并且|还有"
)
_BETWEEN_CLAUSES_EN = re.compile(
    r",? and (?=(?:what|who|whom|whose|when|where|which|how|why)\b)", re.IGNORECASE
)
_STARTS_ASKING_EN = re.compile(
    r"^(?:(?:in|on|at|by|for|to|of|from|with) )?(?:what|who|whom|whose|when|where|which|how|why)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The parts of a question, in its order; fewer than two: it is one.

    apart: whether the parts together ask what the whole does, so that each may be answered by
    itself. Of a comparison they are only what has to be found.
    """

    parts: tuple[str, ...] = ()
    apart: bool = True


def decompose(question: str) -> Decomposition:
    """Return the two to four parts of a compound question, or none. O(characters)."""
    question = question.strip()
    for pattern in _COMPARED:
        if match := pattern.search(question):
            of = match["of"] or ""
            joint = "" if of.startswith("的") or not of else " "
            sides = (match["a"].strip(), match["b"].strip())
            return _checked([side + joint + of for side in sides], apart=False)
    for split in (_questions, _each_zh, _told_zh, _each_en, _clauses_zh, _clauses_en):
        parts = split(question)
        if len(parts) > 1:
            return _checked(parts, apart=True)
    return Decomposition()


def _checked(parts: Sequence[str], *, apart: bool) -> Decomposition:
    kept = tuple(dict.fromkeys(part.strip() for part in parts))
    if not 1 < len(kept) <= _MOST_PARTS or min(map(len, kept)) < _SHORTEST:
        return Decomposition()
    return Decomposition(kept, apart)


def _questions(question: str) -> list[str]:
    """Return the questions that stand one after the other; statements before them go with them."""
    pieces = _BETWEEN_QUESTIONS.split(question)
    return pieces if all(_ASKS.search(piece) for piece in pieces) else []


def _each_zh(question: str) -> list[str]:
    match = _EACH_ZH.match(question)
    if match is None:
        return []
    return [item + match["rest"] for item in _items(match["items"])]


def _told_zh(question: str) -> list[str]:
    match = _TELL_EACH_ZH.match(question)
    if match is None:
        return []
    return [match["verb"] + item for item in _items(match["items"])]


def _items(listed: str) -> list[str]:
    """Return what is listed, each with what belongs to all: 甲和乙的面积, 甲的面积和人口."""
    # 甲和乙的权利和义务: two conjunctions may join anything.
    if len(_AND_ZH.findall(listed)) > 1:
        return []
    items = [item.strip() for item in _LISTED.split(listed)]
    owner, _, _ = items[0].rpartition("的")
    *_, tail = items[-1].rpartition("的")
    if owner and "的" not in items[-1]:
        return [items[0], *(f"{owner}的{item}" for item in items[1:])]
    if "的" in items[-1] and "的" not in items[0]:
        return [*(f"{item}的{tail}" for item in items[:-1]), items[-1]]
    return items


def _each_en(question: str) -> list[str]:
    match = _EACH_EN.match(question)
    if match is None:
        return []
    verb = match["verb"] or ""
    return [f"{match['head']}{item.strip(' ,')}{verb}?" for item in (match["a"], match["b"])]


def _clauses_zh(question: str) -> list[str]:
    pieces = [piece for piece in _BETWEEN_CLAUSES_ZH.split(question) if piece.strip()]
    asking = all(re.search(_ASKS_ZH, piece) for piece in pieces)
    return pieces if asking else []


def _clauses_en(question: str) -> list[str]:
    pieces = _BETWEEN_CLAUSES_EN.split(question)
    return pieces if _STARTS_ASKING_EN.match(question) else []
