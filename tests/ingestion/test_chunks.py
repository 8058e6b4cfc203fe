"""Tests of packing sentences into chunks; one token is one character that is not a space."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.chunks import Boundaries, Unit, pack_chunks, structural_costs
from ingestion.records import Block, BlockKind, Chunk, Document, Section, Sentence
from ingestion.sections import split_sections
from ingestion.sentences import split_sentences

HEADING, PARAGRAPH = BlockKind.HEADING, BlockKind.PARAGRAPH
Part = tuple[BlockKind, int, str]


def count_tokens(texts: Sequence[str]) -> list[int]:
    return [sum(not letter.isspace() for letter in text) for text in texts]


def make_document(*parts: Part, pages: Sequence[int] = ()) -> Document:
    blocks, text = [], ""
    for i, (kind, level, words) in enumerate(parts):
        text += "\n\n" if text else ""
        page = pages[i] if pages else None
        blocks.append(Block(kind, len(text), len(text) + len(words), page, level, None))
        text += words
    return Document("题", text, tuple(blocks), "zh", "text/plain", None, ())


def pack(document: Document, limit: int, **options: object) -> list[Chunk]:
    sections = split_sections(document)
    sentences = [split_sentences(document, section) for section in sections]
    return pack_chunks(document, sections, sentences, count_tokens, limit=limit, **options)


def sizes(chunks: Sequence[Chunk]) -> list[int]:
    return count_tokens([chunk.text for chunk in chunks])


words = st.text(st.sampled_from("甲乙丙ab1 ，。；：\n"), min_size=1, max_size=90).filter(
    lambda text: bool(text.strip())
)
parts = st.tuples(st.sampled_from(BlockKind), st.integers(1, 3), words)


@settings(max_examples=150, deadline=None)
@given(st.lists(parts, max_size=12), st.integers(8, 60))
def test_pack_chunks_of_any_document_covers_every_block_once(
    content: list[Part], limit: int
) -> None:
    document = make_document(*content)

    chunks = pack(document, limit)

    held = [0] * len(document.text)
    for chunk in chunks:
        for i in range(chunk.start, chunk.end):
            held[i] += 1
    assert [c.ordinal for c in chunks] == list(range(len(chunks)))
    assert all(chunk.text == document.text[chunk.start : chunk.end] for chunk in chunks)
    assert max(held, default=0) <= 1
    assert all(all(held[block.start : block.end]) for block in document.blocks)
    assert all(size <= limit for size in sizes(chunks))


@settings(max_examples=80, deadline=None)
@given(st.lists(parts, max_size=8), st.integers(8, 60))
def test_pack_chunks_between_blocks_leaves_line_breaks_out(content: list[Part], limit: int) -> None:
    document = make_document(*((kind, level, text.strip()) for kind, level, text in content))

    chunks = pack(document, limit)

    inside = {i for block in document.blocks for i in range(block.start, block.end)}
    assert all(c.start in inside and c.end - 1 in inside for c in chunks)


@pytest.mark.parametrize("count", [7, 10, 13])
def test_pack_chunks_of_a_long_section_are_even(count: int) -> None:
    text = "".join("甲" * 9 + "。" for _ in range(count))

    chunks = pack(make_document((PARAGRAPH, 0, text)), 40)

    assert max(sizes(chunks)) - min(sizes(chunks)) <= 10
    assert min(sizes(chunks)) >= 20


def test_pack_chunks_of_a_short_document_gives_one() -> None:
    document = make_document((PARAGRAPH, 0, "甲乙。丙丁。"), (PARAGRAPH, 0, "戊己。"))

    assert [chunk.text for chunk in pack(document, 40)] == ["甲乙。丙丁。\n\n戊己。"]


def test_pack_chunks_of_a_statute_cut_before_articles() -> None:
    articles = [
        (PARAGRAPH, 0, f"第{number}条 " + "甲" * 12 + "。" + "乙" * length + "。")
        for number, length in zip("一二三四五六", [2, 16, 5, 14, 3, 12], strict=True)
    ]

    chunks = pack(make_document(*articles), 60)

    assert len(chunks) > 1
    assert all(chunk.text.startswith("第") for chunk in chunks)


def test_pack_chunks_of_two_sections_do_not_cross() -> None:
    document = make_document(
        (HEADING, 1, "甲章"),
        (PARAGRAPH, 0, "甲" * 15 + "。"),
        (HEADING, 1, "乙章"),
        (PARAGRAPH, 0, "乙" * 15 + "。"),
    )

    chunks = pack(document, 40)

    assert [chunk.heading_path for chunk in chunks] == [("甲章",), ("乙章",)]
    assert chunks[1].text == "乙章\n\n" + "乙" * 15 + "。"


def test_pack_chunks_of_tiny_siblings_share_one_under_their_parent() -> None:
    document = make_document(
        (HEADING, 1, "编"),
        (PARAGRAPH, 0, "引" * 30 + "。"),
        (HEADING, 2, "甲"),
        (PARAGRAPH, 0, "甲甲。"),
        (HEADING, 2, "乙"),
        (PARAGRAPH, 0, "乙乙。"),
        (HEADING, 1, "丙"),
        (PARAGRAPH, 0, "丙丙。"),
    )

    chunks = pack(document, 60)

    assert [(chunk.heading_path, chunk.text[:1]) for chunk in chunks] == [
        (("编",), "编"),
        (("编",), "甲"),
        (("丙",), "丙"),
    ]
    assert chunks[1].text == "甲\n\n甲甲。\n\n乙\n\n乙乙。"


def test_pack_chunks_of_many_tiny_siblings_stay_modest() -> None:
    content: list[Part] = []
    for letter in "甲乙丙丁戊己庚辛壬癸":
        content += [(HEADING, 1, letter), (PARAGRAPH, 0, letter * 7 + "。")]

    chunks = pack(make_document(*content), 60)

    assert sizes(chunks) == [27, 27, 27, 9]


def test_pack_chunks_of_a_bare_heading_goes_with_the_section_below() -> None:
    document = make_document(
        (HEADING, 1, "第一编"), (HEADING, 2, "第一章"), (PARAGRAPH, 0, "甲" * 20 + "。")
    )

    [chunk] = pack(document, 40)

    assert chunk.text.startswith("第一编\n\n第一章\n\n甲")
    assert chunk.heading_path == ("第一编", "第一章")


def test_pack_chunks_of_an_empty_section_goes_with_the_next() -> None:
    document = make_document((HEADING, 1, "甲章"), (HEADING, 1, "乙章"), (PARAGRAPH, 0, "乙" * 20))

    [chunk] = pack(document, 40)

    assert chunk.heading_path == ("乙章",)


def test_pack_chunks_of_a_short_introduction_goes_with_the_first_subsection() -> None:
    document = make_document(
        (HEADING, 1, "编"), (PARAGRAPH, 0, "如下："), (HEADING, 2, "章"), (PARAGRAPH, 0, "甲" * 20)
    )

    [chunk] = pack(document, 40)

    assert chunk.heading_path == ("编", "章")


def test_pack_chunks_of_a_heading_before_a_full_sentence_keep_together() -> None:
    document = make_document((HEADING, 1, "标题标题"), (PARAGRAPH, 0, "甲乙，" * 13 + "。"))

    chunks = pack(document, 40)

    assert sizes(chunks)[0] > 4
    assert max(sizes(chunks)) <= 40


def test_pack_chunks_of_an_endless_sentence_divide_it_after_clauses() -> None:
    chunks = pack(make_document((PARAGRAPH, 0, "甲乙丙丁，" * 30)), 40)

    assert max(sizes(chunks)) <= 40
    assert all(chunk.text.endswith("，") for chunk in chunks)


def test_pack_chunks_around_an_endless_sentence_tear_it_once() -> None:
    text = "甲" * 19 + "。" + "乙乙乙乙，" * 9 + "。" + "丙" * 19 + "。"

    chunks = pack(make_document((PARAGRAPH, 0, text)), 40)

    assert sum(not chunk.text.endswith("。") for chunk in chunks) == 1


def test_pack_chunks_of_a_sentence_without_clauses_divide_it_at_spaces() -> None:
    chunks = pack(make_document((PARAGRAPH, 0, "abcdef " * 31)), 40)

    assert max(sizes(chunks)) <= 40
    assert all(chunk.text.startswith("abcdef") for chunk in chunks)


@pytest.mark.parametrize("kind", [BlockKind.TABLE, BlockKind.CODE])
def test_pack_chunks_of_a_table_that_fits_keep_it_whole(kind: BlockKind) -> None:
    table = "\n\n".join("行" * 6 for _ in range(6))
    document = make_document(
        (PARAGRAPH, 0, "甲" * 7 + "。"), (kind, 0, table), (PARAGRAPH, 0, "乙" * 8)
    )

    assert [chunk.text for chunk in pack(document, 40)] == ["甲" * 7 + "。", table, "乙" * 8]


def test_pack_chunks_of_a_table_too_long_divide_it_between_rows() -> None:
    table = "\n".join("行" * 9 for _ in range(12))

    chunks = pack(make_document((BlockKind.TABLE, 0, table)), 40)

    assert len(chunks) == 3
    assert all(size % 9 == 0 for size in sizes(chunks))


def test_pack_chunks_of_a_tables_later_rows_name_its_columns() -> None:
    rows = ["年度 | 收入", *(f"{year} | {year * 7}" for year in range(2000, 2040))]
    document = make_document(
        (BlockKind.HEADING, 1, "收入表"), (BlockKind.TABLE, 0, "\n".join(rows))
    )
    first, second, *_ = pack(document, 120)
    assert first.heading_path == ("收入表",)
    assert second.heading_path == ("收入表", "年度 | 收入")
    assert "年度" not in second.text


def test_pack_chunks_of_a_lead_in_keep_it_with_its_first_item() -> None:
    document = make_document(
        (PARAGRAPH, 0, "甲" * 19 + "。" + "下列情形：".rjust(17, "乙")),
        *((BlockKind.LIST_ITEM, 0, "丙" * 12 + "；") for _ in range(4)),
    )

    chunks = pack(document, 60)

    assert not any(chunk.text.endswith("：") for chunk in chunks)


def test_pack_chunks_with_given_costs_cut_where_they_are_low() -> None:
    def after_the_second(document: Document, units: Sequence[Unit]) -> Boundaries:
        inner = range(len(units) - 1)
        return Boundaries([0.0 if i == 1 else 5.0 for i in inner], [i / 10 for i in inner])

    document = make_document((PARAGRAPH, 0, ("甲" * 9 + "。") * 6))

    chunks = pack(document, 45, judge=after_the_second)

    assert sizes(chunks) == [20, 40]
    # What was thought of the boundary that a chunk begins at stays with it.
    assert [chunk.coherence for chunk in chunks] == [None, 0.1]


def test_pack_chunks_without_sentences_covers_the_blocks() -> None:
    document = make_document((PARAGRAPH, 0, "甲"), (PARAGRAPH, 0, "乙"))
    section = Section((), 0, 4, document.blocks)

    [chunk] = pack_chunks(document, [section], [[]], count_tokens, limit=8)

    assert (chunk.start, chunk.end) == (0, 4)


def test_pack_chunks_page_is_that_of_their_first_sentence() -> None:
    document = make_document((PARAGRAPH, 0, "甲" * 30), (PARAGRAPH, 0, "乙" * 30), pages=[3, 4])

    assert [chunk.page for chunk in pack(document, 40)] == [3, 4]
    assert [chunk.page for chunk in pack(document, 60)] == [3]


def test_pack_chunks_counts_tokens_in_batches() -> None:
    calls: list[int] = []

    def counting(texts: Sequence[str]) -> list[int]:
        calls.append(len(texts))
        return count_tokens(texts)

    document = make_document((PARAGRAPH, 0, "甲。" * 3000))
    sentences: list[list[Sentence]] = [split_sentences(document, split_sections(document)[0])]
    pack_chunks(document, split_sections(document), sentences, counting, limit=40)

    assert calls == [1024, 1024, 952]


def test_pack_chunks_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="limit"):
        pack(make_document((PARAGRAPH, 0, "甲")), 0)


def test_structural_costs_rise_from_article_to_torn_lead_in() -> None:
    document = make_document(
        (PARAGRAPH, 0, "前言。后语。"),
        (PARAGRAPH, 0, "第二条 有下列情形："),
        (BlockKind.LIST_ITEM, 0, "其一；"),
        (BlockKind.LIST_ITEM, 0, "其二。"),
        (PARAGRAPH, 0, "第三条规定的除外。"),
    )
    blocks = document.blocks
    spans = [(0, 3, 0), (3, 6, 0), *((b.start, b.end, i) for i, b in enumerate(blocks) if i)]
    units = [Unit(a, b, None, blocks[i], 0, opens=True, heading=False) for a, b, i in spans]

    sentence, article, item_after_lead_in, item, paragraph = structural_costs(document, units)

    assert article == 0 < paragraph < item < sentence < item_after_lead_in


def test_article_that_fits_is_in_one_chunk_however_uneven_that_makes_them() -> None:
    short, long = "第一条 短。", "第二条 有三款内容。"
    parts = [short, long, "其中第二款也在此。", "其中第三款也在此。"]
    document = make_document(*((BlockKind.PARAGRAPH, 0, text) for text in parts))
    whole = sum(count_tokens(parts[1:]))
    assert [len(chunk.text.split()) for chunk in pack(document, whole)] == [2, 4]
    # One that does not fit is divided where that makes even chunks.
    assert len(pack(document, whole - 1)) == 2
    assert pack(document, whole - 1)[0].text.endswith(parts[1])
