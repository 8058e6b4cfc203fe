"""Conversations, as statements on an open connection."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from ingestion.schema import next_value, turns


def append(
    connection: sa.Connection,
    session_id: str,
    collection: str,
    spoken: Sequence[tuple[str, str]],
    now: datetime,
) -> None:
    """Add turns, given as (role, content), to the end of a conversation."""
    rows = [
        {
            "sequence": next_value(connection, "turns"),
            "session_id": session_id,
            "collection": collection,
            "role": role,
            "content": content,
            "created_at": now,
        }
        for role, content in spoken
    ]
    if rows:
        connection.execute(sa.insert(turns), rows)


def latest(connection: sa.Connection, session_id: str, limit: int) -> list[tuple[str, str]]:
    """Return the last turns of a conversation as (role, content), oldest first."""
    rows = connection.execute(
        sa.select(turns.c.role, turns.c.content)
        .where(turns.c.session_id == session_id)
        .order_by(turns.c.sequence.desc())
        .limit(limit)
    ).all()
    return [(row.role, row.content) for row in reversed(rows)]


def delete(connection: sa.Connection, session_id: str) -> bool:
    """Delete a conversation. Returns whether there was one."""
    statement = sa.delete(turns).where(turns.c.session_id == session_id)
    return connection.execute(statement).rowcount > 0
