import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from app.embed_document import CutDocument
from app.ingest_document import cut_document
from app.show_chunks import chunk_json, chunk_lines, read_file
from ingestion.coherence import with_borders_scored
from ingestion.errors import DocumentTooLarge
from ingestion.parse import parse
from ingestion.strategies import choose_chunking
from tests.app.test_ingest_document import LetterEmbedder, Reports
from tests.ingestion.test_coherence import WordScorer

SENTENCE = "仓库的粮食每年检查一次，记录保存五年。"
TEXT = f"# 办法\n\n## 第一章 总则\n\n{SENTENCE * 3}\n\n## 第二章 检查\n\n罚款\t不超过 3 万元。\n"


def cut(text: str = TEXT, limit: int = 90) -> tuple[CutDocument, list[int]]:
    embedder = LetterEmbedder()
    found = cut_document(
        parse(text.encode(), "办法.md"),
        count_tokens=embedder.count_tokens,
        chunking=choose_chunking("structure", limit),
        progress=Reports(),
    )
    assert embedder.batches == []
    found = replace(found, chunks=with_borders_scored(WordScorer(), found.chunks))
    return found, embedder.count_tokens([chunk.text for chunk in found.chunks])


def test_chunk_lines_say_place_size_border_headings_and_keys() -> None:
    found, tokens = cut()
    lines = list(chunk_lines(found, tokens))
    first, second = found.chunks
    coherence = found.chunks[1].coherence
    assert lines[0] == f"0. [{first.start}–{first.end}], {tokens[0]} tokens"
    assert lines[1] == "   办法 > 第一章 总则"
    at = lines.index(
        f"1. [{second.start}–{second.end}], {tokens[1]} tokens, "
        f"goes on from the one before: {coherence:.2f}"
    )
    assert lines[at + 1 : at + 4] == [
        "   办法 > 第二章 检查",
        "   第二章 检查 罚款 不超过 3 万元。",
        "   heading: 办法; 第二章 检查",
    ]
    assert "   entity: 3 万元" in lines[at:]
    assert lines[-1] == "   summary: 罚款 不超过 3 万元。"


def test_chunk_lines_of_long_text_are_cut_off() -> None:
    found, tokens = cut("字" * 150, limit=200)
    assert f"   {'字' * 100}…" in list(chunk_lines(found, [0] * len(tokens)))


def test_chunk_json_holds_everything_with_spans_of_the_text() -> None:
    found, tokens = cut()
    told = json.loads(chunk_json(found, tokens, name="办法.md", strategy="structure", limit=90))
    assert (told["name"], told["strategy"], told["limit"]) == ("办法.md", "structure", 90)
    assert (told["title"], told["language"], told["warnings"]) == ("办法", "zh", [])
    assert [chunk["coherence"] for chunk in told["chunks"]] == [
        chunk.coherence for chunk in found.chunks
    ]
    assert [chunk["tokens"] for chunk in told["chunks"]] == tokens
    text = found.document.text
    for chunk in told["chunks"]:
        assert text[chunk["start"] : chunk["end"]] == chunk["text"]
        for key in chunk["keys"]:
            assert text[key["start"] : key["end"]] == key["text"]
    assert told["chunks"][1]["keys"][0]["kind"] == "heading"


def test_read_file_gives_the_bytes_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"four")
    assert read_file(path, 4) == b"four"
    with pytest.raises(DocumentTooLarge, match="4 bytes"):
        read_file(path, 3)


def test_read_file_of_what_is_no_file_says_why(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="is a folder; name one file"):
        read_file(tmp_path, 9)
    with pytest.raises(OSError, match="there is no such file"):
        read_file(tmp_path / "none", 9)
    with pytest.raises(OSError, match="is a pipe"):
        read_file(tmp_path / "pipe", 9)
