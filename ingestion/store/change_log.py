"""The log of changes that indexes follow, as statements on an open connection."""

from typing import Literal

import sqlalchemy as sa

from ingestion.store.fault_points import FaultPoint, reach
from ingestion.store.schema import changes, counters, next_value
from ingestion.store.stored import Change


def changes_since(connection: sa.Connection, sequence: int, limit: int) -> list[Change]:
    """Return changes after a sequence number, oldest first."""
    rows = connection.execute(
        sa.select(changes.c.sequence, changes.c.collection, changes.c.document_id, changes.c.kind)
        .where(changes.c.sequence > sequence)
        .order_by(changes.c.sequence)
        .limit(limit)
    )
    return [Change(*row) for row in rows]


def last_sequence(connection: sa.Connection) -> int:
    """Return the number of the latest change, 0 before the first."""
    statement = sa.select(counters.c.value).where(counters.c.name == "changes")
    return int(connection.execute(statement).scalar_one())


def record_change(
    connection: sa.Connection,
    collection: str,
    document_id: str,
    kind: Literal["added", "removed"],
) -> None:
    """Note that followers are to read a document anew, or to drop it."""
    connection.execute(sa.delete(changes).where(changes.c.document_id == document_id))
    row = {
        "sequence": next_value(connection, "changes"),
        "collection": collection,
        "document_id": document_id,
        "kind": kind,
    }
    connection.execute(sa.insert(changes).values(row))
    reach(FaultPoint.CHANGE_RECORDED)
