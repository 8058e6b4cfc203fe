import logging

import httpx
import pytest

from retrieval.records import SearchRequest, SearchResult
from tests.app.service_fakes import FakeModels, assert_problem


async def test_every_response_has_its_own_trace_id(client: httpx.AsyncClient) -> None:
    ids = [(await client.get(path)).headers["x-request-id"] for path in ("/", "/x", "/healthz")]
    assert len(set(ids)) == 3


async def test_acceptable_id_of_the_caller_is_kept(client: httpx.AsyncClient) -> None:
    response = await client.get("/healthz", headers={"X-Request-Id": "caller-1.a_B"})
    assert response.headers["x-request-id"] == "caller-1.a_B"
    for hostile in ("a b", "x" * 65, "<script>", ""):
        response = await client.get("/healthz", headers={"X-Request-Id": hostile})
        assert len(response.headers["x-request-id"]) == 32


async def test_unforeseen_error_tells_only_the_trace_id_and_logs_the_rest(
    client: httpx.AsyncClient, models: FakeModels, caplog: pytest.LogCaptureFixture
) -> None:
    def find(request: SearchRequest) -> SearchResult:
        raise KeyError("secret")

    models.find = find
    with caplog.at_level(logging.ERROR):
        response = await client.post("/search", json={"query": "q"})
    assert_problem(response, 500, "internal_error")
    assert "secret" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-request-id"] in caplog.text
    assert "secret" in caplog.text
