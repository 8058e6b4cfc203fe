from typing import Any

import httpx
import pytest

from retrieval.records import SearchRequest
from tests.app.service_fakes import FakeModels, assert_problem


@pytest.mark.parametrize("expected", [{"expected_chunk_id": "c1"}, {"expected_document_id": "d1"}])
async def test_explain_tells_ranks_and_advice_in_the_questions_language(
    client: httpx.AsyncClient, models: FakeModels, expected: dict[str, str]
) -> None:
    body = {"query": "试用期多久？", "top_k": 5, "collection": "法", **expected}
    response = await client.post("/explain", json=body)
    assert response.status_code == 200
    told = response.json()
    assert (told["chunk_id"], told["document_id"], told["rank"], told["lost_at"]) == (
        "c1",
        "d1",
        1,
        None,
    )
    assert told["advice"].startswith("找到了")
    assert told["stages"][0] == {
        "stage": "fusion",
        "rank": 1,
        "score": 0.9,
        "limit": 16,
        "passed": True,
    }
    assert models.searched == [SearchRequest("试用期多久？", "法", 5, None)]


async def test_explain_of_what_the_collection_lacks_is_404(client: httpx.AsyncClient) -> None:
    response = await client.post("/explain", json={"query": "q", "expected_chunk_id": "c9"})
    assert_problem(response, 404, "not_indexed")


@pytest.mark.parametrize(
    "body",
    [
        {"query": "q"},
        {"query": "q", "expected_chunk_id": "c1", "expected_document_id": "d1"},
        {"query": "", "expected_chunk_id": "c1"},
        {"query": "q", "expected_chunk_id": ""},
        {"query": "q", "expected_chunk_id": "c1", "depth": 3},
    ],
)
async def test_explain_invalid_body_is_422(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert_problem(await client.post("/explain", json=body), 422, "invalid_request")
