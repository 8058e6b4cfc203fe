"""Put the HTTP application together around a running service."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.staticfiles import StaticFiles

from app.body_limit import MAX_JSON_BYTES, BodyLimit
from app.dependencies import Pools, open_pools
from app.problems import declare_problems, handle_errors
from app.request_metrics import RequestMetrics
from app.request_trace import RequestTrace
from app.routes import (
    ask,
    audit,
    calibration,
    collections,
    documents,
    explain,
    health,
    ingest,
    jobs,
    metrics,
    openai,
    policies,
    rules,
    scripts,
    search,
    synonyms,
    verify,
    web,
)
from app.security import SecurityHeaders, SiteGuard
from app.service import Service

FOLLOW_SECONDS = 1.0
# Files go there.
OWN_BOUNDS = frozenset({"/ingest", "/scripts/import"})
DESCRIPTION = "Answers from your own documents, each sentence with the characters that prove it."
ROUTES = (
    ask,
    audit,
    calibration,
    collections,
    documents,
    explain,
    health,
    ingest,
    jobs,
    metrics,
    openai,
    policies,
    rules,
    scripts,
    search,
    synonyms,
    verify,
)
logger = logging.getLogger(__name__)


class Api(FastAPI):
    """FastAPI whose schema tells of problem documents, where FastAPI assumes its own errors."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        if self.openapi_schema is None:
            declare_problems(super().openapi())
        return super().openapi()


def create_app(service: Service, web_folder: Path = web.WEB_FOLDER) -> FastAPI:
    """Return the application. It owns the service: shutting it down closes the service.

    web_folder: the chat page, `index.html` and its files.
    """
    app = Api(
        title="Youju",
        description=DESCRIPTION,
        version="1",
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Outermost first.
        middleware=[
            Middleware(RequestMetrics, metrics=service.metrics),
            Middleware(SecurityHeaders),
            Middleware(RequestTrace),
            Middleware(SiteGuard, host=service.settings.host),
            Middleware(BodyLimit, limit=MAX_JSON_BYTES, unlimited_paths=OWN_BOUNDS),
        ],
    )
    app.state.service = service
    app.state.pools = open_pools(service.settings)
    routers = [*(routes.router for routes in ROUTES), web.page_router(web_folder)]
    for router in routers:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=web_folder, check_dir=False), name="static")
    handle_errors(app, [route for router in routers for route in router.routes])
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    follower = asyncio.create_task(_follow_catalog(service, app.state.pools))
    try:
        yield
    finally:
        follower.cancel()
        with suppress(asyncio.CancelledError):
            await follower
        await to_thread.run_sync(service.close)


async def _follow_catalog(service: Service, pools: Pools) -> None:
    """Let searches see what workers commit, until cancelled."""
    told = ""
    while True:
        try:
            await pools.index.run(service.refresh)
            told = ""
        except Exception as exc:
            # The last resort: one failed step must not stop all later ones. What fails every
            # second alike is told once.
            if told != (told := repr(exc)):
                logger.exception("Following the catalog failed; it is tried again")
        await asyncio.sleep(FOLLOW_SECONDS)
