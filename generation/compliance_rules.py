"""The rules of compliance: each is a small function from a candidate to a verdict."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

from generation.compliance import Candidate, Rule
from generation.control_text import has_turn_marker
from generation.folding import folded
from generation.prompt import REFUSALS, Language, template
from generation.records import Verdict

_LANGUAGES: tuple[Language, ...] = ("zh", "en")
_PLACEHOLDER = re.compile(r"\{\w+\}")
_CLAUSE = re.compile(r"[^，。：；！？,.:;!?\n]+")
_LEAK_LENGTH = {True: 24, False: 10}  # folded characters, by whether they are all ASCII

_DIGIT_GROUPS = re.compile(r"(?:(?<![\d.])\+ ?)?\d+(?:[ \-]\d+)*[xX]?")
_SEPARATOR = re.compile(r"[ \-]")
_MOST_GROUPS = 6
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_KEPT = {"mobile": (3, 4), "identity_card": (3, 1), "bank_card": (0, 4)}


def strip_invisible(candidate: Candidate) -> Verdict:
    """Take out control, zero-width, direction and private characters; line breaks and tabs stay."""
    text = "".join(
        character
        for character in candidate.text
        if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co")
    )
    return Verdict(True, text, "" if text == candidate.text else "stripped_invisible")


def block_prompt_leak(candidate: Candidate) -> Verdict:
    """Block a text that holds a turn marker or the wording of our own instructions.

    Wording that the evidence itself has is no leak.
    """
    if has_turn_marker(candidate.text):
        return Verdict(False, "", "prompt_leak: turn marker")
    text = folded(candidate.text)
    quoted = folded("\n".join(candidate.evidence))
    if any(clause in text and clause not in quoted for clause in _instruction_clauses()):
        return Verdict(False, "", "prompt_leak: instructions")
    return Verdict(True, candidate.text, "")


def mask_personal_data(candidate: Candidate) -> Verdict:
    """Mask numbers of identity cards, bank cards and mobile phones (PRC) with asterisks.

    A number that stands in the cited evidence stays: it is what the document says. Identity cards
    are told by their check digit (GB 11643-1999), bank cards by Luhn's, mobiles by their prefix.
    """
    known = {digits for _, _, digits, _ in _personal_numbers("\n".join(candidate.evidence))}
    text, kinds, end = "", list[str](), 0
    for start, after, digits, kind in _personal_numbers(candidate.text):
        if digits in known:
            continue
        text += candidate.text[end:start] + _masked(candidate.text[start:after], kind)
        kinds.append(kind)
        end = after
    reason = "masked: " + ", ".join(dict.fromkeys(kinds)) if kinds else ""
    return Verdict(True, text + candidate.text[end:], reason)


RULES: tuple[Rule, ...] = (strip_invisible, block_prompt_leak, mask_personal_data)
"""The rules in force, in order: what is invisible goes first, so that it can't split a number."""


@cache
def _instruction_clauses() -> tuple[str, ...]:
    refusals = {folded(refusal) for refusal in REFUSALS.values()}
    clauses: list[str] = []
    for language in _LANGUAGES:
        text = _PLACEHOLDER.sub("\n", template("answer", language))
        clauses.extend(folded(clause) for clause in _CLAUSE.findall(text))
    return tuple(
        clause
        for clause in clauses
        if len(clause) >= _LEAK_LENGTH[clause.isascii()] and clause not in refusals
    )


def _personal_numbers(text: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield (start, end, digits, kind) for every personal number, in order, without overlap."""
    for match in _DIGIT_GROUPS.finditer(text):
        groups = list(re.finditer(r"\d+[xX]?", match[0]))
        spans = [(match.start() + one.start(), match.start() + one.end()) for one in groups]
        index = 0
        while index < len(spans):
            taken = 1
            for count in range(min(_MOST_GROUPS, len(spans) - index), 0, -1):
                start, end = spans[index][0], spans[index + count - 1][1]
                found = _classify(text[start:end])
                if found:
                    yield start, end, *found
                    taken = count
                    break
            index += taken


def _classify(written: str) -> tuple[str, str] | None:
    if not 11 <= len(written) <= 40:
        return None
    plain = _plain_digits(_SEPARATOR.sub("", written))
    for prefix in ("0086", "86"):
        if plain.startswith(prefix) and _is_mobile(plain[len(prefix) :]):
            return plain[len(prefix) :], "mobile"
    if _is_mobile(plain):
        return plain, "mobile"
    if _is_identity_card(plain):
        return plain, "identity_card"
    if 16 <= len(plain) <= 19 and plain.isdecimal() and _passes_luhn(plain):
        return plain, "bank_card"
    return None


def _plain_digits(written: str) -> str:
    return "".join(str(int(one)) if one.isdecimal() else one.upper() for one in written)


def _is_mobile(digits: str) -> bool:
    return len(digits) == 11 and digits.isdecimal() and digits[0] == "1" and digits[1] in "3456789"


def _is_identity_card(number: str) -> bool:
    if len(number) != 18 or not number[:17].isdecimal():
        return False
    month, day = int(number[10:12]), int(number[12:14])
    total = sum(int(digit) * weight for digit, weight in zip(number, _ID_WEIGHTS, strict=False))
    return 1 <= month <= 12 and 1 <= day <= 31 and _ID_CHECKS[total % 11] == number[17]


def _passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0 and len(set(digits)) > 1


def _masked(written: str, kind: str) -> str:
    head, tail = _KEPT[kind]
    places: Sequence[int] = [i for i, one in enumerate(written) if one.isalnum()]
    if kind == "mobile" and len(places) > 11:
        head += len(places) - 11
    hidden = set(places[head : len(places) - tail])
    return "".join("*" if index in hidden else one for index, one in enumerate(written))
