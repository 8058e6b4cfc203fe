import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.store.catalog import Catalog
from ingestion.store.consistency import check_data
from ingestion.store.findings import Flaw
from ingestion.store.policies import SessionState
from ingestion.store.scripts import ApprovalState, ScriptDraft


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "catalog.sqlite"
    catalog = Catalog(path)
    state, moment = ApprovalState.APPROVED, datetime(2030, 1, 1, 8, 30, tzinfo=UTC)
    for text in ("第一版。", "第二版。"):
        draft = ScriptDraft(
            text, "zh", "inquiry", "hr", ("别的。",), ("标",), state, moment, None, "li", "pay"
        )
        catalog.scripts.put_all([draft])
    catalog.scripts.put_all([ScriptDraft("Hello.", "en", "opening", script_id="hello")])
    catalog.scripts.keep_vectors("grams", [("pay", 2, b"\0" * 64)])
    for mode in ("guard", "strict"):
        catalog.policies.put("hr", {"mode": mode}, "li")
    catalog.rule_sets.put("hr", '{"version": "1", "rules": []}', "li")
    catalog.policies.keep_state("s", "hr", SessionState("inquiry", ("pay",), 1))
    yield path
    catalog.close()


def found(path: Path) -> list[tuple[Flaw, str]]:
    return [(one.flaw, one.subject) for one in check_data(path, lambda *_told: None)]


def test_whole_tables_have_no_findings(path: Path) -> None:
    assert found(path) == []


@pytest.mark.parametrize(
    ("statement", "flaw", "subject"),
    [
        ("UPDATE scripts SET text = ' ' WHERE script_id = 'pay'", Flaw.SCRIPT_WRONG, "pay"),
        ("UPDATE scripts SET text = '别样。' WHERE script_id = 'pay'", Flaw.SCRIPT_WRONG, "pay"),
        ("UPDATE scripts SET text = x'ff' WHERE script_id = 'pay'", Flaw.SCRIPT_WRONG, "pay"),
        ("UPDATE scripts SET variants = '[' WHERE script_id = 'pay'", Flaw.SCRIPT_WRONG, "pay"),
        ("UPDATE scripts SET tags = '[1]' WHERE script_id = 'pay'", Flaw.SCRIPT_WRONG, "pay"),
        ("UPDATE scripts SET state = 'sure' WHERE script_id = 'pay'", Flaw.SCRIPT_WRONG, "pay"),
        ("UPDATE scripts SET valid_from = NULL", Flaw.SCRIPT_WRONG, "pay"),
        ("UPDATE scripts SET valid_to = 'soon' WHERE script_id = 'pay'", Flaw.SCRIPT_WRONG, "pay"),
        ("UPDATE scripts SET version = 1", Flaw.SCRIPT_WRONG, "pay"),
        ("UPDATE scripts SET version = 3 WHERE script_id = 'pay'", Flaw.SCRIPT_WRONG, "pay"),
        ("DELETE FROM script_versions WHERE version = 1", Flaw.SCRIPT_WRONG, "pay"),
        ("DELETE FROM script_versions WHERE version = 2", Flaw.SCRIPT_WRONG, "pay"),
        ("UPDATE script_versions SET content = 'x'", Flaw.SCRIPT_WRONG, "pay"),
        ("UPDATE script_vectors SET vectors = x'00'", Flaw.SCRIPT_WRONG, "pay"),
        ("UPDATE policies SET content = '['", Flaw.POLICY_WRONG, "hr"),
        ("UPDATE policies SET content = '[]'", Flaw.POLICY_WRONG, "hr"),
        ("DELETE FROM policies WHERE version = 1", Flaw.POLICY_WRONG, "hr"),
        ("UPDATE rule_sets SET content = 'x'", Flaw.RULES_WRONG, "hr"),
        ("UPDATE rule_sets SET version = 7", Flaw.RULES_WRONG, "hr"),
        ("UPDATE session_states SET used = '{}'", Flaw.SESSION_WRONG, "s"),
        ("UPDATE session_states SET fallbacks = -1", Flaw.SESSION_WRONG, "s"),
        ("UPDATE session_states SET fallbacks = 'x'", Flaw.SESSION_WRONG, "s"),
    ],
)
def test_what_is_spoilt_is_found(path: Path, statement: str, flaw: Flaw, subject: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)
    assert (flaw, subject) in found(path)


def test_vectors_of_an_earlier_version_are_no_finding(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE script_vectors SET version = 1, vectors = x'00'")
    assert found(path) == []
