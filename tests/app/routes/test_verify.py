from typing import Any

import httpx
import pytest

from ingestion.store.catalog import Catalog
from tests.app.service_fakes import assert_problem
from tests.ingestion.catalog_samples import PARAGRAPHS, add, ingested_document

QUOTE = "试用期不得超过一个月"
START = PARAGRAPHS[0].index(QUOTE)


@pytest.fixture
def citation(catalog: Catalog) -> dict[str, Any]:
    document_id = add(catalog)
    document = catalog.document(document_id)
    assert document is not None
    return {
        "sentence": 0,
        "document_id": document_id,
        "revision": document.revision,
        "title": document.title,
        "page": 1,
        "start": START,
        "end": START + len(QUOTE),
        "quote": QUOTE,
    }


async def verdict(client: httpx.AsyncClient, citation: dict[str, Any]) -> dict[str, Any]:
    response = await client.post("/verify", json={"citations": [citation]})
    assert response.status_code == 200, response.text
    (result,) = response.json()["results"]
    return dict(result)


async def test_verify_true_citation_is_proven(
    client: httpx.AsyncClient, citation: dict[str, Any]
) -> None:
    assert await verdict(client, citation) == {"verified": True, "reason": "quote_matches"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"quote": "试用期不得超过二个月"}, "quote_differs"),
        ({"start": START + 1, "end": START + 1 + len(QUOTE)}, "quote_differs"),
        ({"end": 10**6}, "span_out_of_range"),
        ({"end": 10**40}, "span_out_of_range"),
        ({"start": -5}, "span_out_of_range"),
        ({"start": 3, "end": 3, "quote": ""}, "span_out_of_range"),
        ({"start": 5, "end": 3, "quote": ""}, "span_out_of_range"),
        ({"revision": "0" * 16}, "revision_unknown"),
        ({"document_id": "0" * 32}, "document_unknown"),
    ],
)
async def test_verify_false_citation_is_refused_with_the_reason(
    client: httpx.AsyncClient, citation: dict[str, Any], change: dict[str, Any], reason: str
) -> None:
    found = await verdict(client, citation | change)
    assert found == {"verified": False, "reason": reason}


async def test_verify_quote_after_emoji_counts_code_points(
    client: httpx.AsyncClient, citation: dict[str, Any]
) -> None:
    text = "\n".join(PARAGRAPHS)
    start = text.index("count too")
    change = {"start": start, "end": start + 9, "quote": "count too"}
    assert (await verdict(client, citation | change))["verified"]


async def test_verify_citation_of_a_replaced_revision_is_unknown(
    client: httpx.AsyncClient, catalog: Catalog, citation: dict[str, Any]
) -> None:
    add(catalog, content=b"two", ingested=ingested_document("新的文字。"))
    assert (await verdict(client, citation))["reason"] == "revision_unknown"


async def test_verify_many_answers_in_order(
    client: httpx.AsyncClient, citation: dict[str, Any]
) -> None:
    wrong = citation | {"quote": "x"}
    unknown = citation | {"document_id": "none"}
    body = {"citations": [citation, unknown, wrong, citation]}
    results = (await client.post("/verify", json=body)).json()["results"]
    assert [result["verified"] for result in results] == [True, False, False, True]


async def test_verify_none_is_empty_and_too_many_is_422(
    client: httpx.AsyncClient, citation: dict[str, Any]
) -> None:
    assert (await client.post("/verify", json={"citations": []})).json() == {"results": []}
    response = await client.post("/verify", json={"citations": [citation] * 501})
    assert_problem(response, 422, "invalid_request")


@pytest.mark.parametrize("change", [{"start": "a"}, {"quote": "\0"}, {"revision": None}])
async def test_verify_invalid_citation_is_422(
    client: httpx.AsyncClient, citation: dict[str, Any], change: dict[str, Any]
) -> None:
    response = await client.post("/verify", json={"citations": [citation | change]})
    assert_problem(response, 422, "invalid_request")
