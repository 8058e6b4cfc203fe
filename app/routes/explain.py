"""`POST /explain`: where in a search an expected chunk or document was lost."""

from functools import partial

from fastapi import APIRouter, Depends

from app.dependencies import ThePools, TheService, require_json
from app.errors import NothingExpected
from app.explanation_text import advice
from app.problems import declared
from app.routes.search import search_request
from app.search_schemas import ExplainBody, ExplainReply, QueryReply, StageReply
from generation.language import question_language
from retrieval.explain import Expected, NotIndexed
from retrieval.refine.explain import merged, rank_of

router = APIRouter()


@router.post(
    "/explain",
    dependencies=[Depends(require_json)],
    responses=declared(400, 403, 404, 413, 415, 421, 422, 503),
)
async def explain(body: ExplainBody, service: TheService, pools: ThePools) -> ExplainReply:
    """Follow an expected chunk, or a document's best one, through the search of `/ask`."""
    request = await search_request(body, service, pools)
    expected = Expected(body.expected_chunk_id, body.expected_document_id)
    try:
        found = await pools.models.run(partial(service.explain, request, expected))
    except NotIndexed as exc:
        raise NothingExpected from exc
    if service.settings.refine != "off":
        refined = await pools.models.run(partial(service.refined, request))
        found, queries = merged(found, refined), refined.finds
    else:
        queries = ()
    return ExplainReply(
        chunk_id=found.chunk_id,
        document_id=found.document_id,
        title=found.title,
        rank=found.rank,
        lost_at=found.lost_at,
        advice=advice(found, question_language(body.query)),
        stages=[StageReply.model_validate(stage) for stage in found.stages],
        queries=[
            QueryReply(
                query=find.query,
                found=len(find.result.passages),
                rank=rank_of(found.chunk_id, find.result.passages),
            )
            for find in queries
        ],
    )
