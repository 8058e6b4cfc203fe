from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from ingestion.records import (
    Block,
    BlockKind,
    Chunk,
    Document,
    KeyEntry,
    KeyKind,
    Language,
    Sentence,
    Vectors,
)
from ingestion.summaries import LONGEST, summarise


def make_document(sentences: Sequence[str], language: Language = "zh") -> Document:
    return Document("题", "\n".join(sentences), (), language, "text/plain", None, ())


def spans(sentences: Sequence[str]) -> list[Sentence]:
    found, at = [], 0
    for sentence in sentences:
        found.append(Sentence(at, at + len(sentence), None))
        at += len(sentence) + 1
    return found


def summary_of(
    sentences: Sequence[str],
    vectors: Vectors,
    phrases: Sequence[Sequence[str]] | None = None,
    language: Language = "zh",
) -> tuple[str, tuple[str, ...]]:
    """Summarise a document in which every sentence is a chunk."""
    document = make_document(sentences, language)
    chunks, keys = [], []
    for i, sentence in enumerate(spans(sentences)):
        text = document.text[sentence.start : sentence.end]
        chunks.append(Chunk(i, sentence.start, sentence.end, None, (), text))
        own = phrases[i] if phrases else ()
        keys.append(
            [
                *(KeyEntry(KeyKind.KEYPHRASE, phrase, 0, 1) for phrase in own),
                KeyEntry(KeyKind.SUMMARY, text, sentence.start, sentence.end),
            ]
        )
    return summarise(document, spans(sentences), chunks, vectors, keys)


def unit(*rows: Sequence[float]) -> Vectors:
    vectors = np.array(rows, dtype=np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


LONG = "字" * 69
THREE = [f"第一句开头{LONG}。", f"离题的一句{LONG}。", f"中心的一句{LONG}。", f"近中心一句{LONG}。"]


def test_summarise_takes_the_lead_and_the_central_in_document_order() -> None:
    text, _ = summary_of(THREE, unit((0.2, 1, 0), (0, 0, 1), (1, 0.5, 0), (1, 0.6, 0.1)))

    assert text.index("第一句开头") == 0
    assert "中心的一句" in text
    assert "离题的一句" not in text
    assert len(text) <= LONGEST["zh"]


def test_summarise_of_a_late_central_chunk_keeps_document_order() -> None:
    sentences = [f"第一句开头{LONG}。", f"次要的一句{LONG}。", f"最中心一句{LONG}。"]

    text, _ = summary_of(sentences, unit((1, 0, 0), (0.9, 0.4, 0), (0.5, 0.6, 0.6)))

    assert text.index("次要的一句") < text.index("最中心一句")


def test_summarise_prefers_what_it_has_not_said() -> None:
    sentences = ["短题", *(f"{name}{'字' * 138}。" for name in "甲乙丙")]

    text, _ = summary_of(sentences, unit((0, 0, 1), (1, 0.2, 0), (1, 0.21, 0), (0.3, 1, 0)))

    assert [name for name in "甲乙丙" if name in text] == ["甲", "丙"]


@pytest.mark.parametrize("lead", ["总则", "2021年4月29日第十三届会议通过的一项决定", "短。"])
def test_summarise_lead_is_a_full_sentence(lead: str) -> None:
    sentences = [lead, "为了保障粮食安全，制定本法。", *THREE]
    away = [(0.0, 0.0, 1.0)] * 2

    text, _ = summary_of(sentences, unit(*away, *[(1, 0.1, 0)] * 4))

    assert text.startswith("为了保障粮食安全，制定本法。")


def test_summarise_of_one_sentence_is_that_sentence() -> None:
    assert summary_of(["这份文件只有这样一句话。"], unit((1, 0))) == (
        "这份文件只有这样一句话。",
        (),
    )


def test_summarise_of_english_joins_with_spaces() -> None:
    text, _ = summary_of(
        ["The first sentence of this text leads it.", "The second one follows it."],
        unit((1, 0), (1, 0)),
        None,
        "en",
    )

    assert text == "The first sentence of this text leads it. The second one follows it."


def test_summarise_shortens_a_long_sentence() -> None:
    text, _ = summary_of(["甲" * 500 + "。"], unit((1, 0)))

    assert text == "甲" * 139 + "…"


@pytest.mark.parametrize("count", [1, 5, 400])
def test_summarise_of_any_length_stays_short(count: int) -> None:
    rng = np.random.default_rng(3)
    sentences = [f"第{i}句话" + "字" * int(rng.integers(5, 200)) + "。" for i in range(count)]

    text, _ = summary_of(sentences, unit(*rng.normal(size=(count, 8))))

    assert 0 < len(text) <= LONGEST["zh"]


def test_summarise_keyphrases_recur_in_many_chunks_first() -> None:
    phrases = [["甲", "共有"], ["乙", "共有"], ["丙", "共有"], []]

    _, found = summary_of(THREE, unit(*[(1, 0)] * 4), phrases)

    assert found[0] == "共有"
    assert set(found) == {"甲", "乙", "丙", "共有"}


def test_summarise_of_vectors_that_cancel_does_not_divide_by_zero() -> None:
    text, _ = summary_of(
        ["第一句话有这么长的内容。", "第二句话也有这么长。"], unit((1, 0), (-1, 0))
    )

    assert text.startswith("第一句话")


@pytest.mark.parametrize("kind", [BlockKind.HEADING, BlockKind.TABLE, BlockKind.CODE])
def test_summarise_lead_is_prose(kind: BlockKind) -> None:
    sentences = [
        "THE CARRIAGE AND HARBOUR COMPANY OF TWO TOWNS, INC.",
        "It carries goods between the two harbours.",
    ]
    document = make_document(sentences, "en")
    other = Block(kind, 0, len(sentences[0]), None, 0, None)
    document = replace(document, blocks=(other,))
    chunk = Chunk(0, 0, len(document.text), None, (), document.text)

    text, _ = summarise(document, spans(sentences), [chunk], unit((1, 0)), [[]])

    assert text == sentences[1]
