import pytest

from ingestion.builder import DraftBlock
from ingestion.numbering import (
    demote_contents,
    heading_level,
    opens_article,
    opens_block,
    opens_list_item,
)
from ingestion.records import BlockKind


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("第一编 总则", 2),
        ("第二分编　典型合同", 3),
        ("第十二章 附 则", 3),
        ("第三节 监督管理", 4),
        ("一、工作目标", 3),
        ("（二）适用范围", 4),
        ("1.2 Scope of work", 3),
        ("3.1.4总体架构", 4),
        ("Chapter 3: Methods", 2),
        ("ITEM 1A. RISK FACTORS", 3),
        ("II. BACKGROUND", 2),
    ],
)
def test_heading_level_numbered_line_is_found(line, level):
    assert heading_level(line) == level


@pytest.mark.parametrize(
    "line",
    [
        "第一条 为了规范管理，制定本办法。",
        "第三章的规定适用于本节",
        "第一章规定的程序，适用于本条。",
        "（一）土地使用权出让；",
        "一、本办法自发布之日起施行。",
        "1.5 million people were counted.",
        "3.14",
        "Section 3 of the act applies to the following persons.",
        "part of the plan",
        "",
    ],
)
def test_heading_level_sentence_is_none(line):
    assert heading_level(line) is None


def test_opens_article_reference_inside_a_sentence_is_not_one():
    assert opens_article("第二十三条 经营者应当")
    assert opens_article("第十条之一　补充")
    assert not opens_article("第十条规定的情形")


def test_opens_list_item_bullets_numbers_and_brackets_are_found():
    for line in ("• one", "- one", "1. one", "（三）出租；", "(a) one", "①甲方", "2、乙方"):
        assert opens_list_item(line), line
    assert not opens_list_item("2021 was a year")
    assert not opens_list_item("-")


def test_opens_block_article_and_chapter_open_one():
    assert opens_block("第五条 国家")
    assert opens_block("第二章 职责")
    assert not opens_block("国家建立制度")


def heading(text, level=3):
    return DraftBlock(BlockKind.HEADING, text, level)


def test_demote_contents_list_of_chapters_becomes_list_items():
    body = DraftBlock(BlockKind.PARAGRAPH, "正文")
    contents = [heading("第一章 总则 …… 1"), heading("第二章 职责"), heading("第三章 附则")]
    chapters = [heading("第一章 总则"), body, heading("第二章 职责"), body, heading("第三章  附则")]
    drafts = demote_contents([*contents, body, *chapters])
    assert [draft.kind for draft in drafts[:3]] == [BlockKind.LIST_ITEM] * 3
    assert [draft.kind for draft in drafts[4:]] == [draft.kind for draft in chapters]


def test_demote_contents_headings_that_do_not_come_again_stay():
    drafts = [heading("第一编 甲", 2), heading("第一章 乙"), heading("第一节 丙", 4)]
    assert demote_contents(drafts) == drafts
