"""Which encoder embedded each document, and how another one's vectors take the place of these."""

import sqlalchemy as sa

from ingestion.errors import OtherEncoder
from ingestion.records import Chunk, Document, IngestedDocument
from ingestion.store.change_log import record_change
from ingestion.store.database import Database
from ingestion.store.documents import blocks, chunk_page
from ingestion.store.fault_points import FaultPoint, reach
from ingestion.store.schema import chunk_index, document_bodies, documents
from ingestion.store.stored import EmbeddedDocument
from ingestion.store.vector_blobs import to_blob

UNKNOWN = ""
"""What stands for the encoder of a document that was stored before this was noted."""
_COUNTS = (
    sa.select(documents.c.encoder, sa.func.count())
    .group_by(documents.c.encoder)
    .order_by(documents.c.encoder)
)
_DOCUMENT = sa.select(documents, document_bodies.c.text).join_from(documents, document_bodies)


class Embeddings:
    """The vectors of the catalog's documents. Each method is one transaction."""

    def __init__(self, database: Database, encoder: str, *, owns_unknown: bool) -> None:
        """encoder: the name of the one whose vectors are stored from now on.

        owns_unknown: whether documents whose encoder was not noted count as its own.
        """
        self._database = database
        self.encoder = encoder
        self.own = frozenset({encoder, UNKNOWN} if owns_unknown else {encoder})

    def counts(self) -> dict[str, int]:
        """Return how many documents each encoder has embedded, by its name."""
        with self._database.reading() as connection:
            return encoder_counts(connection)

    def refuse_others(self) -> None:
        """Pass when all documents are this encoder's. Raises OtherEncoder."""
        with self._database.reading() as connection:
            self.refuse_others_in(connection)

    def refuse_others_in(self, connection: sa.Connection) -> None:
        """Do as `refuse_others`, as part of a transaction. O(log documents) when all is well."""
        name = documents.c.encoder
        # Ranges of the column's index: `!=` would read all of it.
        ranges = [sa.and_(name > UNKNOWN, name < self.encoder), name > self.encoder]
        ranges += [] if UNKNOWN in self.own else [name == UNKNOWN]
        if not any(connection.execute(sa.select(name).where(r).limit(1)).first() for r in ranges):
            return
        counts = encoder_counts(connection)
        raise OtherEncoder(
            self.encoder, {name: n for name, n in counts.items() if name not in self.own}
        )

    def outdated(self, collection: str | None = None) -> list[str]:
        """Return the ids of the documents that bear another encoder's name or none, sorted."""
        statement = sa.select(documents.c.document_id).where(documents.c.encoder != self.encoder)
        if collection is not None:
            statement = statement.where(documents.c.collection == collection)
        with self._database.reading() as connection:
            return list(connection.execute(statement.order_by(documents.c.document_id)).scalars())

    def read(self, document_id: str) -> EmbeddedDocument | None:
        """Return what a document's vectors are made of; None where it, its text or chunks lack."""
        with self._database.reading() as connection:
            statement = _DOCUMENT.where(documents.c.document_id == document_id)
            row = connection.execute(statement).first()
            if row is None:
                return None
            stored, _ = chunk_page(connection, document_id, 0, row.chunk_count)
            document = Document(
                title=row.title,
                text=row.text,
                blocks=tuple(blocks(connection, document_id)),
                language=row.language,
                media_type=row.media_type,
                page_count=row.page_count,
                warnings=tuple(row.warnings),
            )
        if not stored:
            return None
        return EmbeddedDocument(
            document_id=document_id,
            collection=row.collection,
            updated_at=row.updated_at,
            document=document,
            chunk_ids=tuple(chunk.chunk_id for chunk in stored),
            chunks=tuple(
                Chunk(c.ordinal, c.start, c.end, c.page, c.heading_path, c.text, c.coherence)
                for c in stored
            ),
            keys=tuple(chunk.keys for chunk in stored),
        )

    def replace(self, stored: EmbeddedDocument, embedded: IngestedDocument) -> bool:
        """Put a document's new vectors and summary in place of the old ones, and tell followers.

        embedded: what came of `stored`, chunk by chunk. Returns False when the document is no
        longer what was read, and has then changed nothing.
        """
        rows = [
            {
                "id": chunk_id,
                "key_text": entry.key_text,
                "raw_vector": to_blob(entry.raw_vector),
                "key_vector": to_blob(entry.key_vector),
            }
            for chunk_id, entry in zip(stored.chunk_ids, embedded.chunks, strict=True)
        ]
        summary = embedded.summary
        same = (
            documents.c.document_id == stored.document_id,
            documents.c.updated_at == stored.updated_at,
        )
        values = {
            "summary": summary.text,
            "keyphrases": list(summary.keyphrases),
            "encoder": self.encoder,
        }
        with self._database.writing() as connection:
            stamped = connection.execute(sa.update(documents).where(*same).values(values))
            if not stamped.rowcount:
                return False
            reach(FaultPoint.DOCUMENT_STAMPED)
            connection.execute(
                sa.update(document_bodies)
                .where(document_bodies.c.document_id == stored.document_id)
                .values(summary_vector=to_blob(summary.vector))
            )
            connection.execute(
                sa.update(chunk_index).where(chunk_index.c.chunk_id == sa.bindparam("id")), rows
            )
            reach(FaultPoint.VECTORS_REPLACED)
            record_change(connection, stored.collection, stored.document_id, "added")
        return True


def encoder_counts(connection: sa.Connection) -> dict[str, int]:
    """Return how many documents each encoder has embedded, by its name."""
    return {row[0]: row[1] for row in connection.execute(_COUNTS)}
