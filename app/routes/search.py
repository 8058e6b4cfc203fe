"""`POST /search`: the passages that an answer would be made from."""

from functools import partial

from fastapi import APIRouter, Depends

from app.dependencies import ThePools, TheService, require_json
from app.problems import declared
from app.schemas import ExplainBody, HitReply, SearchBody, SearchReply
from app.settings import Settings
from retrieval.records import SearchRequest

router = APIRouter()


@router.post(
    "/search",
    dependencies=[Depends(require_json)],
    responses=declared(400, 403, 413, 415, 421, 422, 503),
)
async def search(body: SearchBody, service: TheService, pools: ThePools) -> SearchReply:
    """Find passages by the very function that `/ask` uses, with the score of every stage."""
    request = search_request(body, service.settings)
    result = await pools.models.run(partial(service.search, request))
    hits = [HitReply.model_validate(passage) for passage in result.passages]
    return SearchReply(hits=hits, timings_ms=result.timings_ms, documents=result.documents)


def search_request(body: SearchBody | ExplainBody, settings: Settings) -> SearchRequest:
    """Return what is asked of the search, the settings' own where the body says nothing."""
    document_ids = body.filters.document_ids if body.filters else None
    return SearchRequest(
        query=body.query,
        collection=body.collection or settings.default_collection,
        top_k=body.top_k or settings.top_k,
        document_ids=None if document_ids is None else frozenset(document_ids),
    )
