import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingestion.store.audit import AuditDraft, AuditFilter, AuditHead
from ingestion.store.audit_chain import GENESIS
from ingestion.store.catalog import Catalog
from ingestion.store.consistency import check_data

SECRET = "保密的问题"
WRITER = """
import sys
from pathlib import Path
from ingestion.store.audit import AuditDraft
from ingestion.store.catalog import Catalog
catalog = Catalog(Path(sys.argv[1]))
for number in range(40):
    catalog.audit.append([AuditDraft(sys.argv[2], "hr", "allowed", "", {"n": number}, {"q": "x"})])
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.sqlite"


@pytest.fixture
def catalog(path: Path) -> Iterator[Catalog]:
    catalog = Catalog(path)
    yield catalog
    catalog.close()


def draft(trace_id: str = "t", session_id: str = "") -> AuditDraft:
    texts = {"question": SECRET, "evidence": ["一", "二"]}
    return AuditDraft(trace_id, "hr", "allowed", session_id, {"score": 0.5}, texts)


def flaws(catalog: Catalog, known: AuditHead | None = None) -> list[int]:
    return [flaw.sequence for flaw in catalog.audit.verify(known)]


def tamper(path: Path, *statements: str) -> None:
    database = sqlite3.connect(path)
    with database:
        for statement in statements:
            database.execute(statement)
    database.close()


def test_append_keeps_order_and_the_chain_holds(catalog: Catalog) -> None:
    assert catalog.audit.head() == AuditHead(0, GENESIS)
    assert flaws(catalog) == []
    head = catalog.audit.append([draft("a"), draft("b")])
    assert catalog.audit.append([draft("c")]).sequence == 3
    found, total = catalog.audit.listed(AuditFilter(), 0, 2)
    assert ([entry.trace_id for entry in found], total) == (["c", "b"], 3)
    assert found[0].texts == {"question": SECRET, "evidence": ["一", "二"]}
    assert flaws(catalog, head) == []


@pytest.mark.parametrize(
    "statements",
    [
        ("UPDATE audit_entries SET entry = replace(entry, '0.5', '0.6') WHERE sequence = 2",),
        ("UPDATE audit_entries SET collection = 'x' WHERE sequence = 2",),
        ("UPDATE audit_entries SET action = 'blocked' WHERE sequence = 2",),
        ("UPDATE audit_entries SET created_at = '2001-01-01 00:00:00.000000' WHERE sequence = 2",),
        ("UPDATE audit_entries SET hash = hash || '0' WHERE sequence = 2",),
        ("UPDATE audit_entries SET entry = '[]' WHERE sequence = 2",),
        ("DELETE FROM audit_entries WHERE sequence = 1",),
        ("DELETE FROM audit_entries WHERE sequence = 2",),
        ("DELETE FROM audit_entries WHERE sequence = 3",),
        ("DELETE FROM audit_texts WHERE sequence = 2",),
        ("UPDATE audit_texts SET texts = replace(texts, '一', '三') WHERE sequence = 2",),
        ("UPDATE audit_texts SET salt = 'x' WHERE sequence = 2",),
        ("UPDATE audit_texts SET sequence = 99 WHERE sequence = 2",),
        (
            "UPDATE audit_entries SET sequence = 9 WHERE sequence = 1",
            "UPDATE audit_entries SET sequence = 1 WHERE sequence = 2",
            "UPDATE audit_entries SET sequence = 2 WHERE sequence = 9",
        ),
    ],
)
def test_verify_after_any_tampering_finds_it(
    catalog: Catalog, path: Path, statements: tuple[str, ...]
) -> None:
    catalog.audit.append([draft(), draft(), draft()])
    assert flaws(catalog) == []
    tamper(path, *statements)
    assert flaws(catalog)
    catalog.close()
    assert [one.flaw for one in check_data(path, lambda *_: None)]


def test_verify_of_a_cut_off_end_needs_a_head_noted_before(catalog: Catalog, path: Path) -> None:
    head = catalog.audit.append([draft(), draft(), draft()])
    tamper(
        path,
        "DELETE FROM audit_entries WHERE sequence = 3",
        "DELETE FROM audit_texts WHERE sequence = 3",
        "UPDATE counters SET value = 2 WHERE name = 'audit'",
    )
    assert flaws(catalog) == []
    assert flaws(catalog, head) == [3]


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({"trace_id": "a"}, ["b", "c"]),
        ({"session_id": "s"}, ["a", "c"]),
        ({"before": datetime.now(UTC) + timedelta(days=1)}, []),
        ({"before": datetime.now(UTC) - timedelta(days=1)}, ["a", "b", "c"]),
    ],
)
def test_erase_takes_the_words_and_leaves_the_chain(
    catalog: Catalog, given: dict[str, object], left: list[str]
) -> None:
    head = catalog.audit.append([draft("a"), draft("b", "s"), draft("c")])
    erase: Callable[..., int] = catalog.audit.erase
    assert erase(**given) == 3 - len(left)
    assert flaws(catalog, head) == []
    kept = [entry.trace_id for entry in catalog.audit.every(AuditFilter()) if entry.texts]
    assert kept == left
    assert erase(**given) == 0


def test_erased_words_are_nowhere_in_the_files(catalog: Catalog, path: Path) -> None:
    catalog.audit.append([draft()])
    catalog.audit.erase(trace_id="t")
    for file in path.parent.glob("catalog.sqlite*"):
        assert SECRET.encode() not in file.read_bytes()


def test_append_by_many_threads_and_processes_makes_one_chain(catalog: Catalog, path: Path) -> None:
    commands = [[sys.executable, "-c", WRITER, str(path), name] for name in ("one", "two")]
    writers = [subprocess.Popen(command) for command in commands]
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda _: catalog.audit.append([draft()]), range(96)))
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert catalog.audit.head().sequence == 96 + 80
    assert flaws(catalog) == []


def test_append_of_what_is_no_number_stores_nothing(catalog: Catalog) -> None:
    with pytest.raises(ValueError, match="JSON"):
        catalog.audit.append([draft(), AuditDraft("t", "c", "a", "", {"score": float("nan")}, {})])
    assert catalog.audit.head().sequence == 0
