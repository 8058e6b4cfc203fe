import asyncio

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from app.body_limit import BodyLimit


def read_through(path: str, *pieces: bytes, declared: str | None = None) -> bytes:
    """Send a body in pieces past the limit of ten bytes; return what the application read."""
    waiting = list(pieces)
    got: list[bytes] = []

    async def application(_scope: Scope, receive: Receive, _send: Send) -> None:
        while True:
            message = await receive()
            got.append(message["body"])
            if not message["more_body"]:
                return

    async def receive() -> Message:
        piece = waiting.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

    async def send(_message: Message) -> None:
        raise AssertionError

    headers = [] if declared is None else [(b"content-length", declared.encode())]
    scope = {"type": "http", "path": path, "headers": headers}
    limited = BodyLimit(application, limit=10, unlimited_paths={"/ingest"})
    asyncio.run(limited(scope, receive, send))
    return b"".join(got)


def test_body_up_to_the_limit_is_read_whole() -> None:
    assert read_through("/ask", b"12345", b"67890", declared="10") == b"1234567890"


@pytest.mark.parametrize("declared", [None, "5", "x"])
def test_body_that_grows_past_the_limit_is_refused_whatever_it_declared(
    declared: str | None,
) -> None:
    with pytest.raises(HTTPException) as refused:
        read_through("/ask", b"12345", b"678901", declared=declared)
    assert refused.value.status_code == 413
    assert "10 bytes" in refused.value.detail


def test_body_declared_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(HTTPException):
        read_through("/ask", b"1", declared="11")


def test_body_of_the_path_for_files_is_left_alone() -> None:
    assert read_through("/ingest", b"1" * 20, declared="20") == b"1" * 20
