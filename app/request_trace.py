"""Give every request a trace id, and every unforeseen error an answer that tells only that id."""

import logging
import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.problems import internal_error_response

HEADER = "X-Request-Id"
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")
logger = logging.getLogger(__name__)


class RequestTrace:
    """ASGI middleware around all that may fail. A caller's own acceptable id is kept."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trace_id = _trace_id(Headers(scope=scope).get(HEADER))
        scope.setdefault("state", {})["trace_id"] = trace_id
        started = False

        async def send_traced(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message)[HEADER] = trace_id
            await send(message)

        try:
            await self._app(scope, receive, send_traced)
        except Exception:
            # The last resort: log everything, tell nothing. Once a response has begun, only the
            # server can end it, by closing the connection.
            logger.exception("%s %s failed, trace %s", scope["method"], scope["path"], trace_id)
            if started:
                raise
            await internal_error_response(scope)(scope, receive, send_traced)


def _trace_id(given: str | None) -> str:
    if given is not None and _ACCEPTABLE.fullmatch(given):
        return given
    return uuid.uuid4().hex
