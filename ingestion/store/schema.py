"""The catalog's tables, and how its database is opened.

Types and statements are those that SQLite and PostgreSQL share. Bulky columns live in tables of
their own (`document_bodies`, `chunk_index`), so that lists and look-ups never read past them.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from ingestion.errors import CatalogError, CatalogUnavailable, NewerSchema

# Its tables are created with the others.
from ingestion.store import collection_tables, compliance_tables
from ingestion.store.fault_points import FaultPoint, reach
from ingestion.store.metadata import UtcDateTime, metadata
from ingestion.store.migrations import upgrade

SCHEMA_VERSION = 10
BUSY_SECONDS = 15.0
OPEN_ATTEMPTS = 100
SCRUB_WAIT_MS = 200
WRITE_OPTION = "youju_write"
_JSON_DECODER = json.JSONDecoder()


schema_version = sa.Table(
    "schema_version", metadata, sa.Column("version", sa.Integer, nullable=False)
)

# Sequence numbers are rows and not auto-increments: the row lock makes their order the order of
# commits, so a follower that has seen n never finds a smaller number later.
counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

collections = sa.Table(
    "collections",
    metadata,
    sa.Column("collection", sa.String(100), primary_key=True),
    sa.Column("served", sa.BigInteger, nullable=False),
)

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("document_id", sa.String(32), primary_key=True),
    sa.Column("collection", sa.String(100), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("revision", sa.String(16), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("media_type", sa.String(255), nullable=False),
    sa.Column("page_count", sa.Integer),
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("keyphrases", sa.JSON, nullable=False),
    sa.Column("warnings", sa.JSON, nullable=False),
    sa.Column("chunk_count", sa.Integer, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    # Whose vectors it has; empty where it was stored before this was noted.
    sa.Column("encoder", sa.Text, nullable=False, server_default=""),
    sa.Index("ix_documents_collection", "collection", "created_at", "document_id"),
    sa.Index("ix_documents_created", "created_at", "document_id"),
    sa.Index("ix_documents_sha256", "sha256"),
    # What a collection uses is summed from this alone, at every upload.
    sa.Index("ix_documents_usage", "collection", "size"),
    sa.Index("ix_documents_encoder", "encoder"),
)


def _document_key(*, primary_key: bool) -> sa.Column[str]:
    return sa.Column(
        "document_id",
        sa.String(32),
        sa.ForeignKey("documents.document_id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


document_bodies = sa.Table(
    "document_bodies",
    metadata,
    _document_key(primary_key=True),
    sa.Column("summary_vector", sa.LargeBinary, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("blocks", sa.JSON, nullable=False),
)

chunks = sa.Table(
    "chunks",
    metadata,
    sa.Column("chunk_id", sa.String(32), primary_key=True),
    _document_key(primary_key=False),
    sa.Column("revision", sa.String(16), nullable=False),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("span_start", sa.Integer, nullable=False),
    sa.Column("span_end", sa.Integer, nullable=False),
    sa.Column("page", sa.Integer),
    sa.Column("heading_path", sa.JSON, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("key_entries", sa.JSON, nullable=False),
    # Null also where the chunk was stored before this was asked.
    sa.Column("coherence", sa.Float),
    sa.Index("ix_chunks_document", "document_id", "ordinal", unique=True),
)

chunk_index = sa.Table(
    "chunk_index",
    metadata,
    sa.Column(
        "chunk_id",
        sa.String(32),
        sa.ForeignKey("chunks.chunk_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("key_text", sa.Text, nullable=False),
    sa.Column("raw_vector", sa.LargeBinary, nullable=False),
    sa.Column("key_vector", sa.LargeBinary, nullable=False),
)

changes = sa.Table(
    "changes",
    metadata,
    sa.Column("document_id", sa.String(32), primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False, unique=True),
    sa.Column("collection", sa.String(100), nullable=False),
    sa.Column("kind", sa.String(8), nullable=False),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("job_id", sa.String(32), primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False, unique=True),
    sa.Column("document_id", sa.String(32), nullable=False),
    sa.Column("revision", sa.String(16), nullable=False),
    sa.Column("collection", sa.String(100), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("stage", sa.String(64), nullable=False),
    sa.Column("progress", sa.Float, nullable=False),
    sa.Column("eta_seconds", sa.Float),
    sa.Column("reason_code", sa.String(64)),
    sa.Column("reason", sa.Text),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("worker", sa.String(255)),
    sa.Column("lease_until", UtcDateTime),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("started_at", UtcDateTime),
    sa.Column("finished_at", UtcDateTime),
    # Opens a locked file; emptied when the job ends.
    sa.Column("password", sa.Text),
    sa.Index("ix_jobs_ready", "state", "collection", "sequence"),
    sa.Index("ix_jobs_document", "document_id", "sequence"),
    sa.Index(
        "ux_jobs_active",
        "document_id",
        unique=True,
        sqlite_where=sa.text("state IN ('queued', 'running')"),
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    ),
)

turns = sa.Table(
    "turns",
    metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("session_id", sa.String(128), nullable=False),
    sa.Column("collection", sa.String(100), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Index("ix_turns_session", "session_id", "sequence"),
)

# The record of what compliance decided: chained, never changed, and without a user's words.
audit_entries = sa.Table(
    "audit_entries",
    metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("trace_id", sa.String(128), nullable=False),
    sa.Column("collection", sa.String(100), nullable=False),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("entry", sa.Text, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Index("ix_audit_trace", "trace_id", "sequence"),
    sa.Index("ix_audit_created", "created_at"),
)

# The words that an entry commits to. A row may be erased; the entry and the chain stay.
audit_texts = sa.Table(
    "audit_texts",
    metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("session_id", sa.String(256), nullable=False),
    sa.Column("salt", sa.String(64), nullable=False),
    sa.Column("texts", sa.Text, nullable=False),
    sa.Index("ix_audit_session", "session_id"),
)

LATER_TABLES = compliance_tables.NAMES | collection_tables.NAMES | {"audit_entries", "audit_texts"}
COUNTERS = ("audit", "changes", "jobs", "scripts", "served", "turns")


def next_value(connection: sa.Connection, counter: str) -> int:
    """Return the next number of a counter, from 1, and hold its row until the transaction ends."""
    statement = (
        sa.update(counters)
        .where(counters.c.name == counter)
        .values(value=counters.c.value + 1)
        .returning(counters.c.value)
    )
    return int(connection.execute(statement).scalar_one())


def open_engine(path: Path) -> sa.Engine:
    """Open the database file, creating it and its tables where missing.

    One that an older program wrote is brought up to date first, wholly or not at all. Raises
    NewerSchema when a newer one wrote it, CatalogUnavailable when it cannot be read.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_SECONDS},
        json_serializer=_to_json,
        json_deserializer=_from_json,
        pool_size=8,
        max_overflow=32,
    )
    sa.event.listen(engine, "connect", _configure)
    sa.event.listen(engine, "begin", _begin)
    try:
        with translated_errors(engine):
            _prepare(engine)
    except CatalogError:
        engine.dispose()
        raise
    return engine


