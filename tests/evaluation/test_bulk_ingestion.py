"""Many documents at once: gathered embedding, exact pages, commits like a worker's."""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from app.ingest_document import ingest_document
from evaluation.bulk_ingestion import (
    GROUP_DOCUMENTS,
    SourceFile,
    ingest_corpus,
    run_gathered,
    source_file,
    store_group,
)
from evaluation.datasets import CorpusDocument
from ingestion.errors import EmptyDocument
from ingestion.parse import parse
from ingestion.ports import PassageEmbedder
from ingestion.records import IngestedDocument
from ingestion.store.catalog import Catalog
from ingestion.store.uploads import document_id_of
from ingestion.strategies import Chunking


def _ingest(file: SourceFile, embedder: PassageEmbedder) -> IngestedDocument:
    return ingest_document(
        file.content,
        file.name,
        embedder=embedder,
        chunking=Chunking(64),
        progress=lambda _stage, _share, _characters=0: None,
    )


def _documents(count: int) -> list[CorpusDocument]:
    # Every third is long enough for several chunks, whose summary is embedded in a second round.
    return [
        CorpusDocument(f"d{n}", f"第{n}条", f"本条规定第{n}种情形。" * (1 + 20 * (n % 3 == 0)))
        for n in range(count)
    ]


def test_source_file_marks_in_text_stay_text() -> None:
    text = "# 不是标题 <b>&amp;\n1. 不是列表\n\n* 也不是"
    file = source_file(CorpusDocument("s-1", "甲 < 乙", text))
    document = parse(file.content, file.name)
    assert document.title == "甲 < 乙"
    expected = ["甲 < 乙", "# 不是标题 <b>&amp;", "1. 不是列表", "* 也不是"]
    assert [document.text[block.start : block.end] for block in document.blocks] == expected


def test_source_file_same_words_under_two_ids_are_two_contents() -> None:
    one, other = (source_file(CorpusDocument(name, "", "同样的话")) for name in ("a", "b"))
    assert one.content != other.content
    assert (one.name, other.name) == ("a.html", "b.html")


def test_ingest_corpus_equals_one_by_one(encoder) -> None:
    files = [source_file(document) for document in _documents(12)]
    stored: list[IngestedDocument] = []
    result = ingest_corpus(
        files,
        _ingest,
        encoder,
        lambda group: stored.extend(done for _, done in group),
        lambda _done, _total: None,
    )
    alone = [_ingest(file, encoder) for file in files]
    assert result.documents == len(stored) == 12
    assert result.chunks == sum(len(done.chunks) for done in alone) > 12
    for together, single in zip(stored, alone, strict=True):
        assert together.document == single.document
        assert [c.chunk for c in together.chunks] == [c.chunk for c in single.chunks]
        np.testing.assert_array_equal(together.summary.vector, single.summary.vector)
        for ours, theirs in zip(together.chunks, single.chunks, strict=True):
            np.testing.assert_array_equal(ours.raw_vector, theirs.raw_vector)
            np.testing.assert_array_equal(ours.key_vector, theirs.key_vector)


def test_ingest_corpus_embeds_a_group_in_few_calls(encoder) -> None:
    files = [source_file(document) for document in _documents(12)]
    ingest_corpus(files, _ingest, encoder, lambda _: None, lambda _done, _total: None)
    assert len(encoder.embedded) == 2
    assert len(encoder.embedded[0]) == len(set(encoder.embedded[0])) > 12


def test_ingest_corpus_unreadable_file_is_noted_and_left_out(encoder) -> None:
    files = [source_file(CorpusDocument("full", "", "有字。")), SourceFile("empty.html", b" ")]
    groups: list[int] = []
    seen: list[tuple[int, int]] = []
    result = ingest_corpus(
        files,
        _ingest,
        encoder,
        lambda group: groups.append(len(group)),
        lambda done, total: seen.append((done, total)),
    )
    assert (result.documents, groups, seen) == (1, [1], [(0, 2), (2, 2)])
    assert [name for name, _ in result.failures] == ["empty.html"]


def test_ingest_corpus_goes_group_by_group(encoder) -> None:
    files = [
        source_file(CorpusDocument(f"d{n}", "", f"第{n}句。")) for n in range(GROUP_DOCUMENTS + 1)
    ]
    groups: list[int] = []
    ingest_corpus(
        files,
        _ingest,
        encoder,
        lambda group: groups.append(len(group)),
        lambda _done, _total: None,
    )
    assert groups == [GROUP_DOCUMENTS, 1]


def test_run_gathered_tasks_never_run_together(encoder) -> None:
    running = threading.Lock()

    def task(embedder: PassageEmbedder) -> int:
        for _ in range(3):
            assert running.acquire(blocking=False)
            running.release()
            embedder.embed_passages(["x"])
        return 1

    assert [f.result() for f in run_gathered([task] * 20, encoder)] == [1] * 20
    assert encoder.embedded == [["x"]] * 3
    assert run_gathered([], encoder) == []


def test_run_gathered_rows_go_to_who_asked(encoder) -> None:
    def task(text: str):
        return lambda embedder: embedder.embed_passages([text, "common"])

    texts = ["一", "二", "三"]
    for text, future in zip(texts, run_gathered([task(t) for t in texts], encoder), strict=True):
        np.testing.assert_array_equal(future.result(), encoder.embed_queries([text, "common"]))
    assert encoder.embedded == [["一", "common", "二", "三"]]


def test_run_gathered_broken_encoder_ends_every_task(encoder) -> None:
    class Broken(type(encoder)):
        def embed_passages(self, texts: Sequence[str]):
            raise RuntimeError("no memory")

    before = threading.active_count()
    with pytest.raises(RuntimeError, match="no memory"):
        run_gathered([lambda e: e.embed_passages(["x"])] * 5, Broken())
    assert threading.active_count() == before


def test_run_gathered_failing_task_leaves_the_others_alone(encoder) -> None:
    def broken(_: PassageEmbedder) -> int:
        raise EmptyDocument("nothing")

    def sound(embedder: PassageEmbedder) -> int:
        return len(embedder.embed_passages(["x"]))

    failed, done = run_gathered([broken, sound], encoder)
    assert isinstance(failed.exception(), EmptyDocument)
    assert done.result() == 1


def test_store_group_documents_are_searchable_and_no_job_is_left(encoder, tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    files = [source_file(document) for document in _documents(3)]
    store_group([(file, _ingest(file, encoder)) for file in files], catalog, "zoo")
    expected = sorted(document_id_of("zoo", file.name) for file in files)
    assert catalog.document_ids("zoo") == expected
    assert catalog.claim("other", 10) is None
    catalog.close()
