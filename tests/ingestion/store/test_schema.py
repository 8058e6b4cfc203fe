import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from ingestion.errors import CatalogUnavailable, NewerSchema
from ingestion.store import schema


def test_open_engine_twice_keeps_what_is_there(tmp_path: Path) -> None:
    for expected in (1, 2):
        engine = schema.open_engine(tmp_path / "new" / "catalog.sqlite")
        with engine.connect() as connection, connection.begin():
            assert schema.next_value(connection, "jobs") == expected
        engine.dispose()


def test_many_that_create_the_file_together_all_open_it(tmp_path: Path) -> None:
    for number in range(5):
        path = tmp_path / f"{number}.sqlite"
        together = threading.Barrier(4)

        def open_once(path: Path = path, together: threading.Barrier = together) -> None:
            together.wait(30)
            schema.open_engine(path).dispose()

        with ThreadPoolExecutor(4) as pool:
            for future in [pool.submit(open_once) for _ in range(4)]:
                future.result()


class LockedAtFirst:
    """An engine whose database is locked for the first few attempts."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.dialect = SimpleNamespace(loaded_dbapi=sqlite3)

    def raw_connection(self) -> "LockedAtFirst":
        return self

    def cursor(self) -> "LockedAtFirst":
        return self

    def execute(self, statement: str) -> "LockedAtFirst":
        self.times -= 1
        if self.times >= 0:
            raise sqlite3.OperationalError("database is locked")
        return self

    def fetchall(self) -> list[tuple[str]]:
        return [("wal",)]

    def close(self) -> None:
        pass


def test_enable_wal_tries_again_while_others_do_the_same() -> None:
    engine = LockedAtFirst(3)
    schema.enable_wal(cast(sa.Engine, engine))
    assert engine.times == -1


def test_enable_wal_gives_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "OPEN_ATTEMPTS", 2)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        schema.enable_wal(cast(sa.Engine, LockedAtFirst(5)))


def test_database_keeps_its_promises_in_every_connection(tmp_path: Path) -> None:
    engine = schema.open_engine(tmp_path / "catalog.sqlite")
    with engine.connect() as first, engine.connect() as second:
        for connection in (first, second):
            found = {
                pragma: connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()
                for pragma in ("journal_mode", "foreign_keys", "synchronous", "secure_delete")
            }
            assert found == {
                "journal_mode": "wal",
                "foreign_keys": 1,
                "synchronous": 2,
                "secure_delete": 1,
            }
    engine.dispose()


def test_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    engine = schema.open_engine(path)
    with engine.connect() as connection, connection.begin():
        connection.execute(sa.update(schema.schema_version).values(version=99))
    engine.dispose()
    with pytest.raises(NewerSchema) as caught:
        schema.open_engine(path)
    assert (caught.value.found, caught.value.supported) == (99, schema.SCHEMA_VERSION)


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    path.write_bytes(b"not a database, but long enough to be looked at" * 100)
    with pytest.raises(CatalogUnavailable, match="not a database"):
        schema.open_engine(path)


def test_moment_comes_back_in_utc(tmp_path: Path) -> None:
    engine = schema.open_engine(tmp_path / "catalog.sqlite")
    east = datetime(2030, 1, 1, 8, 0, tzinfo=timezone(timedelta(hours=8)))
    row = {
        "sequence": 1,
        "session_id": "s",
        "collection": "c",
        "role": "user",
        "content": "q",
        "created_at": east,
    }
    with engine.connect() as connection, connection.begin():
        connection.execute(sa.insert(schema.turns).values(row))
        stored = connection.execute(sa.select(schema.turns.c.created_at)).scalar_one()
    engine.dispose()
    assert stored == east
    assert stored.tzinfo is UTC


def test_every_table_and_index_can_be_said_in_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # sqlalchemy leaves it so
    for table in schema.metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert "INDEX" in str(CreateIndex(index).compile(dialect=dialect))
