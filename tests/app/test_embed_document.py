import numpy as np
import pytest

from app.embed_document import CutDocument, embed_document, passage_text
from app.ingest_document import cut_document
from ingestion.parse import parse
from ingestion.records import Chunk
from ingestion.strategies import Chunking
from tests.app.test_ingest_document import STATUTE, LetterEmbedder, Reports


def cut(limit: int = 90) -> CutDocument:
    return cut_document(
        parse(STATUTE.encode(), "办法.md"),
        count_tokens=LetterEmbedder().count_tokens,
        chunking=Chunking(limit),
        progress=Reports(),
    )


def test_embed_document_tells_each_stage_from_nothing_to_all() -> None:
    reports = Reports()
    embed_document(cut(), embedder=LetterEmbedder(), longest_chunk=90, progress=reports)
    assert [stage for stage, _ in reports] == ["embedding", "summary", "summary"]
    assert [share for _, share in reports] == [0.0, 0.0, 1.0]


def test_embed_document_keeps_chunks_and_keys_and_embeds_what_they_say() -> None:
    document = cut()
    embedder = LetterEmbedder()
    embedded = embed_document(document, embedder=embedder, longest_chunk=90, progress=Reports())
    assert [entry.chunk for entry in embedded.chunks] == list(document.chunks)
    assert [entry.keys for entry in embedded.chunks] == list(document.keys)
    passages = [passage_text(document.document.title, chunk) for chunk in document.chunks]
    expected = LetterEmbedder().embed_passages(passages)
    assert np.array_equal(np.stack([entry.raw_vector for entry in embedded.chunks]), expected)


def test_embed_document_of_long_chunks_shortens_what_stands_before_them() -> None:
    embedder = LetterEmbedder()
    embed_document(cut(), embedder=embedder, longest_chunk=500, progress=Reports())
    first = embedder.batches[0][0]
    assert first.split("\n")[0] == "第一章"


def chunk(text: str, *path: str) -> Chunk:
    return Chunk(0, 0, len(text), None, path, text)


def test_passage_text_puts_title_and_path_before_the_text() -> None:
    assert passage_text("条例", chunk("第三条 正文。", "第一编", "第二章")) == (
        "条例 > 第一编 > 第二章\n第三条 正文。"
    )


@pytest.mark.parametrize(
    ("title", "path", "expected"),
    [
        ("条例", ("条例", "第二章"), "条例\n第二章\n正文。"),
        ("第二章", (), "第二章\n正文。"),
        ("", (), "第二章\n正文。"),
    ],
)
def test_passage_text_does_not_repeat_title_or_heading(
    title: str, path: tuple[str, ...], expected: str
) -> None:
    assert passage_text(title, chunk("第二章\n正文。", *path)) == expected


@pytest.mark.parametrize(
    ("longest", "prefix"),
    [(30, "条例甲乙 > 第一编 > 第二章"), (12, "条例甲乙 > 第二章"), (6, "条例甲乙 >"), (0, "")],
)
def test_passage_text_prefix_too_long_loses_outer_headings_then_its_tail(
    longest: int, prefix: str
) -> None:
    passage = passage_text("条例甲乙", chunk("正文。", "第一编", "第二章"), longest_prefix=longest)

    assert passage == (f"{prefix}\n正文。" if prefix else "正文。")
