"""What a collection holds, and what it may hold, as statements on an open connection."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ingestion.errors import QuotaExceeded
from ingestion.store.jobs import ACTIVE
from ingestion.store.schema import documents, jobs
from ingestion.store.uploads import Upload


@dataclass(frozen=True, slots=True)
class Quota:
    """The most that each collection may hold; 0: no limit."""

    documents: int = 0
    bytes: int = 0


UNLIMITED = Quota()


@dataclass(frozen=True, slots=True)
class CollectionUsage:
    """A collection and what it holds. bytes: of the uploaded files.

    documents, chunks: searchable ones. open_jobs: queued or running. The files of open jobs count
    as bytes in place of the revisions that they replace.
    """

    collection: str
    documents: int
    chunks: int
    bytes: int
    open_jobs: int


class Ledger:
    """What collections hold while one transaction adds to them; it must hold the write lock.

    What is queued counts as if it was stored. Looked up once a collection, O(its documents) in one
    index.
    """

    def __init__(self, connection: sa.Connection, quota: Quota) -> None:
        self._connection = connection
        self._quota = quota
        self._held: dict[str, tuple[int, int]] = {}

    def add(self, upload: Upload, *, is_new: bool) -> None:
        """Count an upload. is_new: no document or open job has its id.

        A new revision counts what it has more than the one it replaces. Raises QuotaExceeded and
        counts nothing where its collection has no room for it.
        """
        quota, name = self._quota, upload.collection
        if not quota.documents and not quota.bytes:
            return
        if name not in self._held:
            self._held[name] = _used(self._connection, name)
        count, size = self._held[name]
        replaced = None if is_new else _present_size(self._connection, upload.document_id)
        more = upload.size - (replaced or 0)
        if quota.documents and replaced is None and count >= quota.documents:
            raise QuotaExceeded(name, "documents", count, quota.documents, 1)
        if quota.bytes and more > 0 and size + more > quota.bytes:
            raise QuotaExceeded(name, "bytes", size, quota.bytes, more)
        self._held[name] = (count + (replaced is None), size + more)


def usage(connection: sa.Connection) -> list[CollectionUsage]:
    """Return what every collection with documents or open jobs holds, by name."""
    stored = {
        row.collection: row
        for row in connection.execute(
            _stored(documents.c.collection, _sum(documents.c.chunk_count).label("chunks")).group_by(
                documents.c.collection
            )
        )
    }
    waiting = {
        row.collection: row
        for row in connection.execute(_open(jobs.c.collection).group_by(jobs.c.collection))
    }
    found = []
    for name in sorted({*stored, *waiting}):
        held, more = stored.get(name), waiting.get(name)
        found.append(
            CollectionUsage(
                name,
                held.number if held else 0,
                int(held.chunks) if held else 0,
                (int(held.size) if held else 0) + (int(more.size) if more else 0),
                more.number if more else 0,
            )
        )
    return found


def _used(connection: sa.Connection, collection: str) -> tuple[int, int]:
    """Return the documents and bytes of a collection, once its open jobs are done."""
    held = connection.execute(_stored().where(documents.c.collection == collection)).one()
    more = connection.execute(_open().where(jobs.c.collection == collection)).one()
    return held.number + more.number - more.replacing, int(held.size) + int(more.size)


def _present_size(connection: sa.Connection, document_id: str) -> int | None:
    """Return the bytes of a document's newest revision, queued or stored; None: a new one."""
    queued = sa.select(jobs.c.size).where(
        jobs.c.document_id == document_id, jobs.c.state.in_(ACTIVE)
    )
    stored = sa.select(documents.c.size).where(documents.c.document_id == document_id)
    for statement in (queued, stored):
        size: int | None = connection.execute(statement).scalar()
        if size is not None:
            return size
    return None


def _stored(*more: sa.ColumnElement[Any]) -> sa.Select[Any]:
    size = _sum(documents.c.size).label("size")
    return sa.select(sa.func.count().label("number"), size, *more).select_from(documents)


def _open(*more: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Select the number of open jobs, how many replace a document, and the bytes they add."""
    return (
        sa.select(
            sa.func.count().label("number"),
            sa.func.count(documents.c.document_id).label("replacing"),
            _sum(jobs.c.size - sa.func.coalesce(documents.c.size, 0)).label("size"),
            *more,
        )
        .select_from(jobs.outerjoin(documents, documents.c.document_id == jobs.c.document_id))
        .where(jobs.c.state.in_(ACTIVE))
    )


def _sum(values: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(sa.func.sum(values), 0)
