import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from ingestion.errors import CatalogUnavailable, InvalidSubmission, LeaseLost, SourceLost
from ingestion.store import schema
from ingestion.store.catalog import Catalog
from ingestion.store.stored import Change, IndexedState, JobState
from ingestion.store.uploads import SourceFiles, chunk_id_of, document_id_of, revision_of
from tests.ingestion.catalog_samples import (
    LEASE,
    PARAGRAPHS,
    add,
    claim,
    ingested_document,
    submit,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.sqlite"


@pytest.fixture
def catalog(path: Path) -> Iterator[Catalog]:
    catalog = Catalog(path)
    yield catalog
    catalog.close()


def source_files(path: Path) -> list[str]:
    return sorted(file.name for file in (path.parent / "sources").iterdir())


def rows(path: Path, table: sa.Table) -> list[sa.Row[tuple[object, ...]]]:
    engine = schema.open_engine(path)
    try:
        with engine.connect() as connection:
            return list(connection.execute(sa.select(table)).all())
    finally:
        engine.dispose()


def test_commit_document_reads_back_everything(catalog: Catalog) -> None:
    ingested = ingested_document()
    submission = catalog.submit("hr", "合同.txt", b"bytes", {"author": "张三"})
    assert catalog.document(submission.document_id) is None
    job = claim(catalog)
    catalog.commit_document(ingested, job_id=job.job_id, worker="w1")

    document = catalog.document(submission.document_id)
    assert document is not None
    assert (document.name, document.title, document.size) == ("合同.txt", "样本", 5)
    assert document.revision == submission.revision == revision_of(b"bytes")
    assert document.metadata == {"author": "张三"}
    assert (document.summary, document.keyphrases) == ("摘要", ("试用期",))
    assert document.warnings == ingested.document.warnings
    assert document.chunk_count == 2
    assert document.created_at.tzinfo is UTC
    assert document.updated_at >= document.created_at
    assert catalog.documents("hr") == ([document], 1)
    assert catalog.documents("other") == ([], 0)
    assert catalog.collections() == ["hr"]
    assert catalog.document_ids("hr") == [document.document_id]
    assert catalog.titles([document.document_id, "none"]) == {document.document_id: "样本"}
    assert catalog.blocks(document.document_id) == list(ingested.document.blocks)
    assert catalog.source(document.document_id) == (b"bytes", "text/plain", "合同.txt")
    duplicate = catalog.find_duplicate("hr", hashlib.sha256(b"bytes").hexdigest())
    assert duplicate == document


def test_chunks_are_the_text_of_their_spans_in_code_points(catalog: Catalog) -> None:
    ingested = ingested_document()
    document_id = add(catalog, ingested=ingested)
    chunks, total = catalog.chunks(document_id)
    assert total == 2
    assert [chunk.coherence for chunk in chunks] == [None, 0.25]
    assert [chunk.text for chunk in chunks] == list(PARAGRAPHS)
    text = catalog.text(document_id, chunks[0].revision)
    assert text == ingested.document.text
    for chunk, entry in zip(chunks, ingested.chunks, strict=True):
        assert text[chunk.start : chunk.end] == chunk.text
        assert chunk.keys == entry.keys
        assert chunk.coherence == entry.chunk.coherence
        assert (chunk.page, chunk.heading_path) == (1, ("第一章", "总则"))
        assert chunk.chunk_id == chunk_id_of(document_id, chunk.revision, chunk.start, chunk.end)
    assert catalog.chunks(document_id, 1, 1) == (chunks[1:], 2)
    found = catalog.chunks_by_id([chunks[1].chunk_id, "none", chunks[0].chunk_id])
    assert found == {chunk.chunk_id: chunk for chunk in chunks}


def test_chunks_by_id_with_more_ids_than_a_statement_takes_finds_all(catalog: Catalog) -> None:
    chunks, _ = catalog.chunks(add(catalog))
    ids = [f"{number:032x}" for number in range(40_000)] + [chunk.chunk_id for chunk in chunks]
    assert set(catalog.chunks_by_id(ids)) == {chunk.chunk_id for chunk in chunks}


def test_vectors_come_back_bit_for_bit(catalog: Catalog) -> None:
    ingested = ingested_document()
    document_id = add(catalog, ingested=ingested)
    stored = catalog.vector_rows(document_id)
    assert [row.text for row in stored] == list(PARAGRAPHS)
    for row, entry in zip(stored, ingested.chunks, strict=True):
        assert (row.document_id, row.title, row.key_text) == (document_id, "样本", entry.key_text)
        assert row.raw_vector.dtype == row.key_vector.dtype == np.float32
        np.testing.assert_array_equal(row.raw_vector, entry.raw_vector)
        np.testing.assert_array_equal(row.key_vector, entry.key_vector)
    summary = catalog.summary_row(document_id)
    assert summary is not None
    assert (summary.title, summary.text, summary.keyphrases) == ("样本", "摘要", ("试用期",))
    np.testing.assert_array_equal(summary.vector, ingested.summary.vector)


def test_unknown_document_reads_as_nothing(catalog: Catalog) -> None:
    assert catalog.text("none", "none") is None
    assert catalog.source("none") is None
    assert catalog.blocks("none") == []
    assert catalog.chunks("none") == ([], 0)
    assert catalog.vector_rows("none") == []
    assert catalog.summary_row("none") is None
    assert not catalog.delete_document("none")
    assert catalog.last_sequence() == 0


def test_document_without_chunks_is_stored(catalog: Catalog) -> None:
    document_id = add(catalog, ingested=replace(ingested_document(), chunks=()))
    document = catalog.document(document_id)
    assert document is not None
    assert document.chunk_count == 0


def test_commit_with_a_chunk_that_is_not_its_span_changes_nothing(catalog: Catalog) -> None:
    ingested = ingested_document()
    first = ingested.chunks[0]
    wrong = replace(first, chunk=replace(first.chunk, text="something else"))
    submission = submit(catalog)
    job = claim(catalog)
    with pytest.raises(ValueError, match="chunk 0"):
        catalog.commit_document(replace(ingested, chunks=(wrong,)), job_id=job.job_id, worker="w1")
    assert catalog.document(submission.document_id) is None
    after = catalog.job(job.job_id)
    assert after is not None
    assert after.state is JobState.RUNNING


def test_same_bytes_again_are_a_duplicate_and_change_nothing(catalog: Catalog, path: Path) -> None:
    first = submit(catalog)
    waiting = submit(catalog)
    assert (waiting.status, waiting.job_id) == ("duplicate", first.job_id)
    job = claim(catalog)
    running = submit(catalog, name="other name.txt")
    assert (running.status, running.job_id) == ("duplicate", first.job_id)
    catalog.commit_document(ingested_document(), job_id=job.job_id, worker="w1")
    before = catalog.document(first.document_id), catalog.last_sequence(), catalog.jobs()[1]
    for name in ("合同.txt", "other name.txt"):
        stored = submit(catalog, name=name)
        assert stored.status == "duplicate"
        assert stored.duplicate_of == stored.document_id == first.document_id
        assert stored.job_id == first.job_id
    assert before == (
        catalog.document(first.document_id),
        catalog.last_sequence(),
        catalog.jobs()[1],
    )
    assert len(source_files(path)) == 1


def test_same_bytes_in_another_collection_are_their_own_document(catalog: Catalog) -> None:
    first = add(catalog, collection="hr")
    second = add(catalog, collection="law")
    assert first != second
    assert [document.collection for document in catalog.documents()[0]] == ["law", "hr"]


def test_known_name_with_the_bytes_of_another_document_is_a_new_revision(catalog: Catalog) -> None:
    add(catalog, name="a.txt", content=b"a")
    changed = add(catalog, name="b.txt", content=b"b")
    submission = submit(catalog, name="b.txt", content=b"a")
    assert (submission.status, submission.document_id) == ("queued", changed)


def test_changed_bytes_replace_the_old_revision_at_commit(catalog: Catalog, path: Path) -> None:
    document_id = add(catalog, content=b"old", ingested=ingested_document("旧的文本。"))
    old = catalog.document(document_id)
    assert old is not None
    old_chunks, _ = catalog.chunks(document_id)
    sequence = catalog.last_sequence()

    submission = submit(catalog, content=b"new")
    assert (submission.status, submission.document_id) == ("queued", document_id)
    job = claim(catalog)
    assert catalog.document(document_id) == old
    assert catalog.text(document_id, old.revision) == "旧的文本。"
    assert catalog.chunks(document_id) == (old_chunks, 1)

    new = ingested_document("新的文本。", "更多。")
    catalog.commit_document(new, job_id=job.job_id, worker="w1")
    document = catalog.document(document_id)
    assert document is not None
    assert document.revision == submission.revision != old.revision
    assert document.created_at == old.created_at
    assert catalog.text(document_id, old.revision) is None
    assert catalog.text(document_id, document.revision) == "新的文本。\n更多。"
    assert catalog.chunks_by_id([chunk.chunk_id for chunk in old_chunks]) == {}
    assert catalog.changes_since(sequence) == [Change(sequence + 1, "hr", document_id, "added")]
    assert source_files(path) == [hashlib.sha256(b"new").hexdigest()]
    assert catalog.documents()[1] == 1


def test_earlier_bytes_again_after_a_change_are_a_new_revision(catalog: Catalog) -> None:
    document_id = add(catalog, content=b"one")
    add(catalog, content=b"two")
    add(catalog, content=b"one")
    document = catalog.document(document_id)
    assert document is not None
    assert document.revision == revision_of(b"one")


def test_reader_during_commits_sees_one_whole_revision(catalog: Catalog) -> None:
    versions = {
        revision_of(bytes([number])): ingested_document(*[f"第{number}版第{i}段" for i in range(9)])
        for number in range(12)
    }
    document_id = add(catalog, content=bytes([0]), ingested=versions[revision_of(bytes([0]))])
    seen: list[set[str]] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            chunks, total = catalog.chunks(document_id)
            assert total == len(chunks) == 9
            revisions = {chunk.revision for chunk in chunks}
            text = versions[chunks[0].revision].document.text
            assert all(text[chunk.start : chunk.end] == chunk.text for chunk in chunks)
            seen.append(revisions)

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        for number in range(1, 12):
            content = bytes([number])
            add(catalog, content=content, ingested=versions[revision_of(content)])
        done.set()
        for reader in readers:
            reader.result()
    assert {len(revisions) for revisions in seen} == {1}
    assert len(set().union(*seen)) > 1


def test_delete_leaves_no_row_in_any_table_and_no_byte_in_any_file(path: Path) -> None:
    catalog = Catalog(path)
    marker = "机密XYZZY"
    content = f"{marker} old".encode()
    ingested = ingested_document(f"{marker}的内容。", title=marker)
    submission = catalog.submit(marker, f"{marker}.txt", content, {"note": marker})
    document_id = submission.document_id
    catalog.commit_document(ingested, job_id=claim(catalog).job_id, worker="w1")
    catalog.submit(marker, f"{marker}.txt", content + b" new", {"note": marker})

    assert catalog.delete_document(document_id)

    assert not catalog.delete_document(document_id)
    assert catalog.document(document_id) is None
    assert source_files(path) == []
    sequence = catalog.last_sequence()
    assert catalog.changes_since(0) == [Change(sequence, marker, document_id, "removed")]
    catalog.close()
    empty = [table for table in schema.metadata.sorted_tables if table.name not in KEPT]
    assert len(empty) == 18
    assert {table.name: rows(path, table) for table in empty} == {table.name: [] for table in empty}
    # Followers must learn of the removal: the collection's name is all that stays of the words.
    assert path.read_bytes().count(marker.encode()) == 1


KEPT = {"schema_version", "counters", "changes"}


def test_delete_while_open_scrubs_the_write_ahead_log(catalog: Catalog, path: Path) -> None:
    document_id = add(catalog, ingested=ingested_document("机密XYZZY的内容。"))
    assert catalog.delete_document(document_id)
    for file in path.parent.glob("catalog*"):
        assert b"XYZZY" not in file.read_bytes()


def test_delete_keeps_bytes_that_another_document_has(catalog: Catalog, path: Path) -> None:
    first = add(catalog, collection="hr")
    second = add(catalog, collection="law")
    catalog.delete_document(first)
    assert catalog.source(second) is not None
    catalog.delete_document(second)
    assert source_files(path) == []


def test_delete_of_a_queued_document_takes_its_job_away(catalog: Catalog, path: Path) -> None:
    submission = submit(catalog)
    job = claim(catalog)
    assert catalog.delete_document(submission.document_id)
    assert catalog.job(job.job_id) is None
    assert not catalog.heartbeat(job.job_id, "w1", "parse", 0.5, None, LEASE)
    with pytest.raises(LeaseLost):
        catalog.commit_document(ingested_document(), job_id=job.job_id, worker="w1")
    with pytest.raises(LeaseLost):
        catalog.job_source(job.job_id)
    assert catalog.document(submission.document_id) is None
    assert source_files(path) == []
    assert catalog.last_sequence() == 0


def test_changes_keep_only_the_last_of_each_document_in_order(catalog: Catalog) -> None:
    first = add(catalog, name="a", content=b"a1")
    second = add(catalog, name="b", content=b"b1")
    add(catalog, name="a", content=b"a2")
    catalog.delete_document(second)
    assert catalog.changes_since(0) == [
        Change(3, "hr", first, "added"),
        Change(4, "hr", second, "removed"),
    ]
    assert catalog.changes_since(0, limit=1) == [Change(3, "hr", first, "added")]
    assert catalog.changes_since(4) == []
    assert catalog.last_sequence() == 4


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "C:\\a\\b.txt",
        "报告 👩‍👩‍👧.pdf",
        ".staged-x",
        "a'; DROP",
        "%00",
    ],
)
def test_any_name_is_only_a_label(catalog: Catalog, path: Path, name: str) -> None:
    document_id = add(catalog, name=name, content=b"content")
    source = catalog.source(document_id)
    assert source is not None
    assert source.name == name
    assert source_files(path) == [hashlib.sha256(b"content").hexdigest()]
    assert {file.name.split("-")[0] for file in path.parent.iterdir()} == {
        "sources",
        "staging",
        "catalog.sqlite",
    }


