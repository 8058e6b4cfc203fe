"""The chat page at `/`. Its files are the static ones."""

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse

WEB_FOLDER = Path(__file__).resolve().parents[1] / "web"


def page_router(folder: Path) -> APIRouter:
    """Return the route that serves `index.html` of a folder at `/`."""
    router = APIRouter(include_in_schema=False)

    @router.head("/")
    @router.get("/")
    async def page() -> FileResponse:
        # Asked for anew each time: a page must never be older than the service it calls.
        return FileResponse(folder / "index.html", headers={"Cache-Control": "no-cache"})

    return router
