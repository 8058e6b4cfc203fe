"""`GET /metrics`: what the service counts, for Prometheus."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from app.dependencies import ThePools, TheService
from app.problems import declared

router = APIRouter()
_RESPONSE = {"description": "Prometheus' text form.", "content": {"text/plain": {}}}


@router.get("/metrics", response_class=Response, responses={200: _RESPONSE, **declared(421, 503)})
async def read_metrics(service: TheService, pools: ThePools) -> Response:
    """Tell counts and times. No text, question or name of a collection is in them."""
    page = await pools.health.run(service.metrics.page)
    return Response(page, media_type=CONTENT_TYPE_LATEST)
