"""Words that mean the same in a collection, as its owner says."""

from collections.abc import Callable, Sequence
from datetime import datetime

import sqlalchemy as sa

from ingestion.store.collection_tables import synonyms
from ingestion.store.database import Database

Groups = tuple[tuple[str, ...], ...]
"""Each group holds words or phrases that stand for one another."""


class Synonyms:
    """Synonyms of collections. Each method is one transaction."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def put(self, collection: str, groups: Sequence[Sequence[str]]) -> None:
        """Replace a collection's groups; searches use them from now on. None: it has none."""
        row = {
            "collection": collection,
            "word_groups": [list(group) for group in groups],
            "updated_at": self._clock(),
        }
        with self._database.writing() as connection:
            connection.execute(sa.delete(synonyms).where(synonyms.c.collection == collection))
            if groups:
                connection.execute(sa.insert(synonyms).values(row))

    def of(self, collection: str) -> Groups:
        """Return a collection's groups in the order given, empty if it has none."""
        statement = sa.select(synonyms.c.word_groups).where(synonyms.c.collection == collection)
        with self._database.reading() as connection:
            stored = connection.execute(statement).scalar()
        return tuple(tuple(group) for group in stored or ())
