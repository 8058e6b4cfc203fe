from typing import Any

import httpx
import pytest

from generation.rules.rule_file import default_rule_set
from ingestion.store.catalog import Catalog
from tests.app.service_fakes import assert_problem

OWN: dict[str, Any] = {
    "version": "mine",
    "rules": [
        {
            "id": "own",
            "kind": "wording",
            "reason": {"zh": "不要这样说", "en": "do not say so"},
            "phrases": ["竞品甲"],
        }
    ],
}


async def test_rules_of_a_collection_without_own_are_the_services(
    client: httpx.AsyncClient,
) -> None:
    body = (await client.get("/collections/hr/rules")).json()
    assert (body["collection"], body["version"]) == ("hr", 0)
    assert len(body["rules"]["rules"]) == len(default_rule_set().rules)


async def test_rules_put_are_in_force_for_their_collection_only(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    response = await client.put("/collections/hr/rules", json=OWN, headers={"X-Author": "li"})
    assert response.status_code == 200
    assert response.json() == {"collection": "hr", "version": 1, "rules": OWN}
    assert (await client.put("/collections/hr/rules", json=OWN)).json()["version"] == 2
    assert (await client.get("/collections/hr/rules")).json()["rules"] == OWN
    assert (await client.get("/collections/other/rules")).json()["version"] == 0
    assert catalog.rule_sets.version("hr") == 2


async def test_wrong_rules_put_are_named_one_by_one_and_change_nothing(
    client: httpx.AsyncClient,
) -> None:
    wrong = {"version": "1", "rules": [*OWN["rules"], *OWN["rules"], {"id": "x", "kind": "y"}]}
    problem = assert_problem(
        await client.put("/collections/hr/rules", json=wrong), 422, "invalid_request"
    )
    assert "rule 2 (own)" in problem["detail"]
    assert "rule 3 (x)" in problem["detail"]
    assert (await client.get("/collections/hr/rules")).json()["version"] == 0


@pytest.mark.parametrize("name", ["a b", "x" * 65])
async def test_rules_of_a_wrong_name_are_refused(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/collections/{name}/rules")).status_code == 422
    assert (await client.put(f"/collections/{name}/rules", json=OWN)).status_code == 422
