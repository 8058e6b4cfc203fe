"""`/documents`: what is searchable, with its text, its chunks and its original bytes."""

from functools import partial
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.dependencies import DocumentId, Pools, ThePools, TheService
from app.errors import DocumentNotFound, RevisionNotFound
from app.problems import declared
from app.schemas import (
    BlockReply,
    ChunkReply,
    ChunksReply,
    CollectionName,
    DocumentReply,
    DocumentsReply,
    Limit,
    Offset,
    ShortText,
    TextReply,
)
from app.service import Service
from ingestion.records import Block
from ingestion.store.catalog import Catalog
from ingestion.store.stored import StoredDocument

router = APIRouter(prefix="/documents")
# Types a browser would run or render with this site's rights go out as plain bytes.
_INERT_TYPES = frozenset(
    {
        "application/pdf",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.oasis.opendocument.text",
        "application/epub+zip",
        "image/jpeg",
        "image/png",
        "text/csv",
        "text/markdown",
        "text/plain",
    }
)
_BYTES = "application/octet-stream"


@router.get("", responses=declared(421, 422, 503))
async def list_documents(
    service: TheService,
    pools: ThePools,
    collection: Annotated[CollectionName | None, Query()] = None,
    offset: Offset = 0,
    limit: Limit = 50,
) -> DocumentsReply:
    """List searchable documents, of one collection or of all."""
    read = partial(service.catalog.documents, collection, offset, limit)
    documents, total = await pools.catalog.run(read)
    entries = [DocumentReply.model_validate(document) for document in documents]
    return DocumentsReply(documents=entries, total=total, offset=offset, limit=limit)


@router.get("/{document_id}", responses=declared(404, 421, 503))
async def read_document(
    document_id: DocumentId, service: TheService, pools: ThePools
) -> DocumentReply:
    """Describe a document."""
    return DocumentReply.model_validate(await _document(document_id, service, pools))


@router.delete("/{document_id}", status_code=204, responses=declared(403, 404, 421, 503))
async def delete_document(document_id: DocumentId, service: TheService, pools: ThePools) -> None:
    """Delete a document for good: text, chunks, vectors, jobs, and its bytes."""
    deleted = await pools.catalog.run(partial(service.catalog.delete_document, document_id))
    if not deleted:
        raise DocumentNotFound(document_id)
    await pools.index.run(service.refresh)


@router.get(
    "/{document_id}/source",
    response_class=Response,
    responses={
        200: {
            "description": "The file as it was uploaded, always as a download.",
            "content": {_BYTES: {"schema": {"type": "string", "format": "binary"}}},
        },
        **declared(404, 410, 421, 503),
    },
)
async def read_source(document_id: DocumentId, service: TheService, pools: ThePools) -> Response:
    """Return the original bytes."""
    source = await pools.catalog.run(partial(service.catalog.source, document_id))
    if source is None:
        raise DocumentNotFound(document_id)
    headers = {
        "Content-Disposition": attachment(source.name),
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    media_type = source.media_type if source.media_type in _INERT_TYPES else _BYTES
    response = Response(source.content, headers=headers)
    # Set as it is: a charset that was only guessed would be a claim about somebody's bytes.
    response.headers["Content-Type"] = media_type
    return response


@router.get("/{document_id}/text", responses=declared(404, 421, 422, 503))
async def read_text(
    document_id: DocumentId,
    service: TheService,
    pools: ThePools,
    revision: Annotated[ShortText | None, Query(description="The one a citation names.")] = None,
) -> TextReply:
    """Return the text that spans point into, with its blocks. Only one revision is stored."""
    found = await pools.catalog.run(partial(_text_of, service.catalog, document_id))
    if found is None:
        raise DocumentNotFound(document_id)
    document, text, blocks = found
    if revision not in {None, document.revision}:
        raise RevisionNotFound(document_id, str(revision))
    return TextReply(
        document_id=document_id,
        revision=document.revision,
        title=document.title,
        language=document.language,
        text=text,
        blocks=[BlockReply.model_validate(block) for block in blocks],
    )


@router.get("/{document_id}/chunks", responses=declared(404, 421, 422, 503))
async def list_chunks(
    document_id: DocumentId,
    service: TheService,
    pools: ThePools,
    offset: Offset = 0,
    limit: Limit = 50,
    coherence: Annotated[bool, Query(description="Score borders that ingestion did not.")] = False,
) -> ChunksReply:
    """List a document's chunks in order, with their spans and key information."""
    await _document(document_id, service, pools)
    read = service.scored_chunks if coherence else service.catalog.chunks
    pool = pools.models if coherence else pools.catalog
    chunks, total = await pool.run(partial(read, document_id, offset, limit))
    entries = [ChunkReply.model_validate(chunk) for chunk in chunks]
    return ChunksReply(chunks=entries, total=total, offset=offset, limit=limit)


def attachment(name: str) -> str:
    """Return a Content-Disposition that saves under `name` (RFC 6266, RFC 5987 for its letters)."""
    fallback = "".join(
        character if character.isascii() and character.isprintable() else "_" for character in name
    )
    for special in '"\\%/':
        fallback = fallback.replace(special, "_")
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe='')}"


def _text_of(catalog: Catalog, document_id: str) -> tuple[StoredDocument, str, list[Block]] | None:
    """Return a document with the text and blocks of that very revision, None when it is gone."""
    while (document := catalog.document(document_id)) is not None:
        text = catalog.text(document_id, document.revision)
        blocks = catalog.blocks(document_id)
        after = catalog.document(document_id)
        # A new revision may come between the reads; then nothing read so far belongs together.
        if text is not None and after is not None and after.revision == document.revision:
            return document, text, blocks
    return None


async def _document(document_id: str, service: Service, pools: Pools) -> StoredDocument:
    document = await pools.catalog.run(partial(service.catalog.document, document_id))
    if document is None:
        raise DocumentNotFound(document_id)
    return document
