"""What the indexes must hold, as statements on an open connection."""

from itertools import groupby

import sqlalchemy as sa

from ingestion.store.schema import changes, chunks, documents
from ingestion.store.stored import IndexedState

_CHUNKS_IN_ORDER = (
    sa.select(documents.c.document_id, changes.c.sequence, chunks.c.chunk_id)
    .join_from(documents, changes, changes.c.document_id == documents.c.document_id)
    .join(chunks, chunks.c.document_id == documents.c.document_id)
    .where(documents.c.collection == sa.bindparam("collection"))
    .order_by(documents.c.document_id, chunks.c.ordinal)
)


def index_state(connection: sa.Connection, collection: str) -> dict[str, IndexedState]:
    """Return the state of each document of a collection that has chunks, by its id."""
    rows = connection.execute(_CHUNKS_IN_ORDER, {"collection": collection})
    return {
        document_id: IndexedState.of(sequence, (row.chunk_id for row in of_one))
        for (document_id, sequence), of_one in groupby(rows, lambda row: (row[0], row[1]))
    }
