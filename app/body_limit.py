"""Bound what a request body may hold, while it is being read."""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_JSON_BYTES = 2 * 2**20


class BodyLimit:
    """ASGI middleware: a longer body is answered with 413.

    unlimited_paths: those that bound their own bodies, because files go there.
    """

    def __init__(self, app: ASGIApp, limit: int, unlimited_paths: Collection[str]) -> None:
        self._app = app
        self._limit = limit
        self._unlimited_paths = unlimited_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if scope["type"] != "http" or path in self._unlimited_paths:
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        received = 0

        async def receive_bounded() -> Message:
            nonlocal received
            if declared.isdecimal() and int(declared) > self._limit:
                raise self._too_large()
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise self._too_large()
            return message

        await self._app(scope, receive_bounded, send)

    def _too_large(self) -> HTTPException:
        # FastAPI turns any other exception raised while it reads a body into a 400.
        return HTTPException(413, f"The body may have {self._limit} bytes at most.")
