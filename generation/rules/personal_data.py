"""Personal data in a text: numbers of persons, e-mail addresses, passports, licence plates."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from generation.rules.personal_numbers import personal_numbers
from generation.rules.records import PersonalKind

_AT = r"(?:[@＠]|\s?[(\[（【]\s?at\s?[)\]）】]\s?|\sat\s)"
_DOT = r"(?:[.．。]|\s?[(\[（【]\s?dot\s?[)\]）】]\s?|\sdot\s)"
_PART = r"[a-z0-9ａ-ｚ０-９](?:[a-z0-9ａ-ｚ０-９\-－]{0,62})"
_SPELLED_DOT = r"(?:\s?[(\[（【]\s?dot\s?[)\]）】]\s?|\sdot\s)"
_NAME = r"[a-z0-9ａ-ｚ０-９][a-z0-9ａ-ｚ０-９._%+\-－．＿]{0,63}"
_EMAIL = re.compile(
    rf"(?i)(?<![a-z0-9.+_%-]){_NAME}(?:{_SPELLED_DOT}{_NAME}){{0,3}}{_AT}"
    rf"{_PART}(?:{_DOT}{_PART}){{0,4}}?{_DOT}[a-zａ-ｚ]{{2,12}}(?![a-z0-9])"
)
_PASSPORT = re.compile(
    r"(?i)(?<![a-z0-9])(?:[DEGKPS]\d{8}|E[A-HJ-NP-Z]\d{7}|[DPS]E\d{7}|[HM]\d{8,10})(?![a-z0-9])"
)
_PASSPORT_CONTEXT = re.compile(r"(?i)护照|護照|通行证|passport|travel document")
_PROVINCES = (
    "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领滬雲遼魯蘇贛陝閩貴粵寧瓊"
)
_PLATE = re.compile(
    rf"[{_PROVINCES}][A-HJ-NP-Z][ ·•・\-]?"
    r"(?=[A-HJ-NP-Z]{0,5}\d)(?:[A-HJ-NP-Z0-9]{6}|[A-HJ-NP-Z0-9]{5}|[A-HJ-NP-Z0-9]{4}[学警港澳挂])"
    r"(?![A-Za-z0-9])"
)
_IPV4 = re.compile(
    r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])"
)
_CONTEXT = 24
_SHOWN = {
    PersonalKind.MOBILE: (3, 4),
    PersonalKind.IDENTITY_CARD: (3, 1),
    PersonalKind.BANK_CARD: (0, 4),
    PersonalKind.LANDLINE: (4, 0),
    PersonalKind.LICENCE_PLATE: (2, 0),
    PersonalKind.PASSPORT: (1, 2),
}


@dataclass(frozen=True, slots=True)
class Personal:
    """One item: `text[start:end]`; `value` is the same for the same item written otherwise."""

    kind: PersonalKind
    start: int
    end: int
    value: str
    places: tuple[tuple[int, int], ...]


def personal_data(text: str, kinds: frozenset[PersonalKind]) -> list[Personal]:
    """Return the items of these kinds by place, without overlap. O(len(text))."""
    found = [
        Personal(one.kind, one.start, one.end, one.digits, one.places)
        for one in personal_numbers(text, kinds)
    ]
    found += [one for one in _written(text) if one.kind in kinds]
    kept: list[Personal] = []
    for item in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or item.start >= kept[-1].end:
            kept.append(item)
    return kept


def masked(text: str, item: Personal) -> str:
    """Return the item as it may be shown: a few digits stay, by which its owner knows it."""
    head, tail = _SHOWN.get(item.kind, (0, 0))
    spans = item.places[head : len(item.places) - tail]
    hidden = {at for start, end in spans for at in range(start, end) if text[at].isalnum()}
    return "".join("*" if at in hidden else text[at] for at in range(item.start, item.end))


def _written(text: str) -> Iterator[Personal]:
    if "@" in text or "＠" in text or "at" in text.lower() or "ａｔ" in text.lower():
        for match in _EMAIL.finditer(text):
            yield _item(PersonalKind.EMAIL, match)
    for match in _PASSPORT.finditer(text):
        around = text[max(0, match.start() - _CONTEXT) : match.end() + _CONTEXT // 2]
        if _PASSPORT_CONTEXT.search(around):
            yield _item(PersonalKind.PASSPORT, match)
    for match in _PLATE.finditer(text):
        yield _item(PersonalKind.LICENCE_PLATE, match)
    for match in _IPV4.finditer(text):
        yield _item(PersonalKind.IPV4, match)


def _item(kind: PersonalKind, match: re.Match[str]) -> Personal:
    plain = unicodedata.normalize("NFKC", match[0]).lower()
    plain = re.sub(r"[(\[【]\s?at\s?[)\]】]|\sat\s", "@", plain)
    plain = re.sub(r"[(\[【]\s?dot\s?[)\]】]|\sdot\s|。", ".", plain)
    alike = range(match.start(), match.end())
    places = tuple((at, at + 1) for at in alike if match.string[at].isalnum())
    return Personal(kind, match.start(), match.end(), re.sub(r"[ ·•・]", "", plain), places)
