from collections.abc import Callable, Sequence

import numpy as np
import pytest

from app.embed_levels import BY_STATISTICS, KeyInfo, Levels, Material, embed_levels
from app.ingest_document import index_document
from ingestion.errors import KeysNotWritten
from ingestion.key_info import key_text
from ingestion.parse import parse
from ingestion.records import (
    WRITTEN_KINDS,
    Chunk,
    Document,
    KeyEntry,
    KeyKind,
    Vectors,
    WrittenKeys,
)
from ingestion.strategies import Chunking
from tests.app.test_ingest_document import LetterEmbedder

SHORT, LONG = "仓库每年检查。", "粮食仓库的记录保存五年。" * 20
TEXT = f"{SHORT}\n{LONG}"
DOCUMENT = Document("条例", TEXT, (), "zh", "text/plain", None, ())
CHUNKS = (
    Chunk(0, 0, len(SHORT), None, (), SHORT),
    Chunk(1, len(SHORT) + 1, len(TEXT), None, (), LONG),
)


def phrase(text: str) -> KeyEntry:
    start = TEXT.index(text)
    return KeyEntry(KeyKind.KEYPHRASE, text, start, start + len(text))


MATERIAL = Material(
    DOCUMENT,
    CHUNKS,
    (),
    (SHORT, LONG),
    ((phrase("检查"), phrase("仓库")), tuple(map(phrase, ("粮食", "仓库", "记录")))),
)


class Writer:
    """Asks one question of every chunk but those it is told to fail at."""

    def __init__(self, *fails_at: int) -> None:
        self.fails_at = fails_at

    def write(self, document: Document, chunk: Chunk, is_over: Callable[[], bool]) -> WrittenKeys:
        if chunk.ordinal in self.fails_at:
            raise KeysNotWritten("no")
        return WrittenKeys("", (f"{chunk.ordinal}号是哪天？",), ())


def levels_of(key_info: KeyInfo) -> tuple[Levels, list[list[str]], list[float]]:
    embedder, shares = LetterEmbedder(), list[float]()
    levels = embed_levels(MATERIAL, key_info, embedder, shares.append)
    assert all(0 <= share <= 1 for share in shares)
    assert shares == sorted(shares)
    return levels, embedder.batches, shares


def embedded(texts: Sequence[str]) -> Vectors:
    return LetterEmbedder().embed_passages(texts)


def test_embed_levels_by_statistics_takes_one_pass_and_no_second_vector_of_a_short_chunk() -> None:
    levels, batches, _ = levels_of(BY_STATISTICS)

    assert batches == [[SHORT, LONG, levels.key_texts[1]]]
    assert levels.keys == MATERIAL.keys
    assert levels.document is DOCUMENT
    assert np.array_equal(levels.raw_vectors, embedded([SHORT, LONG]))
    assert np.array_equal(levels.key_vectors, embedded([SHORT, levels.key_texts[1]]))


def test_embed_levels_by_meaning_embeds_each_phrase_once_and_keys_after_them() -> None:
    levels, batches, _ = levels_of(KeyInfo(by_meaning=True))

    assert batches == [[SHORT, LONG, "检查", "仓库", "粮食", "记录"], [levels.key_texts[1]]]
    assert [{key.text for key in own} for own in levels.keys] == [
        {"检查", "仓库"},
        {"粮食", "仓库", "记录"},
    ]
    assert levels.key_texts[1] == key_text("条例", CHUNKS[1], levels.keys[1])
    assert np.array_equal(levels.key_vectors, embedded([SHORT, levels.key_texts[1]]))


def test_embed_levels_what_is_written_is_embedded_also_of_a_short_chunk() -> None:
    levels, batches, _ = levels_of(KeyInfo(writer=Writer()))

    assert batches == [[SHORT, LONG], list(levels.key_texts)]
    assert [own[-1].text for own in levels.keys] == ["0号是哪天？", "1号是哪天？"]
    assert levels.key_texts[0].endswith("\n0号是哪天？")
    assert np.array_equal(levels.key_vectors, embedded(levels.key_texts))
    assert levels.document is DOCUMENT


def test_embed_levels_writer_that_fails_leaves_statistics_and_one_warning() -> None:
    levels, batches, _ = levels_of(KeyInfo(by_meaning=True, writer=Writer(0, 1)))
    plain, _, _ = levels_of(KeyInfo(by_meaning=True))

    assert levels.keys == plain.keys
    assert batches[1:] == [[levels.key_texts[1]]]
    [warning] = levels.document.warnings
    assert "2 of 2 chunks" in warning


def test_embed_levels_of_short_chunks_only_needs_no_second_pass() -> None:
    embedder = LetterEmbedder()
    short = Material(DOCUMENT, CHUNKS[:1], (), (SHORT,), (MATERIAL.keys[0],))

    levels = embed_levels(short, KeyInfo(by_meaning=True), embedder, lambda _share: None)

    assert len(embedder.batches) == 1
    assert np.array_equal(levels.key_vectors, levels.raw_vectors)


@pytest.mark.parametrize("by_meaning", [True, False])
def test_index_document_written_keys_reach_chunks_and_warnings_the_document(
    by_meaning: bool,
) -> None:
    text = "# 章\n\n" + "粮食仓库应当每年检查一次，并登记结果。" * 30
    ingested = index_document(
        parse(text.encode(), "a.md"),
        embedder=LetterEmbedder(),
        chunking=Chunking(200),
        key_info=KeyInfo(by_meaning, Writer(1)),
        progress=lambda *_: None,
    )

    asked = [[k.text for k in i.keys if k.kind in WRITTEN_KINDS] for i in ingested.chunks]
    assert len(asked) > 2
    assert asked[:3] == [["0号是哪天？"], [], ["2号是哪天？"]]
    assert all(i.key_text.endswith("是哪天？") for i in ingested.chunks if i.chunk.ordinal != 1)
    assert ingested.document.warnings[-1].startswith("The generator gave no key information for 1")
    for indexed in ingested.chunks:
        for key in indexed.keys:
            if key.kind not in WRITTEN_KINDS:
                assert ingested.document.text[key.start : key.end] == key.text
