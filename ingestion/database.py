"""The catalog's database as its users see it: one transaction at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from ingestion import schema
from ingestion.fault_points import FaultPoint, reach
from ingestion.schema import WRITE_OPTION, translated_errors


class Database:
    """An open database. Its contexts raise CatalogUnavailable when it cannot be used."""

    def __init__(self, path: Path) -> None:
        """Open or create the database at `path`. Raises NewerSchema."""
        self._engine = schema.open_engine(path)

    def close(self) -> None:
        """Close every pooled connection."""
        self._engine.dispose()

    def scrub(self) -> None:
        """Take what was deleted out of the write-ahead log as well."""
        schema.scrub_log(self._engine)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection that sees one state throughout."""
        with (
            translated_errors(self._engine),
            self._engine.connect() as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection that holds the write lock; all it writes stays, or none of it."""
        with translated_errors(self._engine), self._engine.connect() as opened:
            connection = opened.execution_options(**{WRITE_OPTION: True})
            with connection.begin():
                reach(FaultPoint.TRANSACTION_BEGUN)
                yield connection
                reach(FaultPoint.TRANSACTION_COMMITTING)
            reach(FaultPoint.TRANSACTION_COMMITTED)
