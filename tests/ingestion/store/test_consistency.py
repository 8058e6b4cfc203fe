import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from ingestion.errors import NoCatalog, OtherEncoder
from ingestion.store.catalog import Catalog
from ingestion.store.consistency import check_data
from ingestion.store.findings import Flaw
from ingestion.store.schema import (
    changes,
    chunk_index,
    chunks,
    collections,
    counters,
    document_bodies,
    documents,
    jobs,
)
from ingestion.store.stored import JobState
from ingestion.store.uploads import SourceFiles
from tests.ingestion.catalog_samples import add, claim, submit


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.sqlite"


@pytest.fixture
def catalog(path: Path) -> Iterator[Catalog]:
    catalog = Catalog(path)
    add(catalog, "甲.txt", b"one")
    yield catalog
    catalog.close()


def flaws(path: Path) -> list[Flaw]:
    return [finding.flaw for finding in check_data(path, lambda *_told: None)]


def spoil(path: Path, *statements: sa.Executable) -> None:
    # Without what the catalog's own engine sets up: references are not enforced.
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)))
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    engine.dispose()


def first(table: sa.Table, **values: Any) -> sa.Executable:
    return sa.update(table).where(chunks.c.ordinal == 0).values(**values)


def vector(*numbers: float) -> bytes:
    return np.array(numbers, dtype="<f4").tobytes()


UNIT = vector(1, 0, 0, 0, 0, 0, 0, 0)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def test_check_data_of_a_whole_catalog_finds_nothing(catalog: Catalog, path: Path) -> None:
    add(catalog, "乙.txt", b"two", collection="other")
    submit(catalog, "丙.txt", b"three")
    claim(catalog)
    submit(catalog, "丁.txt", b"four")
    catalog.delete_document(add_id(catalog))
    assert flaws(path) == []


def add_id(catalog: Catalog) -> str:
    return catalog.documents("other")[0][0].document_id


