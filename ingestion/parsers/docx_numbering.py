"""The labels that Word draws before numbered paragraphs; a statute's 第一条 is often only there."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from docx.document import Document as WordDocument
from docx.oxml.ns import qn

from ingestion.parsers.number_formats import format_number

_W = {"w": qn("w:p")[1:-2]}
_BULLET = "bullet"


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
