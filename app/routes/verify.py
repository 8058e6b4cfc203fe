"""`POST /verify`: prove citations against the stored text."""

from functools import partial

from fastapi import APIRouter, Depends

from app.citation_check import Claim, check_claims
from app.dependencies import ThePools, TheService, require_json
from app.problems import declared
from app.schemas import VerdictReply, VerifyBody, VerifyReply

router = APIRouter()


@router.post(
    "/verify",
    dependencies=[Depends(require_json)],
    responses=declared(400, 403, 413, 415, 421, 422, 503),
)
async def verify(body: VerifyBody, service: TheService, pools: ThePools) -> VerifyReply:
    """Say for each citation whether its quote stands at its span of that revision."""
    claims = [
        Claim(cited.document_id, cited.revision, cited.start, cited.end, cited.quote)
        for cited in body.citations
    ]
    findings = await pools.catalog.run(partial(check_claims, claims, service.catalog))
    return VerifyReply(
        results=[
            VerdictReply(verified=finding == "quote_matches", reason=finding)
            for finding in findings
        ]
    )
