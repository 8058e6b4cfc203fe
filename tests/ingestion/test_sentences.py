import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.builder import DraftBlock, build_document
from ingestion.errors import EmptyDocument
from ingestion.records import BlockKind
from ingestion.sections import split_sections
from ingestion.sentences import LONGEST, split_sentences


def spans_of(document):
    return [s for section in split_sections(document) for s in split_sentences(document, section)]


def split(text, kind=BlockKind.PARAGRAPH):
    document = build_document([DraftBlock(kind, text)], name="a", media_type="x")
    return [document.text[s.start : s.end] for s in spans_of(document)]


@pytest.mark.parametrize(
    "sentences",
    [
        ["国家厉行节约，反对浪费。", "本法所称食品，是指各种食物。"],
        ["他说：“走吧。”", "大家就走了！", "真的吗？！", "是。"],
        ["（详见附件。）", "下一句。"],
        ["税率为3.5%。", "自2021年1月1日起执行。"],
        ["他读过《你好吗？》这本书。", "很好。"],
        ["我……我不知道。", "算了。"],
        ["1.总则由甲公司与Acme Inc.的代表商定。", "好。"],
        ["请看 README.md 文件。", "Then run it.", "完成。"],
    ],
)
def test_sentences_chinese_are_cut_after_their_stops(sentences):
    assert split("".join(sentences)) == sentences


@pytest.mark.parametrize(
    "sentences",
    [
        [
            "Dr. Smith paid $3.50 to J. K. Lee.",
            "He left at 5 p.m. on Monday.",
            "Why?",
            "Nobody knew.",
        ],
        ["It grew, e.g. in the U.S. market, by 2.5 percent.", "See Fig. 3 and No. 7."],
        ["He works at Acme Inc.", "The firm is old."],
        ['She said "Stop."', "Then she left.", "(It was late.)", "All slept."],
        ["Wait... what happened?", "Nothing!", "OK."],
        ["1. Open the door.", "Close it."],
        ["Visit example.com today.", "Use v1.2.3 now."],
    ],
)
def test_sentences_english_abbreviations_and_numbers_do_not_end_them(sentences):
    assert split(" ".join(sentences)) == sentences


def test_sentences_table_rows_are_sentences_of_their_own():
    assert split("名称 | 税率\n合同 | 0.3‰。 附注", BlockKind.TABLE) == [
        "名称 | 税率",
        "合同 | 0.3‰。 附注",
    ]


def test_sentences_code_is_grouped_by_blank_lines():
    assert split("a = 1\nb = 2\n\nprint(a. b)", BlockKind.CODE) == ["a = 1\nb = 2", "print(a. b)"]


def test_sentences_line_breaks_in_a_paragraph_end_them():
    assert split("白日依山尽\n黄河入海流") == ["白日依山尽", "黄河入海流"]


def test_sentences_too_long_are_cut_at_softer_punctuation_then_hard():
    clause = "甲" * 299 + "，" + "乙" * 299 + "；"
    pieces = split(clause * 3)
    assert all(len(piece) <= LONGEST for piece in pieces)
    assert pieces[0].endswith("；")
    assert [len(piece) for piece in split("丙" * (2 * LONGEST + 5))] == [LONGEST, LONGEST, 5]


def test_sentences_page_is_that_of_the_block():
    draft = DraftBlock(BlockKind.PARAGRAPH, "一。二。", page=7)
    document = build_document([draft], name="a", media_type="x")
    assert [sentence.page for sentence in spans_of(document)] == [7, 7]


fragments = st.sampled_from(
    [
        *"。！？!?.…，；\n \t”)》第一条甲aB1　",
        "e.g.",
        "Mr.",
        "\n\n",
        "    x",
        "丁" * 500,
        "word " * 200,
    ]
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(BlockKind)),
            st.lists(fragments | st.text(max_size=5), max_size=20).map("".join),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_sentences_any_document_every_character_is_in_exactly_one(items):
    drafts = [DraftBlock(kind, text, 1) for kind, text in items]
    try:
        document = build_document(drafts, name="a", media_type="x")
    except EmptyDocument:
        return
    covered = [False] * len(document.text)
    end = 0
    blocks = [(block.start, block.end) for block in document.blocks]
    for span in spans_of(document):
        assert end <= span.start < span.end
        assert any(start <= span.start and span.end <= stop for start, stop in blocks)
        text = document.text[span.start : span.end]
        assert text == text.strip()
        assert len(text) <= LONGEST
        covered[span.start : span.end] = [True] * len(text)
        end = span.end
    assert all(seen or char.isspace() for seen, char in zip(covered, document.text, strict=True))


@pytest.mark.parametrize("line", ["from 10.0.0.5 took 5 ms ", "a" * 60])
def test_sentences_of_a_paragraph_without_end_take_time_in_proportion(line):
    began = time.process_time()
    pieces = split(line * (1_500_000 // len(line)))
    assert time.process_time() - began < 15
    assert all(len(piece) <= LONGEST for piece in pieces)