def test_refused_submission_stores_nothing(catalog: Catalog, path: Path) -> None:
    with pytest.raises(InvalidSubmission):
        catalog.submit("hr", "line\nbreak", b"x", {})
    assert source_files(path) == []
    assert catalog.jobs() == ([], 0)


def test_damaged_or_missing_source_is_told(catalog: Catalog, path: Path) -> None:
    document_id = add(catalog)
    (file,) = (path.parent / "sources").iterdir()
    file.write_bytes(b"changed")
    with pytest.raises(SourceLost):
        catalog.source(document_id)
    file.unlink()
    with pytest.raises(SourceLost):
        catalog.source(document_id)


def test_remove_unnamed_sources_keeps_what_is_named_or_being_written(
    catalog: Catalog, path: Path
) -> None:
    add(catalog, content=b"stored")
    submit(catalog, name="waiting", content=b"waiting")
    folder = path.parent / "sources"
    (folder / hashlib.sha256(b"stray").hexdigest()).write_bytes(b"stray")
    abandoned = path.parent / "staging" / "of-a-killed-process"
    abandoned.mkdir()
    (abandoned / "half").write_bytes(b"x")
    files = SourceFiles(path.parent)
    staged = files.stage(b"being written")
    assert catalog.remove_unnamed_sources() == 2
    named = [hashlib.sha256(content).hexdigest() for content in (b"stored", b"waiting")]
    assert source_files(path) == sorted(named)
    assert staged.read_bytes() == b"being written"
    assert not abandoned.exists()
    files.close()


