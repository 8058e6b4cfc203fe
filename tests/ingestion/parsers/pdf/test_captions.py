import pytest

from ingestion.parsers.pdf.captions import is_caption, is_caption_number, is_continuation
from ingestion.parsers.pdf.document import parse_pdf
from ingestion.records import BlockKind
from tests.ingestion.parsers.pdf_samples import Sheet


@pytest.mark.parametrize(
    "text",
    [
        "图 1 系统架构",
        "图1-2：各部门的分工",
        "表 2 税目税率",
        "表二、收费标准",
        "附表3 名单",
        "Figure 3. LIR snippet for sample program.",
        "Fig. 2: Overview",
        "Figure 7-26. Self-locking nuts.",
        "Table IV",
        "TABLE I: Results",
        "Abbildung 2.10: Beispiel",
        "[그림 4-5] 기술",
    ],
)
def test_caption_is_told_by_its_number(text):
    assert is_caption(text)


@pytest.mark.parametrize(
    "text",
    [
        "图 1 所示的系统由三部分组成",
        "表 2 中列出了税率",
        "如图 1 所示",
        "图书馆 2 楼",
        "Figure 3 shows the result.",
        "Table tennis is played",
        "Figures are in millions.",
        "The table 4. was",
    ],
)
def test_caption_is_not_a_sentence_that_mentions_one(text):
    assert not is_caption(text)


def test_caption_number_alone_and_continuations():
    assert is_caption_number("TABLE IV")
    assert not is_caption_number("Table 4 shows")
    assert all(map(is_continuation, ["续表", "续表 2", "表1 税率（续）", "Table 2 (continued)"]))
    assert not is_continuation("The talks were continued")


def test_pdf_caption_is_a_block_of_its_own_and_text_goes_on_behind_it():
    line = "The harbour office keeps a register of all the ships that enter or leave the"
    sheet = Sheet()
    sheet.lines(72, 140, [line, line])
    sheet.next_page()
    sheet.line(72, 740, "Figure 1. The harbour from above.")
    sheet.lines(72, 700, ["port and its basins, day by day, and " + line[:40], "at night."])
    document = parse_pdf(sheet.content(), "a.pdf")
    kinds = [(block.kind, document.text[block.start : block.end][:20]) for block in document.blocks]
    assert kinds == [
        (BlockKind.PARAGRAPH, "The harbour office k"),
        (BlockKind.CAPTION, "Figure 1. The harbou"),
    ]
    assert "leave the port and its basins" in document.text
