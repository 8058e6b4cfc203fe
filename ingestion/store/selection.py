"""Which documents of a collection a search is limited to."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from ingestion.store.schema import documents


@dataclass(frozen=True, slots=True)
class Selection:
    """What documents must be like; what is empty (document_ids: None) asks for nothing.

    metadata: for each key the values of which a document must have one. languages, media_types:
    of which it must have one.
    """

    document_ids: frozenset[str] | None = None
    metadata: tuple[tuple[str, frozenset[str]], ...] = ()
    languages: frozenset[str] = frozenset()
    media_types: frozenset[str] = frozenset()

    @property
    def asks_the_catalog(self) -> bool:
        """Return whether more than ids has to be looked at."""
        return bool(self.metadata or self.languages or self.media_types)


def selected(connection: sa.Connection, collection: str, selection: Selection) -> frozenset[str]:
    """Return the ids of the collection's documents that fit. O(documents of the collection)."""
    columns = documents.c
    statement = sa.select(columns.document_id, columns.metadata)
    statement = statement.where(columns.collection == collection)
    for key, values in selection.metadata:
        if '"' not in key:  # which SQLite's paths into JSON cannot name
            statement = statement.where(columns.metadata[key].as_string().in_(sorted(values)))
    wanted: Mapping[sa.Column[str], frozenset[str]] = {
        columns.language: selection.languages,
        columns.media_type: selection.media_types,
    }
    for column, values in wanted.items():
        if values:
            statement = statement.where(column.in_(sorted(values)))
    odd = [(key, values) for key, values in selection.metadata if '"' in key]
    found = frozenset(
        row.document_id
        for row in connection.execute(statement)
        if all(row.metadata.get(key) in values for key, values in odd)
    )
    return found if selection.document_ids is None else found & selection.document_ids
