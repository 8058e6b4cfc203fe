"""Captions: the line that names a figure or a table, told from a sentence that mentions one."""

import re

_NUMBER = r"(?:[A-Z]?\d{1,3}(?:[.\-–—]\d{1,3}){0,3}[a-z]?|[IVXL]{1,6}|[一二三四五六七八九十]{1,3})"
_LATIN = re.compile(
    r"(?:figure|fig\.?|table|tab\.?|chart|exhibit|scheme|listing|algorithm|abbildung|abb\.?|tabelle)"
    rf"\s{{0,2}}{_NUMBER}(?:\s*[.:：|–—]\s*\S|\s*[.:]?$|\s{{2,}}\S)",
    re.I,
)
_CHINESE = re.compile(
    rf"[\[【(（]?\s?(?:附?图|附?表|圖|図|그림|표)\s?{_NUMBER}\s?[\]】)）]?(?:\s*[:：.、]\s*\S|\s+\S|$)"
)
_ALONE = re.compile(
    rf"(?:figure|fig\.?|table|tab\.?|algorithm|附?图|附?表)\s{{0,2}}{_NUMBER}[.:：]?", re.I
)
_MENTION = re.compile(r"^\S*\s*(?:所示|中|为|是|显示|给出|列出|说明|表明|可见|反映)")
_CONTINUATION = re.compile(
    rf"[(（\[]?\s*续\s*(?:附?表|附?图|上表)?\s*{_NUMBER}?\s*[)）\]]?"
    rf"|(?:附?表|附?图)\s?{_NUMBER}.{{0,60}}[(（]\s*续\s*表?\s*[)）]"
    rf"|(?:table|figure)\s+{_NUMBER}.{{0,80}}\(?\s*(?:continued|cont\.?|cont['’]d)\s*\)?\.?"
    r"|\(?\s*(?:table\s+)?(?:continued|cont['’]d)\s*\)?\.?",
    re.I,
)
_LONGEST = 700
_LONGEST_CHINESE = 120


def is_caption(text: str) -> bool:
    """Return whether a paragraph is the caption of a figure or a table.

    图 1 系统架构, 表2-1：税率, Figure 3. Overview, Table IV; not 如图 1 所示 or Figure 3 shows.
    """
    if _LATIN.match(text):
        return len(text) <= _LONGEST
    match = _CHINESE.match(text)
    if match is None or len(text) > _LONGEST_CHINESE or text.endswith(("。", "；", "，")):
        return False
    return _MENTION.match(re.sub(rf"^\D{{1,3}}{_NUMBER}\s*", "", text)) is None


def is_caption_number(text: str) -> bool:
    """Return whether a line is the number of a caption alone, its words standing below."""
    return _ALONE.fullmatch(text.strip()) is not None


def is_continuation(text: str) -> bool:
    """Return whether a line only says that the table above goes on here (续表, continued)."""
    return _CONTINUATION.fullmatch(text.strip()) is not None
