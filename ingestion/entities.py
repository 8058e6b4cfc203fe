"""Names and figures that a question is likely to repeat: found by form, without a model."""

import re

_NUMERAL = "零〇○一二三四五六七八九十百千万亿两壹贰叁肆伍陆柒捌玖拾佰仟"
_UNIT = (
    "万亿元|万元|亿元|千元|百元|元|美元|欧元|英镑|日元|港元|万美元|亿美元|万人|亿人|万吨|万亿|亿|万|"
    "平方米|平方公里|公里|千米|毫米|厘米|公斤|千克|公顷|吨|亩|倍|周岁|英寸|个百分点|%|％|‰"
)
_MONTH = (
    "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
    r"Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_SCALE = "(?:thousand|million|billion|trillion)"
_NAME = r"[A-Z][A-Za-z0-9]*(?:['’&.-][A-Za-z0-9]+)*"

# Longest forms first: alternatives are tried in this order at each place.
_FORMS = (
    r"https?://[!#-;=?-~]+",
    r"[A-Za-z0-9][\w.+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+",
    r"《[^《》\n]{2,40}》",
    (
        rf"第[{_NUMERAL}\d]{{1,7}}条(?:之[{_NUMERAL}]+)?(?:第[{_NUMERAL}\d]+款)?"
        rf"(?:第?[（(][{_NUMERAL}\d]+[）)]项)?"
    ),
    r"[\u4e00-\u9fff]{1,6}[〔\[][12]\d{3}[〕\]]第?\d+号",
    r"\d{4} ?年(?: ?\d{1,2} ?月(?: ?\d{1,2} ?日)?)?",
    r"[一二][零〇○一二三四五六七八九]{3}年(?:[一二三四五六七八九十]+月(?:[一二三四五六七八九十]+日)?)?",
    r"\d{1,2} ?月 ?\d{1,2} ?日",
    r"(?<!\d)\d{4}[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])(?!\d)",
    rf"\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:, ?\d{{4}})?\b",
    rf"\b\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}(?:,? \d{{4}})?\b",
    rf"\b{_MONTH} \d{{4}}\b",
    rf"(?:US|HK|RMB|CNY|EUR)?[$￥¥€£] ?\d[\d,]*(?:\.\d+)?(?: ?(?:{_SCALE}|万|亿))?",
    rf"\d[\d,]*(?:\.\d+)?\s?(?:{_UNIT})",
    rf"\d[\d,]*(?:\.\d+)? (?:percent|{_SCALE})\b",
    rf"百分之[{_NUMERAL}点]+",
    rf"[{_NUMERAL}]{{1,8}}(?:万元|亿元|元|美元|周岁|倍)",
    r"\b(?:GB|ISO|IEC|IEEE|RFC|CVE|DIN|ANSI|JJG|YY|HJ)(?:/[A-Z])?[ -]?\d[\d.:-]*\d\b",
    rf"\b{_NAME}(?: (?:(?:of|the|and|for|de|van|von) )?{_NAME}){{1,4}}(?: \d+(?![\d.,]*\d))?",
    r"\b(?=[A-Z0-9-]*[A-Z])(?=[A-Z-]*\d)[A-Z0-9]+(?:-[A-Z0-9]+)*\b",
    r"\b[A-Z]{2,}\b",
)
# ASCII: a word boundary lies between 汉 and A, and \w is no Han character.
_ENTITY = re.compile("|".join(f"(?:{form})" for form in _FORMS), re.ASCII)
_OPENER = re.compile(
    r"(?:[Tt]he|[Aa]|An|In|On|At|For|And|But|Or|If|As|By|To|From|With|When|While|This|That|These|Those|"
    r"Its?|He|She|We|They|Our|Your|Their|See|Both|All|Each|After|Before|During|Since|Under|"
    r"However|Although|Also|You|Use|Not|No|Is|Are|What|How|Why|Who|Which|Where) "
)


def entities(text: str, *, limit: int) -> list[tuple[int, int]]:
    """Return the spans of at most `limit` distinct entities, in order of first occurrence.

    Laws in 《》, articles, document numbers, dates, amounts and shares, links, e-mail addresses,
    identifiers, acronyms, and English names of two or more capitalised words.
    """
    spans: list[tuple[int, int]] = []
    seen: set[str] = set()
    for match in _ENTITY.finditer(text):
        start, end = match.span()
        while opener := _OPENER.match(text, start, end):
            start = opener.end()
        words = text[start:end]
        if words in seen or _one_plain_word(words, opened=start > match.start()):
            continue
        seen.add(words)
        spans.append((start, end))
        if len(spans) == limit:
            break
    return spans


def _one_plain_word(words: str, *, opened: bool) -> bool:
    """Tell whether only an ordinary capitalised word is left after the sentence's opener."""
    return opened and " " not in words and not words.isupper()
