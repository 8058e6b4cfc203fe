"""A database that is locked, full, read-only or corrupt: nothing is shown that was not vetted."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.settings import Settings
from generation.scripts import fallback_texts
from ingestion.store import compliance_tables
from ingestion.store.catalog import Catalog
from ingestion.store.metadata import metadata
from tests.app.gate_stack import (
    GOOD,
    OWN,
    SCRIPTS,
    WAYS,
    Stack,
    asked,
    open_stack,
    said,
    wait_for_bounded,
)


def test_database_that_another_process_has_locked_shows_approved_words_only(
    tmp_path: Path,
) -> None:
    stack = open_stack(tmp_path)
    path = Path(str(stack.catalog._database._engine.url.database))
    script = (
        "import sqlite3, sys\n"
        "held = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "held.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    before = stack.failures()
    words = [said(stack, way) for way in WAYS if not way.session]
    holder.communicate()
    assert {tuple(one) for one in words} == {(fallback_texts(SCRIPTS)["zh"],)}
    assert stack.failures() >= before + len(words)
    wait_for_bounded()
    assert said(stack, WAYS[0])[0] == "借阅期限为三十日。"
    assert list(stack.catalog.audit.verify()) == []


@pytest.mark.parametrize("pragma", ["max_page_count = 1", "query_only = ON"])
async def test_database_that_is_full_or_read_only_shows_approved_words_only(
    tmp_path: Path, pragma: str
) -> None:
    stack = open_stack(tmp_path)
    catalog = stack.catalog
    said(stack, WAYS[0])
    # Whatever is stored takes a new page, as there is no room left on any.
    words = "满" * 20_000

    def confine(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA {pragma}")

    engine = catalog._database._engine
    sa.event.listen(engine, "begin", confine)
    for form in range(4):
        for way in WAYS:
            longer = replace(way, question=f"{way.question}{words[:1900]}")
            for _ in range(20):
                shown = await asked(stack, longer, form)
                if "无法" in shown:
                    break
            assert "无法" in shown
    assert stack.failures() >= 4 * len(WAYS)
    sa.event.remove(engine, "begin", confine)
    engine.dispose()
    assert list(catalog.audit.verify()) == []
    catalog.close()


@contextmanager
def beside(catalog: Catalog) -> Iterator[sqlite3.Connection]:
    """Give a connection that knows nothing of what the tables are for, nor of their keys."""
    path = str(catalog._database._engine.url.database)
    with closing(sqlite3.connect(path, timeout=15)) as connection, connection:
        yield connection


GARBAGE = (b"\xff\xfe\x00", "garbage", "null", "[]", "{}", -1, "NaN")
KEYS = {"collection", "script_id", "session_id", "version"}


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (table.name, column.name)
        for table in metadata.sorted_tables
        if table.name in compliance_tables.NAMES
        for column in table.columns
        if column.name not in KEYS
    ],
)
def test_row_that_is_corrupt_shows_nothing_that_was_not_vetted(
    tmp_path: Path, table: str, column: str
) -> None:
    catalog = open_stack(tmp_path).catalog
    approved = {script.text for script in (*SCRIPTS, *OWN)}
    for garbage in GARBAGE:
        with beside(catalog) as connection:
            connection.execute(f"CREATE TABLE kept AS SELECT * FROM {table}")
            connection.execute(f"UPDATE {table} SET {column} = ?", (garbage,))
        fresh = Stack(catalog, Settings(data_dir=tmp_path), tmp_path)
        for way in (WAYS[0], WAYS[4], WAYS[6]):
            for text in said(fresh, way):
                # A script's own text is what is approved, whatever it says.
                known = approved | {"借阅期限为三十日。", "咨询电话是138****5678。", str(garbage)}
                assert text in known
        with beside(catalog) as connection:
            connection.execute(f"DELETE FROM {table}")
            connection.execute(f"INSERT INTO {table} SELECT * FROM kept")
            connection.execute("DROP TABLE kept")
    catalog.close()
    again = Catalog(tmp_path / "catalog.sqlite")
    mended = Stack(again, Settings(data_dir=tmp_path), tmp_path)
    # On a busy machine the first sentence may run into the gate's deadline; not three in a row.
    assert GOOD in {said(mended, WAYS[0])[0] for _ in range(3)}
    again.close()
