import asyncio
import json
import signal
import socket

import pytest
import uvicorn
from fastapi import FastAPI
from sse_starlette.sse import AppStatus

from app import main
from ingestion.store.catalog import Catalog
from tests.app.service_fakes import FakeModels, SlowAnswer, until
from tests.ingestion.catalog_samples import add


async def test_lifespan_follows_the_catalog_and_closes_the_service(
    app: FastAPI, models: FakeModels, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "FOLLOW_SECONDS", 0.01)
    async with app.router.lifespan_context(app):
        add(catalog)
        await until(lambda: models.indexed == catalog.last_sequence() > 0)
        assert not models.closed
    assert models.closed
    steps = models.refreshed
    await asyncio.sleep(0.05)
    assert models.refreshed == steps


async def test_lifespan_keeps_following_after_a_step_that_failed(
    app: FastAPI,
    models: FakeModels,
    catalog: Catalog,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(main, "FOLLOW_SECONDS", 0.01)
    models.refresh_errors = [RuntimeError("disk")]
    add(catalog)
    async with app.router.lifespan_context(app):
        await until(lambda: models.indexed == catalog.last_sequence())
    assert "Following the catalog failed" in caplog.text


async def test_lifespan_tells_once_of_a_step_that_fails_again_and_again(
    app: FastAPI,
    models: FakeModels,
    catalog: Catalog,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(main, "FOLLOW_SECONDS", 0.01)
    models.refresh_errors = [RuntimeError("other"), *[RuntimeError("disk") for _ in range(5)]]
    add(catalog)
    async with app.router.lifespan_context(app):
        await until(lambda: models.indexed == catalog.last_sequence())
    assert caplog.text.count("Following the catalog failed") == 2


def connect(server: uvicorn.Server, request: str, body: bytes = b"") -> socket.socket:
    port = server.servers[0].sockets[0].getsockname()[1]
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    head = f"{request} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return connection


def read_until(connection: socket.socket, mark: bytes) -> bytes:
    received = b""
    while mark not in received:
        piece = connection.recv(4096)
        assert piece, received
        received += piece
    return received


def test_server_client_that_hangs_up_stops_the_answer(
    models: FakeModels, server: uvicorn.Server
) -> None:
    slow = SlowAnswer()
    models.say = slow
    body = json.dumps({"question": "?", "stream": True}).encode()
    with connect(server, "POST /ask", body) as connection:
        slow.permit.release()
        assert b"HTTP/1.1 200" in read_until(connection, b"event: sentence")
    for _ in range(100):
        slow.permit.release()
        if slow.closed.wait(0.1):
            break
    assert slow.closed.is_set()


def test_server_that_stops_ends_the_streams_of_unfinished_jobs(
    catalog: Catalog, server: uvicorn.Server
) -> None:
    job_id = catalog.submit("hr", "a.txt", b"a", {}).job_id
    with connect(server, f"GET /jobs/{job_id}/events") as connection:
        read_until(connection, b'"state":"queued"')
        try:
            server.handle_exit(signal.SIGTERM, None)
            while connection.recv(4096):
                pass
        finally:
            AppStatus.should_exit = False
