from hypothesis import given
from hypothesis import strategies as st

from ingestion.builder import DraftBlock, build_document
from ingestion.records import BlockKind
from ingestion.sections import split_sections


def document_of(*items):
    blocks = [
        DraftBlock(BlockKind.HEADING if level else BlockKind.PARAGRAPH, text, level)
        for level, text in items
    ]
    return build_document(blocks, name="a.txt", media_type="text/plain")


def test_sections_nested_headings_paths_hold_their_ancestors():
    document = document_of(
        (0, "前言"), (1, "法"), (2, "一编"), (4, "一节"), (0, "甲"), (2, "二编"), (0, "乙")
    )
    sections = split_sections(document)
    assert [section.path for section in sections] == [
        (),
        ("法",),
        ("法", "一编"),
        ("法", "一编", "一节"),
        ("法", "二编"),
    ]
    assert document.text[sections[3].start : sections[3].end] == "一节\n\n甲"


@given(st.lists(st.tuples(st.integers(0, 6), st.text("ab 中。", min_size=1)), min_size=1))
def test_sections_any_document_every_block_is_in_exactly_one(items):
    document = document_of((0, "x"), *items)
    sections = split_sections(document)
    assert tuple(block for section in sections for block in section.blocks) == document.blocks
    for section in sections:
        assert (section.start, section.end) == (section.blocks[0].start, section.blocks[-1].end)
        first, *rest = section.blocks
        assert all(block.kind is not BlockKind.HEADING for block in rest)
        if first.kind is BlockKind.HEADING:
            assert section.path[-1] == document.text[first.start : first.end]
