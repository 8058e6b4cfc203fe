"""The chat page at `/`, and that of scripts, policy and audit at `/manage`. Files are static."""

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse

WEB_FOLDER = Path(__file__).resolve().parents[1] / "web"


def page_router(folder: Path) -> APIRouter:
    """Return the routes that serve `index.html` and `manage.html` of a folder."""
    router = APIRouter(include_in_schema=False)

    @router.head("/")
    @router.get("/")
    async def page() -> FileResponse:
        return _page(folder / "index.html")

    @router.head("/manage")
    @router.get("/manage")
    async def manage() -> FileResponse:
        return _page(folder / "manage.html")

    return router


def _page(path: Path) -> FileResponse:
    # Asked for anew each time: a page must never be older than the service it calls.
    return FileResponse(path, headers={"Cache-Control": "no-cache"})
