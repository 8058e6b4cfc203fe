"""Documents and their chunks, as statements on an open connection."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ingestion.records import (
    Block,
    BlockKind,
    BoundingBox,
    IndexedChunk,
    IngestedDocument,
    KeyEntry,
    KeyKind,
)
from ingestion.store.change_log import record_change
from ingestion.store.fault_points import FaultPoint, reach
from ingestion.store.schema import (
    chunk_index,
    chunks,
    collections,
    document_bodies,
    documents,
    jobs,
)
from ingestion.store.stored import StoredChunk, StoredDocument, SummaryRow, VectorRow
from ingestion.store.uploads import chunk_id_of
from ingestion.store.vector_blobs import of_blob, to_blob

# Under SQLite's limit of variables in a statement.
IDS_PER_STATEMENT = 900
_DOCUMENT_COLUMNS = [documents.c[name] for name in StoredDocument.__dataclass_fields__]
# In the order of StoredChunk's fields.
_CHUNK_COLUMNS = (
    chunks.c.chunk_id,
    chunks.c.document_id,
    chunks.c.revision,
    chunks.c.ordinal,
    chunks.c.span_start,
    chunks.c.span_end,
    chunks.c.page,
    chunks.c.heading_path,
    chunks.c.text,
    chunks.c.key_entries,
    chunks.c.coherence,
)
# Built once: to build one anew for each call takes as long as to run it.
_CHUNKS_BY_ID = sa.select(*_CHUNK_COLUMNS).where(
    chunks.c.chunk_id.in_(sa.bindparam("ids", expanding=True))
)
_KEY_KINDS = {kind.value: kind for kind in KeyKind}
_VECTOR_COLUMNS = (
    chunks.c.chunk_id,
    chunks.c.document_id,
    documents.c.title,
    chunks.c.heading_path,
    chunks.c.text,
    chunk_index.c.key_text,
    chunk_index.c.raw_vector,
    chunk_index.c.key_vector,
)
_TITLES_BY_ID = sa.select(documents.c.document_id, documents.c.title).where(
    documents.c.document_id.in_(sa.bindparam("ids", expanding=True))
)
_VECTOR_ROWS = (
    sa.select(*_VECTOR_COLUMNS)
    .join_from(chunks, chunk_index)
    .join(documents, documents.c.document_id == chunks.c.document_id)
    .where(chunks.c.document_id == sa.bindparam("id"))
    .order_by(chunks.c.ordinal)
)
_SUMMARY_ROW = (
    sa.select(
        documents.c.document_id,
        documents.c.title,
        documents.c.summary,
        documents.c.keyphrases,
        document_bodies.c.summary_vector,
    )
    .join_from(documents, document_bodies)
    .where(documents.c.document_id == sa.bindparam("id"))
)
_Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DocumentRows:
    """An ingested document as rows, prepared before the write lock is taken."""

    document: _Row
    body: _Row
    chunks: list[_Row]
    index: list[_Row]


def rows_of(
    document_id: str, revision: str, ingested: IngestedDocument, encoder: str
) -> DocumentRows:
    """Return the rows of a document. Raises ValueError when a chunk is not what its span says.

    encoder: whose vectors it has.
    """
    document, summary = ingested.document, ingested.summary
    ids = []
    for entry in ingested.chunks:
        chunk = entry.chunk
        if document.text[chunk.start : chunk.end] != chunk.text:
            raise ValueError(f"chunk {chunk.ordinal} is not the text of its span")
        ids.append(chunk_id_of(document_id, revision, chunk.start, chunk.end))
    return DocumentRows(
        document={
            "document_id": document_id,
            "title": document.title,
            "revision": revision,
            "language": document.language,
            "media_type": document.media_type,
            "page_count": document.page_count,
            "summary": summary.text,
            "keyphrases": list(summary.keyphrases),
            "warnings": list(document.warnings),
            "chunk_count": len(ingested.chunks),
            "encoder": encoder,
        },
        body={
            "document_id": document_id,
            "summary_vector": to_blob(summary.vector),
            "text": document.text,
            "blocks": [_block_to_json(block) for block in document.blocks],
        },
        chunks=[
            _chunk_row(chunk_id, document_id, revision, entry)
            for chunk_id, entry in zip(ids, ingested.chunks, strict=True)
        ],
        index=[
            {
                "chunk_id": chunk_id,
                "key_text": entry.key_text,
                "raw_vector": to_blob(entry.raw_vector),
                "key_vector": to_blob(entry.key_vector),
            }
            for chunk_id, entry in zip(ids, ingested.chunks, strict=True)
        ],
    )


def put(
    connection: sa.Connection, rows: DocumentRows, upload: Mapping[str, Any], now: datetime
) -> str | None:
    """Store a document in place of its older revision and tell followers.

    upload: the job's collection, name, sha256, size, metadata and created_at.
    Returns the sha256 of the older revision, None for a new document.
    """
    document_id = rows.document["document_id"]
    older = connection.execute(
        sa.select(documents.c.sha256, documents.c.created_at)
        .where(documents.c.document_id == document_id)
        .with_for_update()
    ).first()
    connection.execute(sa.delete(documents).where(documents.c.document_id == document_id))
    reach(FaultPoint.OLDER_REVISION_DELETED)
    row = rows.document | {
        "collection": upload["collection"],
        "name": upload["name"],
        "sha256": upload["sha256"],
        "size": upload["size"],
        "metadata": upload["metadata"],
        "created_at": upload["created_at"] if older is None else older.created_at,
        "updated_at": now,
    }
    connection.execute(sa.insert(documents).values(row))
    reach(FaultPoint.DOCUMENT_INSERTED)
    connection.execute(sa.insert(document_bodies).values(rows.body))
    reach(FaultPoint.BODY_INSERTED)
    if rows.chunks:
        connection.execute(sa.insert(chunks), rows.chunks)
        reach(FaultPoint.CHUNKS_INSERTED)
        connection.execute(sa.insert(chunk_index), rows.index)
        reach(FaultPoint.VECTORS_INSERTED)
    record_change(connection, upload["collection"], document_id, "added")
    return None if older is None else str(older.sha256)


def remove(connection: sa.Connection, document_id: str) -> tuple[str | None, list[str]] | None:
    """Delete all rows of a document and of its jobs, and tell followers.

    Returns the collection it was searchable in (None: in none) and the sha256 of every source they
    named, or None when there was nothing.
    """
    stored = connection.execute(
        sa.delete(documents)
        .where(documents.c.document_id == document_id)
        .returning(documents.c.sha256, documents.c.collection)
    ).all()
    reach(FaultPoint.DOCUMENT_DELETED)
    worked = connection.execute(
        sa.delete(jobs)
        .where(jobs.c.document_id == document_id)
        .returning(jobs.c.sha256, jobs.c.collection)
    ).all()
    reach(FaultPoint.JOBS_DELETED)
    if not stored and not worked:
        return None
    collection = [*stored, *worked][0].collection
    if stored:
        record_change(connection, collection, document_id, "removed")
    in_use = [sa.exists().where(table.c.collection == collection) for table in (documents, jobs)]
    connection.execute(
        sa.delete(collections).where(collections.c.collection == collection, ~sa.or_(*in_use))
    )
    sources = sorted({row.sha256 for row in [*stored, *worked]})
    return (collection if stored else None), sources


def document(
    connection: sa.Connection, *conditions: sa.ColumnElement[bool]
) -> StoredDocument | None:
    """Return the first document that fits."""
    statement = sa.select(*_DOCUMENT_COLUMNS).where(*conditions).order_by(documents.c.document_id)
    row = connection.execute(statement.limit(1)).first()
    return None if row is None else _document(row)


def page(
    connection: sa.Connection, collection: str | None, offset: int, limit: int
) -> tuple[list[StoredDocument], int]:
    """Return a page of documents, newest upload first, and how many there are."""
    conditions = [] if collection is None else [documents.c.collection == collection]
    total = connection.execute(sa.select(sa.func.count()).select_from(documents).where(*conditions))
    rows = connection.execute(
        sa.select(*_DOCUMENT_COLUMNS)
        .where(*conditions)
        .order_by(documents.c.created_at.desc(), documents.c.document_id)
        .offset(offset)
        .limit(limit)
    )
    return [_document(row) for row in rows], total.scalar_one()


def ids_in(connection: sa.Connection, collection: str) -> list[str]:
    """Return the ids of a collection's documents, sorted."""
    statement = sa.select(documents.c.document_id).where(documents.c.collection == collection)
    return list(connection.execute(statement.order_by(documents.c.document_id)).scalars())


