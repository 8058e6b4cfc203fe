from typing import Any

import httpx
import pytest

from ingestion.errors import CatalogUnavailable
from ingestion.store.catalog import Catalog
from retrieval.records import SearchRequest, SearchResult
from tests.app.service_fakes import FakeModels, assert_problem
from tests.ingestion.catalog_samples import add, ingested_document


async def test_search_returns_hits_with_every_score(
    client: httpx.AsyncClient, models: FakeModels
) -> None:
    response = await client.post("/search", json={"query": "试用期"})
    assert response.status_code == 200
    assert response.json() == {
        "hits": [
            {
                "chunk_id": "c1",
                "document_id": "d1",
                "revision": "r1",
                "title": "劳动合同法",
                "heading_path": ["第二章"],
                "page": 3,
                "start": 10,
                "end": 14,
                "text": "试用期限",
                "score": 0.9,
                "scores": {"dense": 0.8, "bm25": 12.5},
            }
        ],
        "timings_ms": {"total": 2.0},
        "documents": 1,
    }
    assert models.searched == [SearchRequest("试用期", "default", 8, None)]


async def test_search_filters_and_bounds_reach_the_search(
    client: httpx.AsyncClient, models: FakeModels
) -> None:
    body = {"query": "q", "collection": "法", "top_k": 100, "filters": {"document_ids": ["a", "b"]}}
    assert (await client.post("/search", json=body)).status_code == 200
    assert models.searched == [SearchRequest("q", "法", 100, frozenset({"a", "b"}))]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"query": ""}, "query"),
        ({"query": "q", "top_k": 101}, "top_k"),
        ({"query": "q", "top_k": -1}, "top_k"),
        ({"query": "q", "filters": {"document_ids": []}}, "document_ids"),
        ({"query": "q", "filters": {"pages": [1]}}, "pages"),
        ({"query": "q", "filters": {"metadata": {}}}, "metadata"),
        ({"query": "q", "filters": {"metadata": {"year": 2023}}}, "metadata"),
        ({"query": "q", "filters": {"language": []}}, "language"),
        ({"query": "q\0"}, "query"),
    ],
)
async def test_search_invalid_body_is_422_naming_the_member(
    client: httpx.AsyncClient, body: dict[str, Any], where: str
) -> None:
    problem = assert_problem(await client.post("/search", json=body), 422, "invalid_request")
    assert where in problem["errors"][0]["loc"]


async def test_search_with_the_catalog_away_is_503(
    client: httpx.AsyncClient, models: FakeModels
) -> None:
    def find(request: SearchRequest) -> SearchResult:
        raise CatalogUnavailable("locked")

    models.find = find
    response = await client.post("/search", json={"query": "q"})
    assert_problem(response, 503, "catalog_unavailable")
    assert int(response.headers["retry-after"]) > 0


async def test_search_body_over_the_limit_is_413(client: httpx.AsyncClient) -> None:
    response = await client.post("/search", json={"query": "q" * (2 * 2**20)})
    assert_problem(response, 413, "request_too_large")


async def test_search_filters_by_what_documents_are(
    client: httpx.AsyncClient, catalog: Catalog, models: FakeModels
) -> None:
    first = add(catalog, name="a.txt", content=b"a", metadata={"year": "2023", "kind": "law"})
    second = add(catalog, name="b.txt", content=b"b", metadata={"year": "2024", "kind": "law"})
    add(catalog, name="c.txt", content=b"c", metadata={"kind": "note"})
    language = ingested_document().document.language
    for filters, expected in (
        ({"metadata": {"year": "2023"}}, {first}),
        ({"metadata": {"year": ["2023", "2024"], "kind": "law"}}, {first, second}),
        ({"metadata": {"year": "2023"}, "document_ids": [second]}, set()),
        ({"metadata": {"kind": "law"}, "language": language}, {first, second}),
        ({"language": "xx"}, set()),
        ({"media_type": ["application/pdf"], "metadata": {"kind": "law"}}, set()),
        ({"metadata": {"year' OR 1=1 --": "2023"}}, set()),
    ):
        body = {"query": "q", "collection": "hr", "filters": filters}
        response = await client.post("/search", json=body)
        assert response.status_code == 200, response.text
        assert models.searched[-1].document_ids == frozenset(expected)


async def test_search_filters_never_reach_another_collection(
    client: httpx.AsyncClient, catalog: Catalog, models: FakeModels
) -> None:
    add(catalog, name="a.txt", content=b"a", metadata={"year": "2023"})
    body = {"query": "q", "collection": "other", "filters": {"metadata": {"year": "2023"}}}
    assert (await client.post("/search", json=body)).status_code == 200
    assert models.searched[-1].document_ids == frozenset()


@pytest.mark.parametrize("path", ["/search", "/explain"])
async def test_search_of_a_follow_up_names_what_it_is_about(
    client: httpx.AsyncClient, models: FakeModels, path: str
) -> None:
    history = [
        {"role": "user", "content": "试用期有规定吗？"},
        {"role": "assistant", "content": "有。"},
    ]
    body: dict[str, Any] = {"query": "它最长多久？", "history": history}
    if path == "/explain":
        body["expected_chunk_id"] = "c1"
    assert (await client.post(path, json=body)).status_code == 200
    assert models.searched == [SearchRequest("试用期有规定吗？ 它最长多久？", "default", 8, None)]
