"""The catalog's database as its users see it: one transaction at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from ingestion.errors import CatalogError
from ingestion.store import schema
from ingestion.store.data_folder import open_alone, open_shared
from ingestion.store.fault_points import FaultPoint, reach
from ingestion.store.schema import WRITE_OPTION, translated_errors
from ingestion.store.sqlite_file import find_damage


class Database:
    """An open database. Its contexts raise CatalogUnavailable when it cannot be used."""

    def __init__(self, path: Path, *, alone: bool = False) -> None:
        """Open or create the database at `path`. Raises NewerSchema.

        alone: so that nobody else can. Raises DataInUse when somebody has it open.
        """
        self._handle: int | None = open_alone(path) if alone else open_shared(path)
        try:
            self._engine = schema.open_engine(path)
        except CatalogError:
            os.close(self._handle)
            raise

    def close(self) -> None:
        """Close every pooled connection. Closing twice is no error."""
        self._engine.dispose()
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def damage(self) -> tuple[list[str], dict[str, int]]:
        """Return what the database says is wrong with itself, and broken references by table."""
        with translated_errors(self._engine):
            return find_damage(self._engine)

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
