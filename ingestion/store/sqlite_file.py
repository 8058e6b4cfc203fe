"""What can be asked of a catalog's database as a file, where it is one of SQLite."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from ingestion.store.metadata import metadata
from ingestion.store.schema import LATER_TABLES

COPIED_PAGES = 1024
_NO_SHA256 = "length(sha256) != 64 OR sha256 GLOB '*[^0-9a-f]*'"


def find_damage(engine: sa.Engine) -> tuple[list[str], dict[str, int]]:
    """Return what SQLite finds wrong in its file, and rows whose parent is missing by table.

    References are not looked at where the file is damaged.
    """
    with engine.connect() as connection:
        try:
            said = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        except DatabaseError as exc:
            return [str(exc.orig)], {}
        if said != ["ok"]:
            return [str(line) for line in said], {}
        broken = Counter(row[0] for row in connection.exec_driver_sql("PRAGMA foreign_key_check"))
    return [], dict(broken)


def copy_database(
    connection: sa.Connection, target: Path, report: Callable[[str, int, int], None]
) -> None:
    """Copy a database page by page to a file, as a connection that is reading sees it.

    report: called with "database", the pages copied, and of how many. Others may write meanwhile.
    """
    driver = connection.engine.dialect.loaded_dbapi
    copy = driver.connect(str(target))
    try:
        connection.connection.driver_connection.backup(  # type: ignore[union-attr]  # sqlite3's
            copy,
            pages=COPIED_PAGES,
            progress=lambda _status, left, total: report("database", total - left, total),
        )
        # One file in itself, without a log beside it.
        copy.execute("PRAGMA journal_mode = DELETE")
    finally:
        copy.close()


def problem_of_file(path: Path) -> str | None:
    """Return why a database file, of unknown origin, cannot be a catalog; None when it can be.

    Nothing in it is run: triggers and views, of which a catalog has none, are a problem.
    """
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)))
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA trusted_schema = OFF")
            kinds = "SELECT count(*) FROM sqlite_master WHERE type NOT IN ('table', 'index')"
            if connection.exec_driver_sql(kinds).scalar():
                return "its database holds more than tables"
            found, known = set(sa.inspect(connection).get_table_names()), set(metadata.tables)
            # A backup of an older program lacks the tables that came since.
            if not known - LATER_TABLES <= found <= known:
                return "its tables are not those of a catalog"
            for table in ("documents", "jobs"):
                names = f"SELECT count(*) FROM {table} WHERE {_NO_SHA256}"  # noqa: S608 ours
                if connection.exec_driver_sql(names).scalar():
                    return "it names an uploaded file by something that is no checksum"
            said = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
            return None if said == ["ok"] else "its database is damaged"
    except DatabaseError:
        return "its database is damaged"
    finally:
        engine.dispose()