@contextmanager
def translated_errors(engine: sa.Engine) -> Iterator[None]:
    """Raise CatalogUnavailable in place of what a database that cannot be used raises."""
    driver = engine.dialect.loaded_dbapi
    try:
        yield
    except (DataError, IntegrityError, ProgrammingError):
        raise
    except DatabaseError as exc:
        raise CatalogUnavailable(str(exc.orig)) from exc
    except (PoolTimeout, driver.DatabaseError) as exc:
        raise CatalogUnavailable(str(exc)) from exc


def enable_wal(engine: sa.Engine) -> None:
    """Let readers and a writer work side by side, for good.

    Of processes that do so to a new file together, SQLite tells some that it is locked rather
    than let them wait: they try again. Raises the driver's error when that never helps.
    """
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        for attempt in range(OPEN_ATTEMPTS):
            try:
                cursor.execute("PRAGMA journal_mode = WAL").fetchall()
                break
            except engine.dialect.loaded_dbapi.OperationalError:
                if attempt == OPEN_ATTEMPTS - 1:
                    raise
                time.sleep(0.02)
        cursor.close()
    finally:
        connection.close()


def scrub_log(engine: sa.Engine) -> None:
    """Fold the write-ahead log into the database and empty it, so that deleted text is gone.

    Gives up after a moment while somebody reads; the next deletion or the last process to close
    the database does it then.
    """
    connection = engine.raw_connection()
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout = {SCRUB_WAIT_MS}")
        with suppress(engine.dialect.loaded_dbapi.OperationalError):
            reach(FaultPoint.LOG_SCRUBBING)
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            reach(FaultPoint.LOG_SCRUBBED)
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        cursor.close()
        connection.close()


def refuse_newer(found: int) -> None:
    """Raise NewerSchema when this program does not know that version of the tables."""
    if found > SCHEMA_VERSION:
        raise NewerSchema(found, SCHEMA_VERSION)


def _configure(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    # What was answered with 202, or with "deleted", must outlast a power cut too, and commits are
    # a few in a second: each can afford the sync that NORMAL leaves out.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")


def _begin(connection: sa.Connection) -> None:
    # The driver itself would begin only at the first write, and two reads of one transaction could
    # then see two states. A writer takes its lock at once: one that upgrades from reading can fail
    # without any wait.
    write = connection.get_execution_options().get(WRITE_OPTION, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _prepare(engine: sa.Engine) -> None:
    enable_wal(engine)
    with engine.connect() as opened:
        connection = opened.execution_options(**{WRITE_OPTION: True})
        with connection.begin():
            if not sa.inspect(connection).has_table(schema_version.name):
                _create(connection)
            found = int(connection.execute(sa.select(schema_version.c.version)).scalar_one())
            refuse_newer(found)
            if found < SCHEMA_VERSION:
                upgrade(connection, found)
                connection.execute(sa.update(schema_version).values(version=SCHEMA_VERSION))


def _create(connection: sa.Connection) -> None:
    metadata.create_all(connection)
    connection.execute(sa.insert(schema_version).values(version=SCHEMA_VERSION))
    connection.execute(sa.insert(counters), [{"name": name, "value": 0} for name in COUNTERS])
    reach(FaultPoint.TABLES_CREATED)


def _from_json(stored: str) -> Any:
    # What _to_json wrote has no space around it; json.loads would look for that every time.
    return _JSON_DECODER.raw_decode(stored)[0]


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
