import asyncio
import threading

import httpx
import pytest

from app.routes import health
from tests.app.service_fakes import FakeModels, assert_problem


async def test_healthz_answers_get_and_head(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    assert (await client.head("/healthz")).status_code == 200


async def test_readyz_ready_tells_what_works(client: httpx.AsyncClient, models: FakeModels) -> None:
    models.indexed = 7
    response = await client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "models": True,
        "catalog": True,
        "generator": "ok",
        "indexed_sequence": 7,
        "detail": "",
    }
    assert (await client.head("/readyz")).status_code == 200


async def test_readyz_without_a_generator_is_ready_all_the_same(
    client: httpx.AsyncClient, models: FakeModels
) -> None:
    models.generator = "down"
    response = await client.get("/readyz")
    assert (response.status_code, response.json()["generator"]) == (200, "down")


async def test_readyz_not_ready_is_503_naming_what_is_missing(
    client: httpx.AsyncClient, models: FakeModels
) -> None:
    models.models_ready = False
    response = await client.get("/readyz")
    problem = assert_problem(response, 503, "not_ready")
    assert problem["detail"] == "Not ready yet: models. The encoder is being loaded."
    assert int(response.headers["retry-after"]) > 0
    models.catalog_ready = False
    assert "models, catalog" in (await client.get("/readyz")).json()["detail"]


async def test_readyz_check_that_hangs_is_503_and_healthz_answers(
    client: httpx.AsyncClient, models: FakeModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "READY_SECONDS", 0.05)
    models.hold_readiness = threading.Event()
    try:
        async with asyncio.timeout(2):
            assert_problem(await client.get("/readyz"), 503, "not_ready")
            assert (await client.get("/healthz")).status_code == 200
    finally:
        models.hold_readiness.set()
    monkeypatch.undo()
    assert (await client.get("/readyz")).status_code == 200
