from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from ingestion.chunks import Boundaries, judge_by_layout, pack_chunks
from ingestion.coherence import boundary_coherence, judge_by_coherence, with_borders_scored
from ingestion.records import BlockKind, Chunk, Document, Scores
from ingestion.sections import split_sections
from ingestion.sentences import split_sentences
from tests.ingestion.test_chunks import count_tokens, make_document

PARAGRAPH = BlockKind.PARAGRAPH


class WordScorer:
    """Text goes on where both sides speak of the same animal."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def score_pairs(self, pairs: Sequence[tuple[str, str]]) -> Scores:
        self.asked += pairs
        scores = [
            0.95 if any(word in first and word in second for word in ("猫", "狗")) else 0.0
            for first, second in pairs
        ]
        return np.array(scores, dtype=np.float32)


def chunks_of(document: Document, limit: int, scorer: WordScorer) -> list[Chunk]:
    sections = split_sections(document)
    sentences = [split_sentences(document, section) for section in sections]
    judge = judge_by_coherence(scorer)
    return pack_chunks(document, sections, sentences, count_tokens, limit=limit, judge=judge)


def test_chunks_end_where_the_text_turns_and_not_in_the_middle() -> None:
    words = "猫吃鱼呀。猫睡觉呀。狗叫了呀。狗跑了呀。狗回来呀。狗累了呀。"
    chunks = chunks_of(make_document((PARAGRAPH, 0, words)), 20, WordScorer())
    assert [chunk.text for chunk in chunks] == [words[:10], words[10:]]
    assert [chunk.coherence for chunk in chunks] == [None, 0.0]


def test_chunks_end_at_a_turn_even_where_all_would_fit() -> None:
    words = "猫吃鱼呀。猫睡觉呀。狗叫了呀。狗跑了呀。"
    chunks = chunks_of(make_document((PARAGRAPH, 0, words)), 30, WordScorer())
    assert [chunk.text for chunk in chunks] == [words[:10], words[10:]]


def units_and_scores(document: Document, scorer: WordScorer) -> list[float | None]:
    found: list[list[float | None]] = []

    def judge(document: Document, units: Sequence) -> Boundaries:
        found.append(boundary_coherence(scorer, document, units))
        return judge_by_layout(document, units)

    sections = split_sections(document)
    sentences = [split_sentences(document, section) for section in sections]
    pack_chunks(document, sections, sentences, count_tokens, limit=99, judge=judge)
    return found[0]


def test_boundaries_beside_headings_and_inside_tables_are_not_scored() -> None:
    document = make_document(
        (BlockKind.HEADING, 1, "标题"),
        (PARAGRAPH, 0, "猫吃鱼。猫睡觉。"),
        (BlockKind.TABLE, 0, "甲 | 乙\n1 | 2\n3 | 4"),
    )
    scorer = WordScorer()
    found = units_and_scores(document, scorer)
    assert found[0] is None
    assert found[1] == np.float32(0.95)
    assert found[2] is not None  # between the paragraph and the table
    assert set(found[3:]) <= {None}
    assert len(scorer.asked) == 2


def test_boundaries_are_read_with_two_sentences_on_either_side_of_one_section() -> None:
    document = make_document(
        (PARAGRAPH, 0, "一。二。三。四。"),
        (BlockKind.HEADING, 1, "标题"),
        (PARAGRAPH, 0, "五。六。"),
    )
    scorer = WordScorer()
    units_and_scores(document, scorer)
    assert scorer.asked == [
        ("一。", "二。三。"),
        ("一。二。", "三。四。"),
        ("二。三。", "四。"),
        ("五。", "六。"),
    ]


def test_borders_are_scored_from_each_chunk_to_the_next() -> None:
    scorer = WordScorer()
    texts = ("猫吃鱼", "猫睡", "狗", "狗跑")
    chunks = [Chunk(n, n, n + 1, None, (), text) for n, text in enumerate(texts)]
    chunks[2] = replace(chunks[2], coherence=0.4)
    found = with_borders_scored(scorer, chunks)
    assert [chunk.coherence for chunk in found] == [
        None,
        pytest.approx(0.95),
        0.4,
        pytest.approx(0.95),
    ]
    assert [chunk.text for chunk in found] == list(texts)
    assert scorer.asked == [("猫吃鱼", "猫睡"), ("狗", "狗跑")]
    assert with_borders_scored(scorer, []) == []
