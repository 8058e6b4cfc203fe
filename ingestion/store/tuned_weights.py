"""What was fitted to each collection, by version: its search's weights, its calibration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ingestion.store.collection_tables import tuned_weights
from ingestion.store.database import Database


@dataclass(frozen=True, slots=True)
class StoredWeights:
    """A version of a collection's weights, by name; `report` says what they were worth."""

    collection: str
    version: int
    weights: Mapping[str, float]
    report: Mapping[str, Any]
    rolled_back: bool
    created_at: datetime


class TunedWeights:
    """Weights of collections. Each method is one transaction."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], table: sa.Table = tuned_weights
    ) -> None:
        """table: where they lie; those of search, or those of confidence."""
        self._database = database
        self._clock = clock
        self._table = table

    def put(
        self, collection: str, weights: Mapping[str, float], report: Mapping[str, Any]
    ) -> StoredWeights:
        """Store the next version; searches use it from now on."""
        table = self._table
        newest = sa.select(sa.func.max(table.c.version)).where(table.c.collection == collection)
        with self._database.writing() as connection:
            version = int(connection.execute(newest).scalar() or 0) + 1
            stored = StoredWeights(
                collection, version, dict(weights), dict(report), False, self._clock()
            )
            row = {name: getattr(stored, name) for name in StoredWeights.__dataclass_fields__}
            connection.execute(sa.insert(table).values(row))
        return stored

    def current(self, collection: str) -> StoredWeights | None:
        """Return the newest version that was not rolled back; None: the collection has none."""
        return next((one for one in self.versions(collection) if not one.rolled_back), None)

    def versions(self, collection: str) -> list[StoredWeights]:
        """Return all versions of a collection's weights, newest first."""
        table = self._table
        statement = (
            sa.select(table)
            .where(table.c.collection == collection)
            .order_by(table.c.version.desc())
        )
        with self._database.reading() as connection:
            return [StoredWeights(**row) for row in connection.execute(statement).mappings()]

    def roll_back(self, collection: str) -> StoredWeights | None:
        """Take back the current version, so that the one before is used; None: there is none."""
        table = self._table
        with self._database.writing() as connection:
            current = connection.execute(
                sa.select(sa.func.max(table.c.version)).where(
                    table.c.collection == collection, table.c.rolled_back.is_(False)
                )
            ).scalar()
            if current is None:
                return None
            connection.execute(
                sa.update(table)
                .where(table.c.collection == collection, table.c.version == current)
                .values(rolled_back=True)
            )
        return next(one for one in self.versions(collection) if one.version == current)
