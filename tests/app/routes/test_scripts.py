import csv
import io

import httpx
import pytest

from tests.app.service_fakes import assert_problem

BODY = {
    "script_id": "pay",
    "language": "zh",
    "stage": "inquiry",
    "text": "付款可以用银行卡或者微信。",
    "variants": ["微信和银行卡都可以付款。"],
    "tags": ["付款"],
    "state": "approved",
}


async def create(client: httpx.AsyncClient, **more: object) -> dict[str, object]:
    response = await client.post("/scripts", json=BODY | more)
    assert response.status_code == 201, response.text
    made: dict[str, object] = response.json()
    return made


async def import_file(
    client: httpx.AsyncClient, content: str | bytes, name: str, **query: str
) -> httpx.Response:
    raw = content.encode() if isinstance(content, str) else content
    return await client.post("/scripts/import", files={"file": (name, raw)}, params=query)


async def test_script_created_edited_read_and_deleted(client: httpx.AsyncClient) -> None:
    made = await create(client)
    assert (made["script_id"], made["version"], made["collection"]) == ("pay", 1, "")
    edit = await client.put("/scripts/pay", json=BODY | {"text": "甲", "version": 1})
    assert (edit.status_code, edit.json()["version"]) == (200, 2)
    versions = (await client.get("/scripts/pay/versions")).json()["versions"]
    assert [(one["version"], one["text"]) for one in versions] == [(2, "甲"), (1, BODY["text"])]
    assert (await client.get("/scripts/pay")).json()["text"] == "甲"
    assert (await client.delete("/scripts/pay")).status_code == 204
    for call in (client.get("/scripts/pay"), client.delete("/scripts/pay")):
        assert_problem(await call, 404, "script_not_found")
    assert_problem(await client.put("/scripts/pay", json=BODY), 404, "script_not_found")
    assert_problem(await client.get("/scripts/pay/versions"), 404, "script_not_found")


async def test_script_conflicts_are_told(client: httpx.AsyncClient) -> None:
    await create(client)
    assert_problem(await client.post("/scripts", json=BODY), 409, "script_exists")
    await client.put("/scripts/pay", json=BODY | {"text": "甲"})
    stale = await client.put("/scripts/pay", json=BODY | {"text": "乙", "version": 1})
    assert_problem(stale, 409, "script_changed")
    other = await client.put("/scripts/pay", json=BODY | {"script_id": "x"})
    assert_problem(other, 422, "invalid_request")


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": "  "},
        {"text": "a" * 2001},
        {"text": "a\0b"},
        {"language": "fr"},
        {"stage": "a b"},
        {"state": "live"},
        {"script_id": "../x"},
        {"tags": ["a;b"]},
        {"valid_from": "2030-02-01T00:00:00Z", "valid_to": "2030-01-01"},
        {"colour": "red"},
    ],
)
async def test_script_that_is_wrong_is_refused(
    client: httpx.AsyncClient, wrong: dict[str, object]
) -> None:
    assert_problem(await client.post("/scripts", json=BODY | wrong), 422, "invalid_request")
    assert (await client.get("/scripts")).json()["total"] == 0


async def test_scripts_are_listed_by_filters(client: httpx.AsyncClient) -> None:
    await create(client)
    await create(client, script_id="b", collection="shop", tags=["x"], text="乙")
    listed = (await client.get("/scripts", params={"tag": "付款"})).json()
    assert [one["script_id"] for one in listed["scripts"]] == ["pay"]
    assert (await client.get("/scripts", params={"text": "微信和"})).json()["total"] == 2
    assert (await client.get("/scripts", params={"collection": "bank"})).json()["total"] == 1
    page = (await client.get("/scripts", params={"limit": 1, "offset": 1})).json()
    assert (len(page["scripts"]), page["total"]) == (1, 2)
    assert_problem(await client.get("/scripts?state=live"), 422, "invalid_request")


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
async def test_scripts_exported_are_imported_unchanged(
    client: httpx.AsyncClient, kind: str
) -> None:
    await create(client, text="=1+1", variants=["-2", "@x"], author="'=甲", collection="shop")
    await create(client, script_id="b", valid_to="2031-01-01T00:00:00Z")
    before = (await client.get("/scripts")).json()
    exported = await client.get("/scripts/export", params={"format": kind})
    assert f"scripts.{kind}" in exported.headers["content-disposition"]
    again = await import_file(client, exported.content, f"s.{kind}")
    assert again.json() == {
        "rows": 2,
        "stored": 0,
        "unchanged": 2,
        "errors": [],
        "dry_run": False,
    }
    for name in ("pay", "b"):
        await client.delete(f"/scripts/{name}")
    assert (await import_file(client, exported.content, f"s.{kind}")).json()["stored"] == 2
    after = (await client.get("/scripts")).json()
    for one in (*before["scripts"], *after["scripts"]):
        one.pop("created_at"), one.pop("updated_at")
    assert after == before


async def test_export_csv_holds_no_cell_that_a_spreadsheet_would_run(
    client: httpx.AsyncClient,
) -> None:
    await create(client, text="=HYPERLINK(1)", variants=["+1"], tags=["-x"], author="@y")
    exported = (await client.get("/scripts/export")).content.decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(exported)) for cell in row]
    assert "'=HYPERLINK(1)" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