def collections_with_any(connection: sa.Connection) -> list[str]:
    """Return the collections that hold documents, sorted."""
    column = documents.c.collection
    return list(connection.execute(sa.select(column).distinct().order_by(column)).scalars())


def text(connection: sa.Connection, document_id: str, revision: str) -> str | None:
    """Return the text of a document; None when that revision is not stored."""
    statement = sa.select(document_bodies.c.text).join_from(document_bodies, documents)
    same = (documents.c.document_id == document_id, documents.c.revision == revision)
    return connection.execute(statement.where(*same)).scalar()


def blocks(connection: sa.Connection, document_id: str) -> list[Block]:
    """Return the blocks of a document in order."""
    stored = connection.execute(
        sa.select(document_bodies.c.blocks).where(document_bodies.c.document_id == document_id)
    ).scalar()
    return [_block_of_json(fields) for fields in stored or ()]


def chunk_page(
    connection: sa.Connection, document_id: str, offset: int, limit: int
) -> tuple[list[StoredChunk], int]:
    """Return a page of a document's chunks in order, and how many there are."""
    mine = chunks.c.document_id == document_id
    total = connection.execute(sa.select(sa.func.count()).select_from(chunks).where(mine))
    rows = connection.execute(
        sa.select(*_CHUNK_COLUMNS)
        .where(mine)
        .order_by(chunks.c.ordinal)
        .offset(offset)
        .limit(limit)
    )
    return [_chunk(row) for row in rows], total.scalar_one()


