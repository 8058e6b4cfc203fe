import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.builder import DraftBlock, build_document, language_of, normalise
from ingestion.errors import DocumentTooLarge, EmptyDocument
from ingestion.records import BlockKind

drafts = st.lists(
    st.builds(
        DraftBlock,
        st.sampled_from(list(BlockKind)),
        st.text(st.characters(), max_size=40),
        st.integers(-1, 9),
    ),
    min_size=1,
    max_size=12,
)


def paragraph(text):
    return DraftBlock(BlockKind.PARAGRAPH, text)


def test_normalise_line_ends_become_newlines():
    assert normalise("a\r\nb\rc\u2028d\fe") == "a\nb\nc\nd\ne"


def test_normalise_control_characters_and_surrogates_are_removed_or_replaced():
    assert normalise("a\x00b\x07\ufeffc\ud800\td\u00ade") == "abc\ufffd\tde"


def test_normalise_full_width_characters_stay_and_accents_compose():
    assert normalise("１２，Ａ　e\u0301") == "１２，Ａ　é"


@given(st.text(st.characters()))
def test_normalise_any_text_is_idempotent_and_encodable(text):
    once = normalise(text)
    assert normalise(once) == once
    assert "\r" not in once
    assert "\x00" not in once
    once.encode("utf-8")


@given(drafts)
def test_build_any_drafts_blocks_are_exact_ordered_and_cover_the_text(given_drafts):
    try:
        document = build_document(given_drafts, name="a.txt", media_type="text/plain")
    except EmptyDocument:
        assert not any(normalise(draft.text).strip() for draft in given_drafts)
        return
    end = 0
    for block in document.blocks:
        text = document.text[block.start : block.end]
        assert text.strip()
        between = document.text[end : block.start]
        assert between == "" if block.start == 0 else set(between) == {"\n"}
        assert (1 <= block.level <= 6) if block.kind is BlockKind.HEADING else block.level == 0
        end = block.end
    assert end == len(document.text)
    assert normalise(document.text) == document.text


def test_build_no_text_raises_empty_document():
    with pytest.raises(EmptyDocument):
        build_document([paragraph(" \n\t"), paragraph("")], name="a", media_type="text/plain")


def test_build_more_blocks_than_a_document_has_is_too_large():
    endless = (DraftBlock(BlockKind.PARAGRAPH, "a") for _ in itertools.count())
    with pytest.raises(DocumentTooLarge, match="paragraphs"):
        build_document(endless, name="a.txt", media_type="text/plain")


def test_build_title_prefers_given_then_highest_heading_then_stem():
    low = DraftBlock(BlockKind.HEADING, "细则", 3)
    high = DraftBlock(BlockKind.HEADING, "总 则", 1)

    def title(blocks, given=None):
        return build_document(blocks, name="手册.v2.txt", media_type="x", title=given).title

    assert title([low, high], " 员工\n手册 ") == "员工 手册"
    assert title([low, high], "  ") == "总 则"
    assert title([paragraph("正文")]) == "手册.v2"


def test_build_code_keeps_indentation_of_its_first_line():
    code = DraftBlock(BlockKind.CODE, "\n    a = 1\n\n    b = 2\n")
    document = build_document([paragraph("x"), code], name="a", media_type="x")
    block = document.blocks[1]
    assert document.text[block.start : block.end] == "    a = 1\n\n    b = 2"


def test_language_mixed_text_is_chinese_where_hanzi_are_considerable():
    assert language_of("使用 FastAPI 部署服务") == "zh"
    assert language_of("The character 的 is the most frequent one in Chinese text.") == "en"
    assert language_of("123") == "en"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a" + "".join(chr(0xE0000 + ord(c)) for c in "obey") + "b", "ab"),
        ("user\u202etxt.exe\u202c", "usertxt.exe"),
        ("\u2067a\u2069\u200e\u061c", "a"),
        ("a\ufe0f\ufe01\U000e0145\U000e0146b", "a\ufe0fb"),
        ("a \ufe0fb", "a b"),
        ("a\u2062\u2063\u2064b\u3164c", "abc"),
        ("a\u200c\u200d\u200c\u200d\u200db", "a\u200cb"),
    ],
)
def test_normalise_hidden_characters_go(text, clean):
    assert normalise(text) == clean
    assert normalise(clean) == clean


@pytest.mark.parametrize(
    "text",
    ["\u2764\ufe0f", "\u8fbb\U000e0100", "\U0001f469\u200d\U0001f4bb", "می\u200cخواهم", "क्\u200dष"],
)
def test_normalise_selectors_and_joiners_that_shape_a_character_stay(text):
    assert normalise(text) == text
