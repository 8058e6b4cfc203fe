"""`/healthz` and `/readyz`: is the process alive, and can it answer."""

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.dependencies import ThePools, TheService
from app.problems import declared, make_problem, problem_response
from app.schemas import HealthReply, ReadyReply
from app.service import Readiness

router = APIRouter()
READY_SECONDS = 5.0
RETRY_AFTER_SECONDS = 2


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", responses=declared(421))
async def healthz() -> HealthReply:
    """Tell that the process answers. Touches nothing that could be slow."""
    return HealthReply(status="ok")


@router.head("/readyz", include_in_schema=False, response_model=None)
@router.get("/readyz", response_model=ReadyReply, responses=declared(421, 503))
async def readyz(request: Request, service: TheService, pools: ThePools) -> ReadyReply | Response:
    """Tell whether questions can be answered, or what is missing."""
    check = asyncio.ensure_future(pools.health.run(service.readiness))
    # A check that hangs keeps its thread, as threads cannot be stopped, but not the prober.
    done, _ = await asyncio.wait({check}, timeout=READY_SECONDS)
    if not done:
        return _not_ready(request, f"The check took longer than {READY_SECONDS:g} seconds.")
    readiness = check.result()
    if readiness.models and readiness.catalog:
        return ReadyReply.model_validate(readiness)
    return _not_ready(request, _missing(readiness))


def _missing(readiness: Readiness) -> str:
    parts = {"models": readiness.models, "catalog": readiness.catalog}
    missing = ", ".join(name for name, works in parts.items() if not works)
    return f"Not ready yet: {missing}. {readiness.detail}".strip()


def _not_ready(request: Request, detail: str) -> Response:
    problem = make_problem(
        request.scope, status=503, title="Not ready", detail=detail, code="not_ready"
    )
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return problem_response(problem, request.scope, headers)
