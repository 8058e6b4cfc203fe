"""Each collection's own rules of compliance, by version."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from ingestion.store.compliance_tables import rule_sets
from ingestion.store.database import Database
from ingestion.store.fault_points import FaultPoint, reach


@dataclass(frozen=True, slots=True)
class StoredRuleSet:
    """A version of a collection's rules; `content` is the file as it was given."""

    collection: str
    version: int
    content: str
    author: str
    created_at: datetime


class RuleSets:
    """Rule sets of collections. Each method is one transaction."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def put(self, collection: str, content: str, author: str) -> StoredRuleSet:
        """Store the next version of a collection's rules; earlier ones stay."""
        now = self._clock()
        newest = sa.select(sa.func.max(rule_sets.c.version)).where(
            rule_sets.c.collection == collection
        )
        with self._database.writing() as connection:
            version = int(connection.execute(newest).scalar() or 0) + 1
            stored = StoredRuleSet(collection, version, content, author, now)
            row = {name: getattr(stored, name) for name in StoredRuleSet.__dataclass_fields__}
            connection.execute(sa.insert(rule_sets).values(row))
            reach(FaultPoint.RULES_STORED)
        return stored

    def keep(self, collection: str, content: str, author: str) -> None:
        """Store the next version unless the newest one says the same."""
        newest = self.newest(collection)
        if newest is None or newest.content != content:
            self.put(collection, content, author)

    def versions(self, collection: str) -> list[StoredRuleSet]:
        """Return all rules that a collection had of its own, newest first."""
        statement = (
            sa.select(rule_sets)
            .where(rule_sets.c.collection == collection)
            .order_by(rule_sets.c.version.desc())
        )
        with self._database.reading() as connection:
            rows = connection.execute(statement).mappings().all()
        return [StoredRuleSet(**row) for row in rows]

    def version(self, collection: str) -> int:
        """Return the newest version's number, 0 where a collection has no rules of its own."""
        newest = sa.select(sa.func.max(rule_sets.c.version)).where(
            rule_sets.c.collection == collection
        )
        with self._database.reading() as connection:
            return int(connection.execute(newest).scalar() or 0)

    def newest(self, collection: str) -> StoredRuleSet | None:
        """Return the newest rules of a collection, None where it has none of its own."""
        statement = (
            sa.select(rule_sets)
            .where(rule_sets.c.collection == collection)
            .order_by(rule_sets.c.version.desc())
            .limit(1)
        )
        with self._database.reading() as connection:
            row = connection.execute(statement).mappings().first()
        return None if row is None else StoredRuleSet(**row)