def test_check_data_tells_how_far_it_is(catalog: Catalog, path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    list(check_data(path, lambda *said: told.append(said)))
    assert told == [
        ("database", 0, 1),
        ("database", 1, 1),
        ("documents", 0, 1),
        ("documents", 1, 1),
        ("sources", 0, 1),
        ("sources", 1, 1),
    ]


SPOILS: list[tuple[Flaw, Callable[[], list[sa.Executable]]]] = [
    (Flaw.DOCUMENT_IDS_WRONG, lambda: [sa.update(documents).values(name="another.txt")]),
    (Flaw.DOCUMENT_INCOMPLETE, lambda: [sa.update(documents).values(chunk_count=7)]),
    (Flaw.DOCUMENT_INCOMPLETE, lambda: [sa.delete(document_bodies)]),
    (Flaw.DOCUMENT_INCOMPLETE, lambda: [sa.delete(chunk_index)]),
    (Flaw.BLOCKS_WRONG, lambda: [sa.update(document_bodies).values(blocks=[["p", 3, 999, 1, 0, None]])]),
    (Flaw.CHUNKS_WRONG, lambda: [first(chunks, text="别的文字")]),
    (Flaw.CHUNKS_WRONG, lambda: [first(chunks, span_end=9999)]),
    (Flaw.CHUNKS_WRONG, lambda: [first(chunks, ordinal=5)]),
    (Flaw.CHUNKS_WRONG, lambda: [first(chunks, coherence=1.5)]),
    (Flaw.BLOCK_NOT_COVERED, lambda: [sa.delete(chunks).where(chunks.c.ordinal == 0)]),
    (Flaw.BLOCK_NOT_COVERED, lambda: [first(chunks, span_start=chunks.c.span_start + 1)]),
    (Flaw.KEY_WRONG, lambda: [first(chunks, key_entries=[["entity", "x", 0, 9999]])]),
    (Flaw.VECTOR_WRONG, lambda: [sa.update(chunk_index).values(raw_vector=vector(1, 0))]),
    (Flaw.VECTOR_WRONG, lambda: [sa.update(chunk_index).values(key_vector=UNIT[:-1])]),
    (Flaw.VECTOR_WRONG, lambda: [sa.update(chunk_index).values(key_vector=UNIT[4:] + vector(0.5))]),
    (Flaw.VECTOR_WRONG, lambda: [sa.update(document_bodies).values(summary_vector=UNIT[4:] + vector(np.nan))]),
    (Flaw.REFERENCE_BROKEN, lambda: [sa.delete(documents)]),
    (Flaw.CHANGE_MISSING, lambda: [sa.delete(changes)]),
    (Flaw.CHANGE_MISSING, lambda: [sa.update(changes).values(kind="removed")]),
    (Flaw.CHANGE_MISSING, lambda: [sa.update(changes).values(collection="other")]),
    (Flaw.CHANGE_WRONG, lambda: [sa.update(changes).values(document_id="none")]),
    (Flaw.COUNTER_BEHIND, lambda: [sa.update(counters).values(value=0)]),
    (Flaw.COUNTER_BEHIND, lambda: [sa.delete(counters)]),
    (Flaw.COLLECTION_UNKNOWN, lambda: [sa.delete(collections)]),
    (Flaw.JOB_INCONSISTENT, lambda: [sa.update(jobs).values(state=JobState.RUNNING)]),
    (Flaw.JOB_INCONSISTENT, lambda: [sa.update(jobs).values(worker="w", lease_until=LONG_AGO)]),
    (Flaw.JOB_INCONSISTENT, lambda: [sa.update(jobs).values(state="lost")]),
    (Flaw.JOB_INCONSISTENT, lambda: [sa.update(jobs).values(finished_at=None)]),
    (Flaw.JOB_INCONSISTENT, lambda: [sa.update(jobs).values(state=JobState.FAILED)]),
]  # fmt: skip


@pytest.mark.parametrize(("flaw", "statements"), SPOILS)
def test_check_data_finds_what_is_spoilt(
    catalog: Catalog, path: Path, flaw: Flaw, statements: Callable[[], list[sa.Executable]]
) -> None:
    spoil(path, *statements())
    assert flaw in flaws(path)


def test_check_data_finds_sources_that_are_not_as_they_should_be(
    catalog: Catalog, path: Path
) -> None:
    add(catalog, "乙.txt", b"two")
    submit(catalog, "丙.txt", b"three")
    folder = path.parent / "sources"
    (folder / hashlib.sha256(b"two").hexdigest()).write_bytes(b"tw0")
    (folder / hashlib.sha256(b"three").hexdigest()).unlink()
    (folder / "stray").write_bytes(b"stray")
    staging = SourceFiles(path.parent)
    staging.stage(b"under way")
    (path.parent / "staging" / "abandoned").mkdir()
    assert sorted(flaws(path)) == [
        Flaw.SOURCE_DAMAGED,
        Flaw.SOURCE_MISSING,
        Flaw.SOURCE_UNNAMED,
        Flaw.STAGED_ABANDONED,
    ]
    staging.close()


def test_check_data_of_a_damaged_database_says_so_and_reads_no_further(
    catalog: Catalog, path: Path
) -> None:
    for number in range(40):
        add(catalog, f"{number}.txt", f"text {number}".encode())
    catalog.close()
    content = bytearray(path.read_bytes())
    page = 4096
    # Behind the pages that say which tables there are.
    middle = len(content) // page * 2 // 3
    content[middle * page : (middle + 3) * page] = b"\xa5" * (3 * page)
    path.write_bytes(content)
    assert set(flaws(path)) == {Flaw.DATABASE_DAMAGED}


def test_check_data_finds_documents_of_several_encoders(catalog: Catalog, path: Path) -> None:
    spoil(path, sa.update(documents).values(encoder="old"))
    assert flaws(path) == []  # all of one, whichever is set
    newer = Catalog(path, encoder="new")
    with pytest.raises(OtherEncoder):
        add(newer, "乙.txt", b"two")
    newer.close()
    spoil(path, sa.update(documents).values(encoder=""))
    newer = Catalog(path, encoder="new")
    (job,) = newer.jobs()[0][:1]
    assert newer.cancel(job.job_id)
    add(newer, "丙.txt", b"three")
    newer.close()
    found = list(check_data(path, lambda *_told: None))
    assert [(one.flaw, one.subject) for one in found] == [
        (Flaw.ENCODERS_MIXED, "unknown"),
        (Flaw.ENCODERS_MIXED, "new"),
    ]
    assert list(check_data(path, lambda *_told: None, frozenset({"", "new"}))) == []
    assert len(list(check_data(path, lambda *_told: None, frozenset({"new"})))) == 2


def test_check_data_without_a_catalog_makes_none(tmp_path: Path) -> None:
    with pytest.raises(NoCatalog):
        flaws(tmp_path / "none" / "catalog.sqlite")
    assert not (tmp_path / "none").exists()
