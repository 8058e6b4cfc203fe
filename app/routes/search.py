"""`POST /search`: the passages that an answer would be made from."""

from functools import partial

from fastapi import APIRouter, Depends

from app.dependencies import Pools, ThePools, TheService, require_json
from app.problems import declared
from app.search_schemas import ExplainBody, HitReply, SearchBody, SearchReply
from app.service import Service
from ingestion.store.selection import Selection
from retrieval.records import SearchRequest
from retrieval.refine.history import standalone_question

router = APIRouter()


@router.post(
    "/search",
    dependencies=[Depends(require_json)],
    responses=declared(400, 403, 413, 415, 421, 422, 503),
)
async def search(body: SearchBody, service: TheService, pools: ThePools) -> SearchReply:
    """Find passages by the very function that `/ask` uses, with the score of every stage."""
    request = await search_request(body, service, pools)
    result = await pools.models.run(partial(service.search, request))
    hits = [HitReply.model_validate(passage) for passage in result.passages]
    return SearchReply(hits=hits, timings_ms=result.timings_ms, documents=result.documents)


async def search_request(
    body: SearchBody | ExplainBody, service: Service, pools: Pools
) -> SearchRequest:
    """Return what is asked of the search, the settings' own where the body says nothing."""
    collection = body.collection or service.settings.default_collection
    selection = body.filters.selection() if body.filters else Selection()
    document_ids = selection.document_ids
    if selection.asks_the_catalog:
        select = partial(service.catalog.select_documents, collection, selection)
        document_ids = await pools.catalog.run(select)
    earlier = [turn.content for turn in body.history if turn.role == "user"]
    return SearchRequest(
        query=standalone_question(body.query, earlier),
        collection=collection,
        top_k=body.top_k or service.settings.top_k,
        document_ids=document_ids,
    )
