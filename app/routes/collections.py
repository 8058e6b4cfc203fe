"""`/collections`: what there is, and how full it is."""

from fastapi import APIRouter

from app.dependencies import ThePools, TheService
from app.problems import declared
from app.schemas import CollectionReply, CollectionsReply

router = APIRouter(prefix="/collections")


@router.get("", responses=declared(421, 503))
async def list_collections(service: TheService, pools: ThePools) -> CollectionsReply:
    """List the collections that hold documents or wait for some, by name."""
    settings = service.settings
    found = await pools.catalog.run(service.catalog.usage)
    entries = [
        CollectionReply(
            name=usage.collection,
            documents=usage.documents,
            chunks=usage.chunks,
            bytes=usage.bytes,
            open_jobs=usage.open_jobs,
            max_documents=settings.collection_documents or None,
            max_bytes=settings.collection_bytes or None,
        )
        for usage in found
    ]
    return CollectionsReply(collections=entries)
