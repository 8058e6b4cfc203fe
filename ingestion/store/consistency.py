"""Whether a data directory is whole: the database, each document in it, jobs, and sources.

The service may run meanwhile. Each document is read at one moment, and of sources only what is
wrong while nobody writes counts.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa

from ingestion.errors import NoCatalog
from ingestion.store.audit import verify_chain
from ingestion.store.compliance_check import check_compliance
from ingestion.store.data_folder import SOURCES, STAGING
from ingestion.store.database import Database
from ingestion.store.document_check import DocumentUnderCheck, check_document, dimension_of
from ingestion.store.embeddings import encoder_counts
from ingestion.store.findings import Finding, Flaw
from ingestion.store.jobs import ACTIVE, named_sources
from ingestion.store.schema import (
    changes,
    chunk_index,
    chunks,
    collections,
    counters,
    document_bodies,
    documents,
    jobs,
    turns,
)
from ingestion.store.staging import abandoned
from ingestion.store.stored import JobState
from ingestion.store.uploads import SourceFiles, file_sha256

# Called with what is looked at, how many of it are done, and of how many.
Report = Callable[[str, int, int], None]


def check_data(
    catalog: Path, report: Report, own: frozenset[str] = frozenset()
) -> Iterator[Finding]:
    """Yield what is wrong in a data directory, changing nothing. One document is in memory.

    own: encoders that count as one, as in `Embeddings`. A database that is damaged itself is not
    read any further. Raises NoCatalog, CatalogUnavailable.
    """
    if not catalog.exists():
        raise NoCatalog(str(catalog))
    database = Database(catalog)
    try:
        damage = list(_check_database(database, report))
        yield from damage
        if any(finding.flaw is Flaw.DATABASE_DAMAGED for finding in damage):
            return
        yield from _check_documents(database, report)
        with database.reading() as connection:
            yield from _check_encoders(connection, own)
            yield from _check_changes(connection)
            yield from _check_counters(connection)
            yield from _check_jobs(connection)
            yield from check_compliance(connection)
            for flaw in verify_chain(connection):
                yield Finding(Flaw.AUDIT_BROKEN, str(flaw.sequence), flaw.detail)
        yield from _check_sources(database, catalog.parent, report)
    finally:
        database.close()


def _check_database(database: Database, report: Report) -> Iterator[Finding]:
    report("database", 0, 1)
    damage, broken = database.damage()
    for line in damage:
        yield Finding(Flaw.DATABASE_DAMAGED, "database", line)
    for table, count in broken.items():
        yield Finding(Flaw.REFERENCE_BROKEN, table, f"{count} rows belong to nothing")
    report("database", 1, 1)


def _check_documents(database: Database, report: Report) -> Iterator[Finding]:
    with database.reading() as connection:
        ids = list(connection.execute(sa.select(documents.c.document_id)).scalars())
    dimension: int | None = None
    for number, document_id in enumerate(ids):
        report("documents", number, len(ids))
        with database.reading() as connection:
            stored = _read_document(connection, document_id)
        if stored is not None:
            # Vectors are compared with those of the first document: an index takes one size.
            dimension = dimension or dimension_of(stored)
            yield from check_document(stored, dimension)
    report("documents", len(ids), len(ids))


def _read_document(connection: sa.Connection, document_id: str) -> DocumentUnderCheck | None:
    document, body = (
        connection.execute(sa.select(table).where(table.c.document_id == document_id))
        .mappings()
        .first()
        for table in (documents, document_bodies)
    )
    if document is None:
        return None
    parts = connection.execute(
        sa.select(chunks, chunk_index.c.raw_vector, chunk_index.c.key_vector)
        .outerjoin_from(chunks, chunk_index)
        .where(chunks.c.document_id == document_id)
        .order_by(chunks.c.ordinal)
    )
    rows = [dict(row) for row in parts.mappings()]
    return DocumentUnderCheck(dict(document), None if body is None else dict(body), rows)


def _check_encoders(connection: sa.Connection, own: frozenset[str]) -> Iterator[Finding]:
    counts = encoder_counts(connection)
    if len({"" if name in own else f"other {name}" for name in counts}) > 1:
        for name, count in counts.items():
            detail = f"{count} documents have its vectors, others those of another encoder"
            yield Finding(Flaw.ENCODERS_MIXED, name or "unknown", detail)


def _check_changes(connection: sa.Connection) -> Iterator[Finding]:
    joined = sa.outerjoin(documents, changes, changes.c.document_id == documents.c.document_id)
    same = sa.and_(changes.c.kind == "added", changes.c.collection == documents.c.collection)
    missing = sa.select(documents.c.document_id).select_from(joined)
    for document_id in connection.execute(missing.where(~sa.func.coalesce(same, False))).scalars():
        yield Finding(Flaw.CHANGE_MISSING, document_id, "indexes were not told of it")
    stored = sa.exists().where(documents.c.document_id == changes.c.document_id)
    gone = sa.select(changes.c.document_id).where(changes.c.kind == "added", ~stored)
    for document_id in connection.execute(gone).scalars():
        yield Finding(Flaw.CHANGE_WRONG, document_id, "indexes were told of it; it is not there")


def _check_counters(connection: sa.Connection) -> Iterator[Finding]:
    used = {
        "changes": changes.c.sequence,
        "jobs": jobs.c.sequence,
        "turns": turns.c.sequence,
    }
    rows = connection.execute(sa.select(counters.c.name, counters.c.value)).all()
    stored = {row.name: row.value for row in rows}
    for name, column in used.items():
        highest = connection.execute(sa.select(sa.func.max(column))).scalar() or 0
        if stored.get(name, -1) < highest:
            detail = f"it stands at {stored.get(name)}, and {highest} is taken"
            yield Finding(Flaw.COUNTER_BEHIND, name, detail)


def _check_jobs(connection: sa.Connection) -> Iterator[Finding]:
    leased = sa.and_(jobs.c.worker.is_not(None), jobs.c.lease_until.is_not(None))
    bare = sa.and_(jobs.c.worker.is_(None), jobs.c.lease_until.is_(None))
    running = jobs.c.state == JobState.RUNNING
    reasoned = sa.and_(jobs.c.reason_code.is_not(None), jobs.c.reason.is_not(None))
    rules = {
        "it runs without a lease": sa.and_(running, ~leased),
        "it has a lease and does not run": sa.and_(~running, ~bare),
        "it is in no known state": jobs.c.state.not_in(list(JobState)),
        "it has ended at no time": sa.and_(
            jobs.c.state.not_in(ACTIVE), jobs.c.finished_at.is_(None)
        ),
        "it failed without a reason": sa.and_(jobs.c.state == JobState.FAILED, ~reasoned),
    }
    for detail, broken in rules.items():
        for job_id in connection.execute(sa.select(jobs.c.job_id).where(broken)).scalars():
            yield Finding(Flaw.JOB_INCONSISTENT, job_id, detail)
    for table in (jobs, documents):
        # Workers take turns between the known collections: a job of another would wait for ever.
        known = sa.exists().where(collections.c.collection == table.c.collection)
        for name in connection.execute(
            sa.select(table.c.collection).where(~known).distinct()
        ).scalars():
            yield Finding(Flaw.COLLECTION_UNKNOWN, name, f"only the table of {table.name} knows it")


def _check_sources(database: Database, data: Path, report: Report) -> Iterator[Finding]:
    for folder in abandoned(data / STAGING):
        yield Finding(Flaw.STAGED_ABANDONED, folder.name, "a process that is gone left it")
    # While nobody writes: a file is placed before the row that names it is there for others.
    with database.writing() as connection:
        named = named_sources(connection)
        present = SourceFiles(data).names()
    for name in sorted(present - named):
        yield Finding(Flaw.SOURCE_UNNAMED, name, "no document and no open job names it")
    for name in sorted(named - present):
        yield Finding(Flaw.SOURCE_MISSING, name, "the uploaded bytes are gone")
    kept = sorted(named & present)
    for number, name in enumerate(kept):
        report("sources", number, len(kept))
        if _is_damaged(data / SOURCES / name):
            yield Finding(Flaw.SOURCE_DAMAGED, name, "the bytes are not those that were uploaded")
    report("sources", len(kept), len(kept))


def _is_damaged(path: Path) -> bool:
    try:
        return file_sha256(path) != path.name
    except FileNotFoundError:  # deleted since, with its document
        return False