def test_threads_reading_and_writing_together_all_succeed(catalog: Catalog) -> None:
    document_id = add(catalog)

    def use(number: int) -> None:
        for round_ in range(5):
            catalog.submit(f"c{number}", f"{round_}", f"{number}/{round_}".encode(), {})
            assert catalog.document(document_id) is not None
            catalog.sessions.append(f"s{number}", "hr", [("user", "q"), ("assistant", "a")])

    with ThreadPoolExecutor(12) as pool:
        for future in [pool.submit(use, number) for number in range(12)]:
            future.result()
    assert catalog.jobs()[1] == 61
    assert all(len(catalog.sessions.latest(f"s{number}", 50)) == 10 for number in range(12))


def test_locked_database_raises_unavailable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "BUSY_SECONDS", 0.05)
    catalog = Catalog(path)
    other = schema.open_engine(path)
    with other.execution_options(**{schema.WRITE_OPTION: True}).begin():
        assert catalog.jobs() == ([], 0)
        with pytest.raises(CatalogUnavailable, match="locked"):
            submit(catalog)
    assert submit(catalog).status == "queued"
    catalog.close()
    other.dispose()


def test_submission_has_the_id_of_its_collection_and_name(catalog: Catalog) -> None:
    assert submit(catalog, name="n", collection="c").document_id == document_id_of("c", "n")


