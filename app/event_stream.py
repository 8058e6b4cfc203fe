"""Server-sent events of JSON."""

from collections.abc import AsyncIterator, Callable

from pydantic import BaseModel
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Receive, Scope, Send

PING_SECONDS = 15
SEND_TIMEOUT_SECONDS = 60.0


class EventStream(EventSourceResponse):
    """A stream of events that ends with its iterator, the client, or the server.

    on_close runs once whichever it was, also when the stream never began.
    """

    def __init__(
        self, events: AsyncIterator[ServerSentEvent], on_close: Callable[[], None]
    ) -> None:
        super().__init__(events, ping=PING_SECONDS, send_timeout=SEND_TIMEOUT_SECONDS, sep="\n")
        self._on_close = on_close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._on_close()


def event(name: str, data: BaseModel) -> ServerSentEvent:
    """Return one event with its data as a line of JSON."""
    return ServerSentEvent(data.model_dump_json(), event=name, sep="\n")


def unnamed_event(data: BaseModel) -> ServerSentEvent:
    """Return one event of the default kind with its data as a line of JSON."""
    return ServerSentEvent(data.model_dump_json(), sep="\n")
