"""Numbers of persons (PRC) in a text, however their digits are written.

ASCII and full-width digits, Chinese numerals, circled digits and English digit words count, with
spaces, points, dashes and invisible characters between them.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from generation.rules.records import PersonalKind

_CHINESE = {one: str(value) for value, one in enumerate("零一二三四五六七八九")}
_CHINESE |= {one: str(value) for value, one in enumerate("〇壹贰叁肆伍陆柒捌玖")}
_CHINESE |= {"貳": "2", "參": "3", "叄": "3", "陸": "6", "幺": "1", "两": "2", "○": "0"}
_ENGLISH = {word: str(value) for value, word in enumerate(
    "zero one two three four five six seven eight nine".split()
)} | {"oh": "0"}  # fmt: skip
_WORDS = re.compile(rf"(?i)\b(?:{'|'.join(_ENGLISH)})\b")
_BETWEEN = frozenset(" \u3000-‐‑–—.．·•_/()（）\t")
_MOST_BETWEEN = 3
_AREA = re.compile(r"0(?:10|2[0-57-9]|[3-9]\d{2})")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_CARD_STARTS = re.compile(r"62|60|9[0-9]|4|5[1-5]|2[2-7]|35|3[47]")
_ID_CONTEXT = re.compile(r"(?i)身份|證號|证号|证件|公民号码|identity|id card|id no")
_PHONE_CONTEXT = re.compile(
    r"(?i)电话|電話|座机|座機|致电|拨打|热线|传真|联系|phone|call|tel|fax|line|dial|reach"
)
_CONTEXT = 16
_DIGIT_COUNTS = (19, 18, 17, 16, 15, 14, 13, 12, 11, 10)
_MOST_GROUPS = 7
_PLUS = re.compile(r"[+＋]\s?$")
_LEAST_FOREIGN, _MOST_FOREIGN = 10, 15


@dataclass(frozen=True, slots=True)
class Number:
    """A personal number: `text[start:end]`, its digits alone, and where each of them is."""

    kind: PersonalKind
    start: int
    end: int
    digits: str
    places: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Digit:
    value: str
    start: int
    end: int
    opens: bool
    closes: bool


def personal_numbers(text: str, kinds: frozenset[PersonalKind]) -> Iterator[Number]:
    """Yield the numbers of these kinds, in order, without overlap. O(len(text))."""
    for run in _runs(_digits(text)):
        yield from _in_run(text, run, kinds)


def _digits(text: str) -> list[_Digit]:
    words = {match.start(): match for match in _WORDS.finditer(text)}
    found: list[tuple[str, int, int]] = []
    index = 0
    while index < len(text):
        if index in words:
            match = words[index]
            found.append((_ENGLISH[match[0].lower()], index, match.end()))
            index = match.end()
            continue
        value = _value(text[index])
        if value:
            found.append((value, index, index + 1))
        elif (
            text[index] in "xXｘＸ" and found and found[-1][0] != "X" and _near(text, found, index)
        ):
            found.append(("X", index, index + 1))
        index += 1
    digits: list[_Digit] = []
    for at, (value, start, end) in enumerate(found):
        opens = at == 0 or found[at - 1][2] < start
        closes = at + 1 == len(found) or found[at + 1][1] > end
        digits.append(_Digit(value, start, end, opens, closes))
    return digits


def _near(text: str, found: Sequence[tuple[str, int, int]], index: int) -> bool:
    after = text[index + 1 : index + 2]
    return index - found[-1][2] <= 1 and not (after.isascii() and after.isalnum())


def _value(character: str) -> str:
    if "0" <= character <= "9":
        return character
    if character.isascii():
        return ""
    if character in _CHINESE:
        return _CHINESE[character]
    digit = unicodedata.digit(character, -1)
    return str(digit) if digit >= 0 else ""


def _runs(digits: Sequence[_Digit]) -> Iterator[list[_Digit]]:
    """Yield runs of digits; what parts them is judged when the text is at hand."""
    run: list[_Digit] = []
    for digit in digits:
        if run and digit.start - run[-1].end > _MOST_BETWEEN + 2:
            yield run
            run = []
        run.append(digit)
    if run:
        yield run


def _in_run(text: str, run: Sequence[_Digit], kinds: frozenset[PersonalKind]) -> Iterator[Number]:
    groups = _joined_groups(text, run)
    index = 0
    while index < len(run):
        taken = 1
        if run[index].opens or not _is_joined(text, run, index):
            for count in _DIGIT_COUNTS:
                part = run[index : index + count]
                if len(part) < count or groups[index] < count or not part[-1].closes:
                    continue
                number = _number(text, part, kinds)
                if number:
                    yield number
                    taken = count
                    break
        index += taken


def _is_joined(text: str, run: Sequence[_Digit], index: int) -> bool:
    return index > 0 and _only_between(text, run[index - 1].end, run[index].start)


def _joined_groups(text: str, run: Sequence[_Digit]) -> list[int]:
    """Return for each digit how many digits follow (itself included) without foreign text."""
    reach = [1] * len(run)
    for index in range(len(run) - 2, -1, -1):
        if _only_between(text, run[index].end, run[index + 1].start):
            reach[index] = reach[index + 1] + 1
    return reach


def _only_between(text: str, start: int, end: int) -> bool:
    seen = [one for one in text[start:end] if unicodedata.category(one) != "Cf"]
    return len(seen) <= _MOST_BETWEEN and all(one in _BETWEEN for one in seen)


def _number(text: str, part: Sequence[_Digit], kinds: frozenset[PersonalKind]) -> Number | None:
    sizes: list[int] = []
    for digit in part:
        if digit.opens or not sizes:
            sizes.append(0)
        sizes[-1] += 1
    even = len(set(sizes[:-1])) <= 1
    if len(sizes) > _MOST_GROUPS and not (even and sizes[0] <= 4):
        return None
    before = text[max(0, part[0].start - _CONTEXT) : part[0].start]
    digits = "".join(digit.value for digit in part)
    for kind, cut in _kinds(digits, before, sizes):
        if kind in kinds:
            own = part[cut:]
            places = tuple((one.start, one.end) for one in own)
            return Number(kind, part[0].start, part[-1].end, digits[cut:], places)
    if PersonalKind.MOBILE in kinds and _is_foreign(digits, before):
        places = tuple((one.start, one.end) for one in part)
        return Number(PersonalKind.MOBILE, part[0].start, part[-1].end, digits, places)
    return None


def _kinds(digits: str, before: str, sizes: Sequence[int]) -> Iterator[tuple[PersonalKind, int]]:
    """Yield what the digits may be, and how many of them stand before the number itself."""
    for prefix in ("0086", "86", ""):
        if digits.startswith(prefix) and _is_mobile(digits[len(prefix) :]):
            yield PersonalKind.MOBILE, len(prefix)
    if _is_identity_card(digits):
        yield PersonalKind.IDENTITY_CARD, 0
    if len(digits) == 15 and _is_old_identity_card(digits) and _ID_CONTEXT.search(before):
        yield PersonalKind.IDENTITY_CARD, 0
    if _is_bank_card(digits):
        yield PersonalKind.BANK_CARD, 0
    area = _AREA.match(digits)
    if area is None or not 7 <= len(digits) - area.end() <= 8:
        return
    told = sizes[0] == area.end() or _PHONE_CONTEXT.search(before)
    if told and digits[area.end()] in "2345678":
        yield PersonalKind.LANDLINE, 0


def _is_foreign(digits: str, before: str) -> bool:
    """Tell whether a number is written as ITU-T E.164 wants it: a plus and up to 15 digits."""
    if _PLUS.search(before) is None or not digits.isdecimal():
        return False
    return _LEAST_FOREIGN <= len(digits) <= _MOST_FOREIGN and digits[0] not in "0"


def _is_mobile(digits: str) -> bool:
    return len(digits) == 11 and digits.isdecimal() and digits[0] == "1" and digits[1] in "3456789"


def _is_date(month: str, day: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31


def _is_identity_card(number: str) -> bool:
    if (
        len(number) != 18
        or not number[:17].isdecimal()
        or not _is_date(number[10:12], number[12:14])
    ):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _ID_WEIGHTS, strict=False))
    return _ID_CHECKS[total % 11] == number[17]


def _is_old_identity_card(number: str) -> bool:
    return number.isdecimal() and number[0] in "123456" and _is_date(number[8:10], number[10:12])


def _is_bank_card(digits: str) -> bool:
    if not 15 <= len(digits) <= 19 or not digits.isdecimal() or len(set(digits)) == 1:
        return False
    if not _CARD_STARTS.match(digits) or (len(digits) == 15) != (digits[:2] in ("34", "37")):
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
