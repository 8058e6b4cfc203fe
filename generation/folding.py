"""Fold text to a form in which spelling variants are equal, keeping the way back to the original.

Full-width and half-width forms, case, white space and punctuation differ between a source and what
a model writes about it; digits, letters and the signs that change a number's meaning do not.
"""

import unicodedata
from dataclasses import dataclass

_KEPT_PUNCTUATION = frozenset("#%‰&@")
_MINUS = frozenset("-−‐‑–")


@dataclass(frozen=True, slots=True)
class FoldedText:
    """A folded text; `offsets[i]` is the index in the original that `text[i]` came from."""

    text: str
    offsets: tuple[int, ...]


def fold(text: str) -> FoldedText:
    """Return the text in NFKC, case-folded, without white space, punctuation and controls.

    A decimal point between digits stays, thousands separators go, a minus before a number stays.
    O(len(text)).
    """
    characters: list[str] = []
    offsets: list[int] = []
    for index, character in enumerate(text):
        kept = _kept(text, index, character)
        characters.append(kept)
        offsets.extend([index] * len(kept))
    return FoldedText("".join(characters), tuple(offsets))


def folded(text: str) -> str:
    """Return only the text of `fold(text)`."""
    return "".join(_kept(text, index, character) for index, character in enumerate(text))


def _kept(text: str, index: int, character: str) -> str:
    if "a" <= character <= "z" or "0" <= character <= "9" or "一" <= character <= "鿿":
        return character
    if character in _MINUS:
        return "-" if _starts_number(text, index) else ""
    if character in ".．" and _is_digit(text, index - 1) and _is_digit(text, index + 1):
        return "."
    normal = unicodedata.normalize("NFKC", character)
    return "".join(part for part in normal.casefold() if _is_content(part))


def _is_content(character: str) -> bool:
    if character in _KEPT_PUNCTUATION:
        return True
    return unicodedata.category(character)[0] not in "PZC" and not character.isspace()


def _is_digit(text: str, index: int) -> bool:
    return 0 <= index < len(text) and text[index].isdecimal()


def _starts_number(text: str, index: int) -> bool:
    before = index > 0 and text[index - 1].isalnum()
    return _is_digit(text, index + 1) and not before
