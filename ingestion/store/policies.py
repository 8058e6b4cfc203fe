"""What compliance demands of each collection, by version, and where conversations stand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ingestion.store.compliance_tables import policies, session_states
from ingestion.store.database import Database
from ingestion.store.fault_points import FaultPoint, reach
from ingestion.store.schema import next_value


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A version of a collection's policy; `content` is as it was given."""

    collection: str
    version: int
    content: Mapping[str, Any]
    author: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SessionState:
    """Where a conversation stands. used: ids of scripts shown, latest last.

    fallbacks: how many answers in a row were fallbacks.
    """

    stage: str = ""
    used: tuple[str, ...] = ()
    fallbacks: int = 0


class Policies:
    """Policies and states of sessions. Each method is one transaction."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def put(self, collection: str, content: Mapping[str, Any], author: str) -> StoredPolicy:
        """Store the next version of a collection's policy."""
        now = self._clock()
        with self._database.writing() as connection:
            newest = sa.select(sa.func.max(policies.c.version)).where(
                policies.c.collection == collection
            )
            version = int(connection.execute(newest).scalar() or 0) + 1
            stored = StoredPolicy(collection, version, dict(content), author, now)
            row = {name: getattr(stored, name) for name in StoredPolicy.__dataclass_fields__}
            connection.execute(sa.insert(policies).values(row))
            reach(FaultPoint.POLICY_STORED)
            next_value(connection, "scripts")
        return stored

    def versions(self, collection: str) -> list[StoredPolicy]:
        """Return all versions of a collection's policy, newest first."""
        statement = (
            sa.select(policies)
            .where(policies.c.collection == collection)
            .order_by(policies.c.version.desc())
        )
        with self._database.reading() as connection:
            rows = connection.execute(statement).mappings().all()
        return [StoredPolicy(**row) for row in rows]

    def newest(self) -> list[StoredPolicy]:
        """Return the newest policy of every collection that has one."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(policies).order_by(policies.c.version)).mappings()
            found = {row["collection"]: StoredPolicy(**row) for row in rows}
        return list(found.values())

    def state(self, session_id: str) -> SessionState:
        """Return where a conversation stands."""
        statement = sa.select(session_states).where(session_states.c.session_id == session_id)
        with self._database.reading() as connection:
            row = connection.execute(statement).first()
        return (
            SessionState()
            if row is None
            else SessionState(row.stage, tuple(row.used), row.fallbacks)
        )

    def keep_state(self, session_id: str, collection: str, state: SessionState) -> None:
        """Note where a conversation stands."""
        row = {
            "session_id": session_id,
            "collection": collection,
            "stage": state.stage,
            "used": list(state.used),
            "fallbacks": state.fallbacks,
        }
        with self._database.writing() as connection:
            connection.execute(
                sa.delete(session_states).where(session_states.c.session_id == session_id)
            )
            reach(FaultPoint.STATE_KEPT)
            connection.execute(sa.insert(session_states).values(row))
