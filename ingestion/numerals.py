"""Write the numbers of a text in plain Arabic digits: 四万五千, 4.5万, 45,000 all as 45000."""

import re
import unicodedata
from decimal import Context, Decimal

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")}
_DIGITS |= {char: value for value, char in enumerate("零壹贰叁肆伍陆柒捌玖")}
_DIGITS |= {"〇": 0, "○": 0, "两": 2, "贰": 2, "貳": 2, "叄": 3, "陸": 6, "兩": 2}
_SMALL = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100, "仟": 1000}
_LARGE = {"万": 10**4, "亿": 10**8, "萬": 10**4, "億": 10**8}
_CHINESE = "".join([*_DIGITS, *_SMALL, *_LARGE])

_RUN = re.compile(rf"[\d{_CHINESE}]+(?:[.,点][\d{_CHINESE}]+)*")
_LITERAL = re.compile(r"\d+(?:\.\d+)?")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?=[^\d]|$)")
_COUNTERS = (
    "个個种種名位座家件条條款项項次届台辆只本篇所套类類人年月日号天周星岁歲元块角米公里千克吨亩"
    "倍成章节節编編页頁层層级級大%"
)
_MEASURED = re.compile(
    r" ?(?:个?月|个?小时|个?星期|个?工作日|年|日|天|周|岁|元|分钟|秒|米|公里|千米|公斤|千克|吨|倍"
    r"|次"
    r"|days?\b|months?\b|years?\b|weeks?\b|hours?\b|minutes?\b|percent\b)"
)
_WIDE_COMMA = re.compile(r"(?<![０-９])，")
_IDIOMS = frozenset(("千万", "万一", "一一", "万千", "亿万", "百万千万"))
_VAGUE = ("数", "几", "數", "幾")
_CONTEXT = Context(prec=100)
_LONGEST = 60

_ENGLISH = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
        " fifteen sixteen seventeen eighteen nineteen".split()
    )
} | {
    word: 10 * value
    for value, word in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2
    )
}
_ENGLISH_LARGE = {
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}
_ENGLISH_WORD = "|".join([*_ENGLISH, "hundred", *_ENGLISH_LARGE])
_ENGLISH_RUN = re.compile(
    rf"\b(?:{_ENGLISH_WORD})(?:(?:[ -]| and )(?:{_ENGLISH_WORD}))*\b", re.IGNORECASE
)
_ENGLISH_MAGNITUDE = re.compile(
    r"(?<![\d.])(\d++(?:\.\d++)?+) ?(thousand|million|billion|trillion|bn)\b", re.IGNORECASE
)


def arabic(text: str, *, lenient: bool) -> str:
    """Return the text in NFKC and lower case with its numbers in plain Arabic digits.

    Thousands separators go, 百分之三 becomes 3%, 三分之二 becomes 2/3. A Chinese digit alone is
    a number where a counter or 第 says so (一 only before a measured unit, as 一个 is just "a");
    lenient takes every one as a number. What cannot be read as one number stays as it is.
    O(len(text)).
    """
    # A full-width comma is punctuation, except inside a number of full-width digits.
    spaced = _WIDE_COMMA.sub("， ", text)
    normal = unicodedata.normalize("NFKC", spaced).lower().replace("’", "'")
    english = _ENGLISH_RUN.sub(lambda match: _english(match, lenient=lenient), normal)
    parts: list[str] = []
    end = 0
    for match in _RUN.finditer(english):
        parts.append(english[end : match.start()])
        parts.append(_run(match, lenient=lenient))
        end = match.end()
    parts.append(english[end:])
    return _ENGLISH_MAGNITUDE.sub(_magnitude, _fractions("".join(parts)))


def canonical(number: str) -> str:
    """Return one spelling for equal numbers: no leading zeros, no zeros after the point."""
    if len(number) > _LONGEST:
        return number.lstrip("0")
    return _plain(Decimal(number))


def _plain(value: Decimal) -> str:
    return format(value.normalize(_CONTEXT) + 0, "f")


