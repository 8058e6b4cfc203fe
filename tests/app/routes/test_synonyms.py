from typing import Any

import httpx
import pytest

from ingestion.store.catalog import Catalog
from tests.app.service_fakes import assert_problem

GROUPS = [["五险一金", "社保"], ["HR", "human resources"]]
URL = "/collections/hr/synonyms"


async def test_synonyms_put_are_those_of_their_collection_only(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    assert (await client.get(URL)).json() == {"collection": "hr", "groups": []}
    response = await client.put(URL, json={"groups": GROUPS})
    assert response.status_code == 200
    assert response.json() == {"collection": "hr", "groups": GROUPS}
    assert (await client.get(URL)).json()["groups"] == GROUPS
    assert (await client.get("/collections/law/synonyms")).json()["groups"] == []
    assert catalog.synonyms.of("hr") == tuple(map(tuple, GROUPS))


async def test_synonyms_put_empty_are_gone(client: httpx.AsyncClient) -> None:
    await client.put(URL, json={"groups": GROUPS})
    assert (await client.put(URL, json={"groups": []})).status_code == 200
    assert (await client.get(URL)).json()["groups"] == []


@pytest.mark.parametrize(
    "groups",
    [
        [["社保"]],
        [[]],
        [["社保", ""]],
        [["社保", "   "]],
        [["社保", "？！"]],
        [["社保", "x" * 65]],
        [["社保", "a\0b"]],
        [["社保", 5]],
        [[str(number) for number in range(9)]],
        [["社保", "社 保", "社保"]],
        [["社保", "五险一金"], ["社会保险", "社保"]],
        [["HR", "ｈｒ"]],
        [["社会保险", "社會保險"]],
        [[f"a{number}", f"b{number}"] for number in range(501)],
        "社保",
        None,
    ],
)
async def test_wrong_synonyms_are_refused_and_change_nothing(
    client: httpx.AsyncClient, groups: Any
) -> None:
    await client.put(URL, json={"groups": GROUPS})
    assert_problem(await client.put(URL, json={"groups": groups}), 422, "invalid_request")
    assert (await client.get(URL)).json()["groups"] == GROUPS


@pytest.mark.parametrize("body", [{}, {"groups": [], "more": 1}, []])
async def test_synonyms_of_another_form_are_refused(client: httpx.AsyncClient, body: Any) -> None:
    assert (await client.put(URL, json=body)).status_code == 422


@pytest.mark.parametrize("name", ["a b", "x" * 65])
async def test_synonyms_of_a_wrong_name_are_refused(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/collections/{name}/synonyms")).status_code == 422
    put = await client.put(f"/collections/{name}/synonyms", json={"groups": GROUPS})
    assert put.status_code == 422
