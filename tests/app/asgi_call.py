"""One request to an application, whose client can hang up in the middle."""

import asyncio
import json
from typing import Any

from starlette.types import ASGIApp, Message


class AsgiCall:
    """A POST of JSON under way. `body` grows as the application sends."""

    def __init__(self, app: ASGIApp, path: str, body: dict[str, Any]) -> None:
        self.status = 0
        self.body = b""
        self._request: Message | None = {
            "type": "http.request",
            "body": json.dumps(body).encode(),
            "more_body": False,
        }
        self._gone = asyncio.Event()
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"127.0.0.1:8000"), (b"content-type", b"application/json")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8000),
            "app": app,
        }
        self.finished = asyncio.ensure_future(app(scope, self._receive, self._send))

    def disconnect(self) -> None:
        """Hang up."""
        self._gone.set()

    async def _receive(self) -> Message:
        if self._request is not None:
            message, self._request = self._request, None
            return message
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")