def _run(match: re.Match[str], *, lenient: bool) -> str:
    run = match[0]
    if match.string[max(0, match.start() - 1) : match.start()] in _VAGUE:
        return run
    if run.isascii() and "," not in run:
        return run
    if len(run) > _LONGEST or run in _IDIOMS:
        return run
    if len(run) == 1:
        return _single(match, lenient=lenient)
    thousands = _THOUSANDS.match(run)
    if thousands and "," not in run[thousands.end() :]:
        run = run.replace(",", "")
    return ",".join(_read(part) for part in run.split(","))


def _single(match: re.Match[str], *, lenient: bool) -> str:
    run, text = match[0], match.string
    value = _DIGITS.get(run, 10 if run in "十拾" else None)
    if value is None:
        return run
    following = text[match.end() : match.end() + 1]
    preceded = text[max(0, match.start() - 2) : match.start()].endswith(("第", "分之"))
    followed = following in _COUNTERS if following else False
    if text.startswith("分之", match.end()):
        followed = True
    if value == 1:
        followed = _MEASURED.match(text, match.end()) is not None
    return str(value) if lenient or preceded or followed else run


def _read(part: str) -> str:
    """Return the number that a run of digits and Chinese numerals says, or the run."""
    whole, _, decimals = part.partition("点")
    if decimals:
        if not all(char in _DIGITS for char in decimals) or not whole:
            return part
        left = _read(whole)
        digits = "".join(str(_DIGITS[char]) for char in decimals)
        return f"{left}.{digits}" if left.isdecimal() else part
    if part.isascii() or not part:
        return part
    if all(char in _DIGITS for char in part):
        return "".join(str(_DIGITS[char]) for char in part)
    value = _value(part)
    return part if value is None else _plain(value)


def _value(part: str) -> Decimal | None:
    """Read 四万五千, 4.5万, 3亿5000万, 一百零五; None where digits just follow each other."""
    total = section = Decimal(0)
    current: Decimal | None = None
    unit, at, after_zero = 1, 0, False
    while at < len(part):
        literal = _LITERAL.match(part, at)
        char = part[at]
        at = literal.end() if literal else at + 1
        if literal or char in _DIGITS:
            digit = Decimal(literal[0]) if literal else Decimal(_DIGITS[char])
            if current is not None and (literal or current != 0):
                return None
            after_zero = after_zero or (not literal and digit == 0)
            current = digit
        elif char in _SMALL:
            unit = _SMALL[char]
            section += (Decimal(1) if current is None or current == 0 else current) * unit
            current, after_zero = None, False
        elif char in _LARGE:
            unit = _LARGE[char]
            section += current or 0
            total = (total + section) * unit if unit > 10**4 else total + section * unit
            section, current, after_zero = Decimal(0), None, False
        else:
            return None
    if current is not None and current < 10 and unit >= 100 and not after_zero:
        current *= unit // 10
    value = total + section + (current or 0)
    return value if value or "零" in part else None


def _fractions(text: str) -> str:
    """Turn 100分之3 (百分之三 after reading) into 3%, and 3分之2 into 2/3."""
    swapped = re.sub(r"(?:百|\b100)分之(\d+(?:\.\d+)?)", r"\1%", text)
    swapped = re.sub(r"(?:千|\b1000)分之(\d+(?:\.\d+)?)", r"\1‰", swapped)
    swapped = re.sub(r"(?:万|\b10000)分之(\d+(?:\.\d+)?)", r"\1‱", swapped)
    return re.sub(r"(\d{1,9})分之(\d{1,9})", r"\2/\1", swapped)


def _magnitude(match: re.Match[str]) -> str:
    if len(match[1]) > _LONGEST:
        return match[0]
    factor = 10**9 if match[2] == "bn" else _ENGLISH_LARGE[match[2]]
    return _plain(Decimal(match[1]) * factor)


def _english(match: re.Match[str], *, lenient: bool) -> str:
    words = [word for word in re.split(r"[ -]", match[0]) if word != "and"]
    if words[0] in _ENGLISH_LARGE or words[0] == "hundred" or len(words) > _LONGEST:
        return match[0]
    if words == ["one"] and not lenient and not _MEASURED.match(match.string, match.end()):
        return match[0]
    total = current = 0
    for word in words:
        if word == "hundred":
            current *= 100
        elif word in _ENGLISH_LARGE:
            total, current = total + current * _ENGLISH_LARGE[word], 0
        else:
            current += _ENGLISH[word]
    return str(total + current)
