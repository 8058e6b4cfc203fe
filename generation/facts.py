"""Read the checkable facts out of a text: numbers with units, dates, names in marks, codes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from generation.folding import folded
from ingestion.numerals import arabic, canonical


@dataclass(frozen=True, slots=True)
class Number:
    """A number in plain digits; `unit` is the canonical name of a known unit, or None."""

    value: str
    unit: str | None
    written: str


@dataclass(frozen=True, slots=True)
class Date:
    """A calendar date; what the text leaves open is None."""

    year: int | None
    month: int | None
    day: int | None
    written: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All facts of a text. `names` are folded names and codes with their written form."""

    numbers: tuple[Number, ...]
    dates: tuple[Date, ...]
    names: tuple[tuple[str, str], ...]


_UNITS: dict[str, str] = {
    surface: canonical_name
    for canonical_name, surfaces in {
        "百分点": "个百分点 百分点 percentage-points percentage-point",
        "%": "% percent per-cent pct",
        "‰": "‰",
        "‱": "‱",
        "工作日": "个工作日 工作日 working-days business-days working-day business-day",
        "个月": "个月 个多月 months month",
        "月": "月份 月",
        "岁": "周岁 岁 years-old years-of-age",
        "年": "周年 年 years year yrs",
        "年度": "个年度 年度",
        "日": "日 天 号 days day",
        "周": "个星期 星期 周 weeks week",
        "小时": "个小时 小时 hours hour hrs",
        "分钟": "分钟 minutes minute mins",
        "秒": "秒钟 秒 seconds second secs",
        "美元": "美元 美金 us-dollars dollars dollar usd",
        "欧元": "欧元 euros euro eur",
        "英镑": "英镑 pounds-sterling gbp",
        "日元": "日元 yen jpy",
        "港元": "港元 港币 hkd",
        "元": "元人民币 元 块钱 yuan rmb cny renminbi",
        "平方公里": "平方公里 平方千米 square-kilometres square-kilometers km2",
        "平方米": "平方米 square-metres square-meters m2",
        "公里": "公里 千米 kilometres kilometers kilometre kilometer km",
        "厘米": "厘米 公分 centimetres centimeters cm",
        "毫米": "毫米 millimetres millimeters mm",
        "米": "米 metres meters metre meter m",
        "英里": "英里 miles mile",
        "英尺": "英尺 feet foot ft",
        "英寸": "英寸 inches inch",
        "公顷": "公顷 hectares hectare",
        "亩": "亩",
        "公斤": "公斤 千克 kilograms kilogram kg",
        "毫克": "毫克 milligrams milligram mg",
        "克": "克 grams gram g",
        "吨": "吨 tonnes tonne tons ton",
        "磅": "磅 pounds pound lbs",
        "毫升": "毫升 millilitres milliliters ml",
        "升": "升 litres liters litre liter",
        "摄氏度": "摄氏度 °c degrees-celsius",
        "倍": "倍",
        "人": "人 people persons person",
        "次": "次 times",
        "kb": "kb",
        "mb": "mb",
        "gb": "gb",
        "tb": "tb",
    }.items()
    for surface in (name.replace("-", " ") for name in surfaces.split())
}
_PARTS_OF_LAW = {
    "条": "条",
    "款": "款",
    "项": "项",
    "章": "章",
    "节": "节",
    "编": "编",
    "article": "条",
    "articles": "条",
    "art": "条",
    "paragraph": "款",
    "chapter": "章",
    "section": "节",
    "§": "节",
    "part": "编",
}
_UNIT = re.compile(
    r"[ ]?[余多]?(?:"
    + "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
    + r")(?<![a-z](?=[a-z]))(?![a-z](?<=[a-z][a-z]))"
)
_SIGNS = {"$": "美元", "€": "欧元", "£": "英镑", "¥": "元", "§": "第节"}
_NUMBER = re.compile(r"\d+(?:\.\d+)*(?:/\d+)?")
_BEFORE = re.compile(r"(第|§|article|articles|art\.?|paragraph|chapter|section|part) ?$")
_LAW_SUFFIX = re.compile(r"[ ]?(条|款|项|章|节|编)")
_CODE = re.compile(r"[a-z][a-z0-9-]{0,30}")
_ORDINAL = re.compile(r"(?:st|nd|rd|th|s)(?![a-z])")

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATES = (
    re.compile(
        r"(?<!\d)(?P<year>\d{3,4}) ?年"
        r"(?: ?(?P<month>\d{1,2}) ?月份?(?: ?(?P<day>\d{1,2}) ?[日号])?)?"
    ),
    re.compile(r"(?<!\d)(?P<year>\d{4})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})(?![\d.])"),
    re.compile(r"(?<![\d.])(?P<month>\d{1,2}) ?月 ?(?P<day>\d{1,2}) ?[日号]"),
    re.compile(
        rf"\b(?P<name>{_MONTH})\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<year>\d{{4}})\b)?"
    ),
    re.compile(
        rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<name>{_MONTH})\b\.?"
        r"(?:,? (?P<year>\d{4})\b)?"
    ),
    re.compile(rf"\b(?P<name>{_MONTH})\.?,? (?P<year>\d{{4}})\b"),
)
_MARKED = re.compile(
    r"《([^《》]{1,200})》|“([^“”]{1,200})”|「([^「」]{1,200})」|『([^『』]{1,200})』"
    r"|\"([^\"]{1,200})\""
)