def test_conversation_gives_its_last_turns_oldest_first(catalog: Catalog) -> None:
    catalog.sessions.append("s", "hr", [("user", "一"), ("assistant", "二")])
    catalog.sessions.append("t", "hr", [("user", "other")])
    catalog.sessions.append("s", "hr", [("user", "三")])
    assert catalog.sessions.latest("s", 2) == [("assistant", "二"), ("user", "三")]
    assert catalog.sessions.delete("s")
    assert not catalog.sessions.delete("s")
    assert catalog.sessions.latest("s", 10) == []
    assert catalog.sessions.latest("t", 10) == [("user", "other")]


def test_put_documents_many_are_stored_and_followed_without_jobs(catalog: Catalog) -> None:
    files = [(f"{n}.md", f"content {n}".encode(), ingested_document(f"text {n}")) for n in range(3)]
    catalog.put_documents("bulk", files)
    stored, total = catalog.documents("bulk", 0, 10)
    assert total == 3
    assert {catalog.source(one.document_id).content for one in stored} == {c for _, c, _ in files}
    assert len(catalog.changes_since(0)) == 3
    assert catalog.jobs() == ([], 0)


def test_put_documents_known_name_replaces_it_and_drops_its_old_source(catalog: Catalog) -> None:
    catalog.put_documents("bulk", [("a.md", b"old", ingested_document("old text"))])
    catalog.put_documents("bulk", [("a.md", b"new", ingested_document("new text"))])
    stored, total = catalog.documents("bulk", 0, 10)
    assert total == 1
    assert catalog.source(stored[0].document_id).content == b"new"
    assert catalog.find_duplicate("bulk", hashlib.sha256(b"old").hexdigest()) is None


