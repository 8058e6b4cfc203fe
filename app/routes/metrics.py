"""`GET /metrics`: what the service counts, for Prometheus."""

import logging

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from app.dependencies import Pools, ThePools, TheService
from app.problems import declared
from ingestion.errors import CatalogError
from ingestion.store.catalog import Catalog
from ingestion.store.stored import JobState

router = APIRouter()
logger = logging.getLogger(__name__)
_RESPONSE = {"description": "Prometheus' text form.", "content": {"text/plain": {}}}


@router.get("/metrics", response_class=Response, responses={200: _RESPONSE, **declared(421, 503)})
async def read_metrics(service: TheService, pools: ThePools) -> Response:
    """Tell counts and times. No text, question or name of a collection is in them."""
    calls = {name: getattr(pools, name).taken for name in Pools.__dataclass_fields__}

    def page() -> bytes:
        service.metrics.show(_jobs(service.catalog), calls)
        return service.metrics.page()

    return Response(await pools.health.run(page), media_type=CONTENT_TYPE_LATEST)


def _jobs(catalog: Catalog) -> dict[str, int]:
    try:
        return {state.value: catalog.jobs(state=state, limit=1)[1] for state in JobState}
    except CatalogError:
        # Whoever watches must see the rest most of all when the catalog is away.
        logger.exception("Jobs can't be counted")
        return {}
