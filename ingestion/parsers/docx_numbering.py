"""The labels that Word draws before numbered paragraphs; a statute's 第一条 is often only there."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from docx.document import Document as WordDocument
from docx.oxml.ns import qn

_W = {"w": qn("w:p")[1:-2]}
_DIGITS = "〇一二三四五六七八九"
_BULLET = "bullet"
_CHINESE = frozenset(
    "chineseCounting chineseCountingThousand ideographDigital japaneseCounting "
    "taiwaneseCountingThousand taiwaneseCounting ideographTraditional".split()
)
_ROMAN = (
    (100, "c"),
    (90, "xc"),
    (50, "l"),
    (40, "xl"),
    (10, "x"),
    (9, "ix"),
    (5, "v"),
    (4, "iv"),
    (1, "i"),
)
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"


class Numbering:
    """Counts through a document's numbered paragraphs, which must come in order."""

    def __init__(self, word: WordDocument) -> None:
        self._levels: dict[str, dict[int, Any]] = {}
        self._abstract_of: dict[str, str] = {}
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)
        part = next(
            (
                rel.target_part
                for rel in word.part.rels.values()
                if rel.reltype.endswith("/numbering")
            ),
            None,
        )
        root = getattr(part, "element", None)
        if root is not None:
            self._read(root)

    def label(self, paragraph: Any, styles: Sequence[Any]) -> str | None:
        """Return the label of a paragraph, '' for a bullet, None where it is in no list.

        styles: the paragraph's style and those it is based on, nearest first.
        """
        number_id, level = _reference(paragraph, styles)
        abstract = self._abstract_of.get(number_id)
        definition = self._levels.get(abstract or "", {}).get(level)
        if abstract is None or definition is None:
            return None
        counts = self._counts[abstract]
        counts[level] = counts.get(level, _number(definition, "w:start", 1) - 1) + 1
        for deeper in [key for key in counts if key > level]:
            del counts[deeper]
        if _text(definition, "w:numFmt") in (_BULLET, "none"):
            return ""
        return self._rendered(abstract, definition)

    def _read(self, root: Any) -> None:
        for abstract in root.findall("w:abstractNum", _W):
            levels = {int(lvl.get(qn("w:ilvl"))): lvl for lvl in abstract.findall("w:lvl", _W)}
            self._levels[abstract.get(qn("w:abstractNumId"))] = levels
        for number in root.findall("w:num", _W):
            self._abstract_of[number.get(qn("w:numId"))] = _text(number, "w:abstractNumId")

    def _rendered(self, abstract: str, definition: Any) -> str:
        def replaced(match: re.Match[str]) -> str:
            level = int(match[1]) - 1
            of_level = self._levels[abstract].get(level, definition)
            count = self._counts[abstract].get(level, _number(of_level, "w:start", 1))
            return format_number(count, _text(of_level, "w:numFmt"))

        return re.sub("%([1-9])", replaced, _text(definition, "w:lvlText")).strip()


def format_number(number: int, style: str) -> str:
    """Return a number from 1 as Word's `numFmt` of that name writes it; unknown ones in digits."""
    if style in _CHINESE and number < 1000:
        return _chinese(number)
    if style in ("lowerRoman", "upperRoman") and 0 < number < 200:
        roman = _roman(number)
        return roman if style == "lowerRoman" else roman.upper()
    if style in ("lowerLetter", "upperLetter") and number > 0:
        letters = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letters if style == "lowerLetter" else letters.upper()
    if style.startswith("decimalEnclosedCircle") and 0 < number <= len(_CIRCLED):
        return _CIRCLED[number - 1]
    return f"{number:02d}" if style == "decimalZero" else str(number)


def _chinese(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    text = f"{_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        text += "十" if tens == 1 and not hundreds else f"{_DIGITS[tens]}十"
    elif hundreds and ones:
        text += "零"
    return text + (_DIGITS[ones] if ones or not text else "")


def _roman(number: int) -> str:
    text = ""
    for value, letters in _ROMAN:
        while number >= value:
            text += letters
            number -= value
    return text


def _reference(paragraph: Any, styles: Sequence[Any]) -> tuple[str, int]:
    """Return the list's id ('' for none) and the level, the paragraph's own before its styles'."""
    level: int | None = None
    for element in (paragraph, *styles):
        properties = element.find("w:pPr/w:numPr", _W)
        if properties is None:
            continue
        if level is None and properties.find("w:ilvl", _W) is not None:
            level = _number(properties, "w:ilvl", 0)
        if properties.find("w:numId", _W) is not None:
            number_id = _text(properties, "w:numId")
            return ("" if number_id == "0" else number_id), level or 0
    return "", 0


def _text(element: Any, path: str) -> str:
    found = element.find(path, _W)
    return "" if found is None else str(found.get(qn("w:val"), ""))


def _number(element: Any, path: str, default: int) -> int:
    text = _text(element, path)
    return int(text) if text.isdigit() else default