def test_put_documents_one_is_wrong_stores_none(catalog: Catalog) -> None:
    with pytest.raises(InvalidSubmission):
        catalog.put_documents(
            "bulk", [("a.md", b"a", ingested_document("a")), ("", b"b", ingested_document("b"))]
        )
    assert catalog.documents("bulk", 0, 10) == ([], 0)


def test_index_state_tells_change_and_chunks_of_searchable_documents(catalog: Catalog) -> None:
    first = add(catalog, collection="hr")
    add(catalog, collection="law")
    state = catalog.index_state("hr")
    [change] = [one for one in catalog.changes_since(0) if one.document_id == first]
    ids = [row.chunk_id for row in catalog.vector_rows(first)]
    assert ids
    assert state == {first: IndexedState.of(change.sequence, ids)}
    assert catalog.index_state("none") == {}


def test_delete_removes_the_snapshot_of_its_collection_alone(catalog: Catalog) -> None:
    first = add(catalog, collection="hr")
    add(catalog, collection="law")
    kept, gone = (catalog.index_files.home(name) / "0001-a" for name in ("law", "hr"))
    for folder in (kept, gone):
        folder.mkdir(parents=True)
        (folder / "entries").write_text("机密")
    assert catalog.delete_document(first)
    assert kept.exists()
    assert not gone.parent.exists()
