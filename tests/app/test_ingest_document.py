from collections.abc import Sequence

import numpy as np
import pytest

from app.embed_document import passage_text
from app.ingest_document import index_document, ingest_document
from ingestion.errors import EmptyDocument, IngestionError
from ingestion.key_info import is_its_own_key
from ingestion.records import Document, IngestedDocument, KeyKind, Vectors
from ingestion.strategies import Chunking

STATUTE = "# 粮食仓储管理办法\n\n" + "\n\n".join(
    f"## 第{chapter}章 {name}\n\n"
    + "\n\n".join(
        f"第{article}条 {name}的负责人应当每年检查粮食仓库，罚款不超过{article}万元，记录保存五年。"
        for article in articles
    )
    for chapter, name, articles in (("一", "总则", "一二三"), ("二", "检查", "四五六七"))
)


class LetterEmbedder:
    """A unit vector of letter counts; a token is a character. Remembers what it was asked."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.batches.append(list(texts))
        rows = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for letter in text:
                row[ord(letter) % 64] += 1
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]


class Reports(list[tuple[str, float]]):
    """Takes progress as a list of (stage, share)."""

    def __call__(self, stage: str, share: float, characters: int = 0) -> None:
        self.append((stage, share))


def ingest(text: str, name: str = "办法.md", limit: int = 90) -> IngestedDocument:
    return ingest_document(
        text.encode(), name, embedder=LetterEmbedder(), chunking=Chunking(limit), progress=Reports()
    )


def test_ingest_document_of_a_statute_gives_all_that_is_indexed() -> None:
    ingested = ingest(STATUTE)

    document, chunks = ingested.document, [indexed.chunk for indexed in ingested.chunks]
    assert len(chunks) > 2
    assert {chunk.heading_path[-1] for chunk in chunks} == {"第一章 总则", "第二章 检查"}
    assert all(chunk.text == document.text[chunk.start : chunk.end] for chunk in chunks)
    for block in document.blocks:
        assert any(c.start <= block.start and block.end <= c.end for c in chunks)
    for indexed in ingested.chunks:
        assert {KeyKind.HEADING, KeyKind.ENTITY, KeyKind.SUMMARY} <= {k.kind for k in indexed.keys}
        assert indexed.key_text.startswith("粮食仓储管理办法 > ")
    assert ingested.summary.text
    assert "粮食仓库" in ingested.summary.keyphrases


def test_ingest_document_vectors_are_of_passage_and_key_text_in_order() -> None:
    long_article = "粮食仓库应当每年由专人检查一次，并登记检查结果。" * 12
    ingested = ingest(f"{STATUTE}\n\n## 第三章 附则\n\n{long_article}\n", limit=400)

    passages = [passage_text(ingested.document.title, i.chunk) for i in ingested.chunks]
    long = [not is_its_own_key(passage) for passage in passages]
    assert set(long) == {True, False}
    raw = LetterEmbedder().embed_passages(passages)
    key = LetterEmbedder().embed_passages([i.key_text for i in ingested.chunks])
    assert np.array_equal(np.stack([i.raw_vector for i in ingested.chunks]), raw)
    found = np.stack([i.key_vector for i in ingested.chunks])
    assert np.array_equal(found, np.where(np.array(long)[:, None], key, raw))


def test_ingest_document_of_many_chunks_embeds_title_and_summary() -> None:
    embedder = LetterEmbedder()

    ingested = ingest_document(
        STATUTE.encode(), "a.md", embedder=embedder, chunking=Chunking(90), progress=Reports()
    )

    text = f"粮食仓储管理办法\n{ingested.summary.text}"
    assert embedder.batches[-1] == [text]
    assert np.array_equal(ingested.summary.vector, LetterEmbedder().embed_passages([text])[0])


def test_ingest_document_of_one_short_chunk_embeds_once() -> None:
    embedder = LetterEmbedder()

    ingested = ingest_document(
        "这份文件只有这样一句话。".encode(), "a.txt",
        embedder=embedder, chunking=Chunking(90), progress=Reports(),
    )  # fmt: skip

    [indexed] = ingested.chunks
    assert np.array_equal(ingested.summary.vector, indexed.raw_vector)
    assert np.array_equal(indexed.key_vector, indexed.raw_vector)
    assert sum(len(batch) for batch in embedder.batches) == 1


def test_ingest_document_progress_rises_through_every_stage() -> None:
    reports = Reports()

    ingest_document(
        ("某章的一句话。" * 12 + "\n\n").encode() * 400, "a.txt",
        embedder=LetterEmbedder(), chunking=Chunking(90), progress=reports,
    )  # fmt: skip

    shares = [share for _, share in reports]
    stages = list(dict.fromkeys(stage for stage, _ in reports))
    assert stages == ["parsing", "structure", "chunking", "key_info", "embedding", "summary"]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    embedding = [share for stage, share in reports if stage == "embedding"]
    assert len(set(embedding)) == len(embedding) > 3


def test_ingest_document_progress_that_raises_ends_the_work() -> None:
    embedder = LetterEmbedder()

    def cancelled(stage: str, share: float, characters: int = 0) -> None:
        if stage == "embedding":
            raise InterruptedError

    with pytest.raises(InterruptedError):
        ingest_document(
            STATUTE.encode(), "a.md", embedder=embedder, chunking=Chunking(90), progress=cancelled
        )
    assert embedder.batches == []


def test_ingest_document_twice_gives_the_same() -> None:
    first, second = ingest(STATUTE), ingest(STATUTE)

    assert first.document == second.document
    assert first.summary.text == second.summary.text
    assert [(i.chunk, i.keys, i.key_text) for i in first.chunks] == [
        (i.chunk, i.keys, i.key_text) for i in second.chunks
    ]


@pytest.mark.parametrize("content", [b"", b" \n "])
def test_ingest_document_without_text_is_refused(content: bytes) -> None:
    with pytest.raises(IngestionError):
        ingest_document(
            content, "a.txt", embedder=LetterEmbedder(), chunking=Chunking(90), progress=Reports()
        )


def test_index_document_without_blocks_is_refused() -> None:
    empty = Document("空", "", (), "zh", "text/plain", None, ())

    with pytest.raises(EmptyDocument):
        index_document(empty, embedder=LetterEmbedder(), chunking=Chunking(90), progress=Reports())


def test_ingest_document_with_the_longest_chunks_leaves_the_encoder_room() -> None:
    embedder = LetterEmbedder()
    text = f"# {'长' * 200}\n\n" + "一句没有标题的话。" * 300

    ingest_document(
        text.encode(), "a.md", embedder=embedder, chunking=Chunking(500), progress=Reports()
    )

    assert max(len(passage) for batch in embedder.batches for passage in batch) <= 506