async def test_import_names_what_is_wrong_row_by_row_and_stores_nothing(
    client: httpx.AsyncClient,
) -> None:
    table = "text,language,stage,state\n好,zh,opening,approved\n坏,fr,opening,\n,zh,opening,\n好,zh,opening,\n"
    problem = assert_problem(await import_file(client, table, "s.csv"), 422, "invalid_request")
    assert [tuple(one["loc"][2:]) for one in problem["errors"]] == [
        (2, "language"),
        (3, "text"),
        (4, "script_id"),
    ]
    assert (await client.get("/scripts")).json()["total"] == 0
    dry = (await import_file(client, table, "s.csv", partial="true", dry_run="true")).json()
    assert (dry["stored"], len(dry["errors"]), dry["dry_run"]) == (1, 3, True)
    assert (await client.get("/scripts")).json()["total"] == 0
    done = (await import_file(client, table, "s.csv", partial="true")).json()
    assert (done["stored"], done["rows"]) == (1, 4)
    assert (await client.get("/scripts")).json()["scripts"][0]["text"] == "好"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "s.csv"),
        (b"a,b\n1,2\n", "s.csv"),
        (b"text,text,language,stage\n", "s.csv"),
        (b"\xff\xff\xff", "s.csv"),
        (b"PK\x03\x04junk", "s.xlsx"),
        (b"not a workbook", "s.xlsx"),
        (b"{", "s.json"),
        (b"[" * 100_000, "s.json"),
        (b'{"text": 1}', "s.json"),
        (b"[1]", "s.json"),
        (b"text", "s.txt"),
    ],
)
async def test_import_file_that_is_none_is_a_problem(
    client: httpx.AsyncClient, content: bytes, name: str
) -> None:
    response = await import_file(client, content, name)
    assert response.status_code == 422, response.text
    assert response.json()["code"] in {"invalid_request", "empty_file"}


async def test_starter_scripts_come_with_one_call(client: httpx.AsyncClient) -> None:
    first = (await client.post("/scripts/import-starter")).json()
    assert first["stored"] == first["rows"] >= 80
    assert (await client.post("/scripts/import-starter")).json()["stored"] == 0
    for language in ("zh", "en"):
        for stage in ("opening", "inquiry", "objection", "closing", "fallback", "handover"):
            query = {"language": language, "stage": stage, "state": "approved"}
            assert (await client.get("/scripts", params=query)).json()["total"] >= 2


async def test_match_shows_nearest_scripts_and_the_verdict(client: httpx.AsyncClient) -> None:
    await create(client)
    policy = {"mode": "strict", "threshold": 0.3}
    put = await client.put("/collections/shop/policy", json=policy)
    assert (put.status_code, put.json()["version"]) == (200, 1)
    asked = {"text": "付款可以用银行卡或微信！", "collection": "shop"}
    told = (await client.post("/scripts/match", json=asked)).json()
    assert told["matches"][0]["script_id"] == "pay"
    assert told["verdict"]["allowed"] is True
    assert told["verdict"]["text"] == BODY["text"]
    assert told["verdict"]["basis"]["policy"] == "strict"
    other = await client.post("/scripts/match", json=asked | {"text": "恒星有上千亿颗。"})
    assert other.json()["verdict"]["allowed"] is False


async def test_policy_keeps_who_put_it_in_force(client: httpx.AsyncClient) -> None:
    default = (await client.get("/collections/shop/policy")).json()
    assert (default["author"], default["created_at"]) == ("", None)
    for author in ("li", "wang"):
        body = {"mode": "strict", "author": author}
        put = await client.put("/collections/shop/policy", json=body)
        assert put.json()["author"] == author
    await client.put("/collections/shop/policy", json={"mode": "guard"})
    versions = (await client.get("/collections/shop/policy/versions")).json()["versions"]
    assert [one["author"] for one in versions] == ["", "wang", "li"]
    assert all(one["created_at"] for one in versions)
    for wrong in ("x" * 129, "a\x00b", 7, None):
        body = {"mode": "strict", "author": wrong}
        response = await client.put("/collections/shop/policy", json=body)
        assert_problem(response, 422, "invalid_request")


async def test_policy_is_stored_by_version_and_checked(client: httpx.AsyncClient) -> None:
    default = (await client.get("/collections/shop/policy")).json()
    assert (default["mode"], default["version"]) == ("guard", 0)
    for mode in ("strict", "hybrid"):
        await client.put("/collections/shop/policy", json={"mode": mode})
    assert (await client.get("/collections/shop/policy")).json()["mode"] == "hybrid"
    versions = (await client.get("/collections/shop/policy/versions")).json()["versions"]
    assert [(one["version"], one["mode"]) for one in versions] == [(2, "hybrid"), (1, "strict")]
    for wrong in (
        {"mode": "loose"},
        {"threshold": 2},
        {"thresholds": {"a b": 0.5}},
        {"first_stage": "nowhere"},
        {"moves": {"opening": {"inquiry": "nowhere"}}},
    ):
        response = await client.put("/collections/shop/policy", json=wrong)
        assert_problem(response, 422, "invalid_request")
    assert_problem(await client.get("/collections/a%20b/policy"), 422, "invalid_request")
