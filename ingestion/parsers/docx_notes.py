"""Footnotes and endnotes of Word files: the marks in the text, and the notes they stand for."""

from collections.abc import Iterator
from typing import Any

from docx.document import Document as WordDocument
from docx.oxml import parse_xml
from docx.oxml.ns import qn

from ingestion.parsers.list_numbers import format_number

_KINDS = {qn("w:footnoteReference"): "footnote", qn("w:endnoteReference"): "endnote"}
REFERENCES = frozenset(_KINDS)
"""The elements of a run that `Notes.mark` takes."""
_STYLES = {"footnote": "decimal", "endnote": "lowerRoman"}

# lxml ships no types, so an element is Any.
_Element = Any


class Notes:
    """The notes of one document, numbered as they are met."""

    def __init__(self, word: WordDocument) -> None:
        self._notes: dict[str, dict[str, _Element]] = {kind: {} for kind in _STYLES}
        for relation in word.part.rels.values():
            kind = relation.reltype.rpartition("/")[2].removesuffix("s")
            if kind in self._notes and not relation.is_external:
                root = parse_xml(relation.target_part.blob)
                notes = root.findall(qn(f"w:{kind}"))
                self._notes[kind] = {note.get(qn("w:id"), ""): note for note in notes}
        self._marks: dict[str, dict[str, str]] = {kind: {} for kind in _STYLES}

    def mark(self, reference: _Element) -> str:
        """Return a note's number in brackets, which parts it from the word it stands at.

        '' where there is no such note, or where its author wrote a mark of their own.
        """
        kind, number = _KINDS[reference.tag], reference.get(qn("w:id"), "")
        if number not in self._notes[kind]:
            return ""
        marks = self._marks[kind]
        if number not in marks:
            own = reference.get(qn("w:customMarkFollows"), "0") not in ("0", "false", "off")
            marks[number] = "" if own else f"[{format_number(len(marks) + 1, _STYLES[kind])}]"
        return marks[number]

    def met(self) -> Iterator[tuple[str, _Element]]:
        """Yield the mark and the element of each note that the text named so far, each once.

        Footnotes come before endnotes.
        """
        for kind, marks in self._marks.items():
            for number, mark in list(marks.items()):
                yield mark, self._notes[kind][number]
