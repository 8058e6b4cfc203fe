"""What a line's number says: a heading of some level, the start of an article, a list item.

Chinese statutes go 编, 分编, 章, 节, 条; reports go 一、（一）1. or 1, 1.1, 1.1.1; English ones
go part, chapter, section. An article (第…条) opens a paragraph, never a section: a statute's
articles are its sentences' context, and hundreds of one-article sections would be noise.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from ingestion.builder import DraftBlock
from ingestion.records import BlockKind

_COUNT = "[0-9０-９零〇一二三四五六七八九十百千两]{1,8}"
_STATUTE = re.compile(
    rf"第{_COUNT}(分编|编|篇|部分|章|节)(?=[\s：:、.]|[^\s的之规所和及至到中内，。；])"
)
_STATUTE_LEVELS = {"编": 2, "篇": 2, "部分": 2, "分编": 3, "章": 3, "节": 4}
_ARTICLE = re.compile(rf"第{_COUNT}条(?:之{_COUNT})?(?=[\s：:【\[（(]|$)")
_ENUMERATION = re.compile(r"[一二三四五六七八九十]{1,3}[、．.]\s*\S")
_BRACKETED = re.compile(
    r"[（(](?:[一二三四五六七八九十]{1,3}|[0-9]{1,2}|[a-z]|[ivx]{1,4})[）)]\s*\S"
)
_DECIMAL = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,2}){1,4})(?:\.?[ \t\u3000]+\S|(?=[\u4e00-\u9fff]))")
_ENGLISH = re.compile(
    r"(part|chapter|article|section|appendix|item)\s+(?:\d{1,3}[a-z]?|[ivxlc]{1,6}|[a-z])\b[.:]?",
    re.I,
)
_ENGLISH_LEVELS = {"part": 2, "chapter": 2, "appendix": 2, "item": 3, "article": 3, "section": 3}
_ROMAN = re.compile(r"[IVX]{1,5}\.\s+[A-Z][A-Z \-:&,]{3,}$")
_LIST_MARK = re.compile(
    r"(?:[•●○◦▪■□‣·∙➢➤✓\-–—*]|\d{1,3}[.)、．]|[a-zA-Z][.)]|[①-⑳⑴-⒇])(?:\s+|(?=[\u4e00-\u9fff]))\S"
)
_SENTENCE_END = tuple("。！？；!?;，,、：:")
_HEADING_LENGTH = 40
_ENGLISH_HEADING_LENGTH = 90


def heading_level(line: str) -> int | None:
    """Return the level (1 to 6) of a line that is a heading by its number alone, else None."""
    line = line.strip()
    if not line or "\n" in line or line.endswith(_SENTENCE_END):
        return None
    if match := _ENGLISH.match(line):
        title = line[match.end() :].strip()
        named = len(line) <= _ENGLISH_HEADING_LENGTH and not line.endswith(".")
        return _ENGLISH_LEVELS[match[1].lower()] if named and not title[:1].islower() else None
    if _ROMAN.match(line):
        return 2
    if match := _DECIMAL.match(line):
        number = match[1]
        named = len(line) <= _ENGLISH_HEADING_LENGTH and not line.endswith(".")
        worded = re.search(r"[^\W\d_]{2}", line[len(number) :]) is not None
        return min(6, 2 + number.count(".")) if named and worded else None
    if len(line) > _HEADING_LENGTH:
        return None
    if match := _STATUTE.match(line):
        return _STATUTE_LEVELS[match[1]]
    if _ENUMERATION.match(line):
        return 3
    return 4 if re.match(r"[（(][一二三四五六七八九十]{1,3}[）)]", line) else None


def opens_article(line: str) -> bool:
    """Return whether the line starts an article of a statute (第三条 …)."""
    return _ARTICLE.match(line.lstrip()) is not None


def opens_list_item(line: str) -> bool:
    """Return whether the line starts with a bullet, or a number or letter of a list."""
    line = line.lstrip()
    return bool(_LIST_MARK.match(line) or _BRACKETED.match(line))


def opens_block(line: str) -> bool:
    """Return whether the line can't continue the paragraph above it."""
    line = line.lstrip()
    return bool(
        opens_article(line)
        or opens_list_item(line)
        or _ENUMERATION.match(line)
        or (_STATUTE.match(line) and heading_level(line) is not None)
    )


def demote_contents(drafts: Sequence[DraftBlock]) -> list[DraftBlock]:
    """Return the drafts with the headings of a table of contents turned into list items.

    A contents list is a run of at least three headings, nothing between them, most of which
    come again later. Left as they are they would be empty sections, and the parents of none.
    """
    keys = [_heading_key(draft) for draft in drafts]
    last = {key: index for index, key in enumerate(keys) if key}
    result = list(drafts)
    start = 0
    while start < len(keys):
        end = start
        while end < len(keys) and keys[end]:
            end += 1
        repeated = sum(last[key] >= end for key in keys[start:end])
        if end - start >= 3 and repeated * 2 > end - start:
            for index in range(start, end):
                if last[keys[index]] >= end:
                    result[index] = replace(drafts[index], kind=BlockKind.LIST_ITEM, level=0)
        start = end + 1
    return result


def _heading_key(draft: DraftBlock) -> str:
    if draft.kind is not BlockKind.HEADING:
        return ""
    bare = re.sub(r"[\s.．·…]*\d*\s*$", "", draft.text)
    return re.sub(r"\s", "", bare or draft.text)
