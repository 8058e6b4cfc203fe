"""Time every request by the template of its path, until its response begins."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.metrics import Metrics

METHODS = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS".split())


class RequestMetrics:
    """ASGI middleware. Paths of no route count together, as anybody may make them up."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def send_timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "") or "other"
                method = scope["method"] if scope["method"] in METHODS else "other"
                spent = time.perf_counter() - began
                self._metrics.observe_request(route, method, message["status"], spent)
            await send(message)

        await self._app(scope, receive, send_timed)
