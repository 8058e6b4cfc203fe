"""Conversations, kept in the catalog's database."""

from collections.abc import Callable, Sequence
from datetime import datetime

import sqlalchemy as sa

from ingestion.store.compliance_tables import session_states
from ingestion.store.database import Database
from ingestion.store.fault_points import FaultPoint, reach
from ingestion.store.schema import next_value, turns


class Sessions:
    """What was said in each conversation. Each method is one transaction."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def append(self, session_id: str, collection: str, spoken: Sequence[tuple[str, str]]) -> None:
        """Add turns, given as (role, content), to the end of a conversation."""
        now = self._clock()
        with self._database.writing() as connection:
            for role, content in spoken:
                row = {
                    "sequence": next_value(connection, "turns"),
                    "session_id": session_id,
                    "collection": collection,
                    "role": role,
                    "content": content,
                    "created_at": now,
                }
                connection.execute(sa.insert(turns).values(row))
                reach(FaultPoint.TURN_APPENDED)

    def latest(self, session_id: str, limit: int) -> list[tuple[str, str]]:
        """Return the last turns of a conversation as (role, content), oldest first."""
        statement = (
            sa.select(turns.c.role, turns.c.content)
            .where(turns.c.session_id == session_id)
            .order_by(turns.c.sequence.desc())
            .limit(limit)
        )
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        return [(row.role, row.content) for row in reversed(rows)]

    def delete(self, session_id: str) -> bool:
        """Delete a conversation. Returns whether there was one."""
        with self._database.writing() as connection:
            deleted = connection.execute(sa.delete(turns).where(turns.c.session_id == session_id))
            connection.execute(
                sa.delete(session_states).where(session_states.c.session_id == session_id)
            )
        self._database.scrub()
        return deleted.rowcount > 0