def read_facts(text: str, *, lenient: bool = False) -> Facts:
    """Return the facts of a text. Never raises; O(len(text)).

    lenient also takes single Chinese numerals as numbers, for the side that gives evidence.
    """
    plain = arabic(text, lenient=lenient)
    dates, rest = _take_dates(plain)
    names = [
        (folded(name), match[0]) for match in _MARKED.finditer(text) for name in _groups(match)
    ]
    numbers: list[Number] = []
    for match in _NUMBER.finditer(rest):
        code = _code_around(rest, match)
        if code:
            names.append((folded(code), code))
        else:
            numbers.append(_number(rest, match))
    return Facts(
        tuple(numbers), tuple(dates), tuple((name, shown) for name, shown in names if name)
    )


def unit_end(text: str, start: int) -> int:
    """Return where a number's unit, which begins at `start`, ends; `start` where there is none."""
    unit = _UNIT.match(text, start)
    return unit.end() if unit else start


def units_in(text: str) -> frozenset[str]:
    """Return the canonical units that a text names anywhere."""
    plain = arabic(text, lenient=False)
    named = {_UNITS[match[0].strip().lstrip("余多")] for match in _UNIT.finditer(plain)}
    return frozenset(named | {unit for sign, unit in _SIGNS.items() if sign in plain})


def _groups(match: re.Match[str]) -> Iterator[str]:
    return (group for group in match.groups() if group)


def _take_dates(plain: str) -> tuple[list[Date], str]:
    """Return the dates, and the text with blanks in their place."""
    dates: list[Date] = []

    def take(match: re.Match[str]) -> str:
        date = _date(match)
        if date is None:
            return match[0]
        dates.append(date)
        return " " * len(match[0])

    rest = plain
    for pattern in _DATES:
        rest = pattern.sub(take, rest)
    return dates, rest


def _date(match: re.Match[str]) -> Date | None:
    found = match.groupdict()
    year, month, day = (
        int(found[part]) if found.get(part) else None for part in ("year", "month", "day")
    )
    if found.get("name"):
        month = _MONTHS[found["name"]]
    if (month is not None and not 1 <= month <= 12) or (day is not None and not 1 <= day <= 31):
        return None
    return Date(year, month, day, match[0].strip())


def _code_around(text: str, match: re.Match[str]) -> str | None:
    """Return the code that the digits are part of (A320, COVID-19), if they are."""
    start, end = match.span()
    before = text[max(0, start - 20) : start]
    lead = re.search(r"[a-z][a-z0-9]*-?$", before)
    tail = _CODE.match(text, end)
    if tail and (_UNIT.match(text, end) or _ORDINAL.match(text, end)):
        tail = None
    if not lead and not tail:
        return None
    return (lead[0] if lead else "") + match[0] + (tail[0] if tail else "")


def _number(text: str, match: re.Match[str]) -> Number:
    start, end = match.span()
    value = match[0] if match[0].count(".") > 1 or "/" in match[0] else canonical(match[0])
    sign = "-" if _is_negative(text, start) else ""
    value, written = sign + value, sign + match[0]
    prefix = _BEFORE.search(text[max(0, start - 12) : start])
    law = _LAW_SUFFIX.match(text, end)
    unit = _UNIT.match(text, end)
    if prefix and prefix[1] != "第":
        name = f"第{_PARTS_OF_LAW[prefix[1].rstrip('.')]}"
        return Number(value, name, f"{prefix[0]}{written}")
    if prefix and law:
        return Number(value, f"第{law[1]}", f"第{written}{law[1]}")
    if unit:
        name = _UNITS[unit[0].strip().lstrip("余多")]
        return Number(value, name, written + unit[0])
    return Number(value, _SIGNS.get(text[start - 1 : start]), written)


def _is_negative(text: str, start: int) -> bool:
    return text[start - 1 : start] in ("-", "−") and not text[max(0, start - 2) : start - 1].strip()