def chunks_by_id(connection: sa.Connection, ids: Sequence[str]) -> dict[str, StoredChunk]:
    """Return the chunks that exist. One indexed look-up an id."""
    found = (
        _chunk(row)
        for batch in _batches(ids)
        for row in connection.execute(_CHUNKS_BY_ID, {"ids": batch}).all()
    )
    return {chunk.chunk_id: chunk for chunk in found}


def titles(connection: sa.Connection, ids: Sequence[str]) -> dict[str, str]:
    """Return the titles of the documents that exist."""
    return {
        row[0]: row[1]
        for batch in _batches(ids)
        for row in connection.execute(_TITLES_BY_ID, {"ids": batch})
    }


def vector_rows(connection: sa.Connection, document_id: str) -> list[VectorRow]:
    """Return what the chunk indexes need of one document, in order."""
    return [
        VectorRow(
            chunk_id=row.chunk_id,
            document_id=row.document_id,
            title=row.title,
            heading_path=tuple(row.heading_path),
            text=row.text,
            key_text=row.key_text,
            raw_vector=of_blob(row.raw_vector),
            key_vector=of_blob(row.key_vector),
        )
        for row in connection.execute(_VECTOR_ROWS, {"id": document_id})
    ]


def summary_row(connection: sa.Connection, document_id: str) -> SummaryRow | None:
    """Return what the document index needs of one document."""
    row = connection.execute(_SUMMARY_ROW, {"id": document_id}).first()
    if row is None:
        return None
    return SummaryRow(
        document_id=row.document_id,
        title=row.title,
        text=row.summary,
        keyphrases=tuple(row.keyphrases),
        vector=of_blob(row.summary_vector),
    )


def _document(row: Sequence[Any]) -> StoredDocument:
    fields = dict(zip(StoredDocument.__dataclass_fields__, row, strict=True))
    lists = {name: tuple(fields[name]) for name in ("keyphrases", "warnings")}
    return StoredDocument(**{**fields, **lists})


def _chunk_row(chunk_id: str, document_id: str, revision: str, entry: IndexedChunk) -> _Row:
    chunk = entry.chunk
    return {
        "chunk_id": chunk_id,
        "document_id": document_id,
        "revision": revision,
        "ordinal": chunk.ordinal,
        "span_start": chunk.start,
        "span_end": chunk.end,
        "page": chunk.page,
        "heading_path": list(chunk.heading_path),
        "text": chunk.text,
        "key_entries": [[key.kind, key.text, key.start, key.end] for key in entry.keys],
        "coherence": chunk.coherence,
    }


def _chunk(row: Sequence[Any]) -> StoredChunk:
    # By position: a search reads a hundred chunks with some eight keys each, and looking up
    # columns and enum members by name takes as long as all the rest.
    chunk_id, document_id, revision, ordinal, start, end, number, path, text, keys, coherence = row
    entries = tuple([KeyEntry(_KEY_KINDS[kind], said, *span) for kind, said, *span in keys])
    return StoredChunk(
        chunk_id,
        document_id,
        revision,
        ordinal,
        start,
        end,
        number,
        tuple(path),
        text,
        entries,
        coherence,
    )


def _block_to_json(block: Block) -> list[Any]:
    box = block.box
    corners = None if box is None else [box.left, box.bottom, box.right, box.top]
    return [block.kind, block.start, block.end, block.page, block.level, corners]


def _block_of_json(fields: Sequence[Any]) -> Block:
    kind, start, end, page_number, level, corners = fields
    box = None if corners is None else BoundingBox(*corners)
    return Block(BlockKind(kind), start, end, page_number, level, box)


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), IDS_PER_STATEMENT):
        yield ids[start : start + IDS_PER_STATEMENT]
