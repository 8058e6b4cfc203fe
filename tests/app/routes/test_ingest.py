import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app import job_watch
from app.main import create_app
from app.settings import Settings
from app.submission import ARCHIVE_FACTOR
from app.uploads import REQUEST_FACTOR
from ingestion.store.catalog import Catalog
from ingestion.store.quotas import Quota
from ingestion.store.uploads import document_id_of, revision_of
from tests.app.conftest import MAX_UPLOAD
from tests.app.service_fakes import (
    FakeModels,
    assert_problem,
    client_of,
    make_service,
    work_once,
)
from tests.ingestion.zip_samples import raw_zip, zipped

Files = list[tuple[str, tuple[str, bytes]]]


def one(name: str = "合同.txt", content: bytes = "试用期一个月。".encode()) -> Files:
    return [("file", (name, content))]


async def send(
    client: httpx.AsyncClient, files: Files, fields: dict[str, str] | None = None, query: str = ""
) -> httpx.Response:
    return await client.post(f"/ingest{query}", files=files, data=fields or {})


def raw_form(*parts: bytes, end: bytes = b"--B--\r\n") -> bytes:
    return b"".join(b"--B\r\n" + part + b"\r\n" for part in parts) + end


def file_part(disposition: bytes, content: bytes = b"x") -> bytes:
    return b"Content-Disposition: form-data; " + disposition + b"\r\n\r\n" + content


async def send_raw(client: httpx.AsyncClient, body: bytes) -> httpx.Response:
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    return await client.post("/ingest", content=body, headers=headers)


async def test_ingest_one_file_queues_a_job_with_its_content(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    content = "试用期一个月。".encode()
    fields = {"collection": "法规", "metadata": '{"作者": "李"}'}
    response = await send(client, one(content=content), fields)
    assert response.status_code == 202
    (entry,) = response.json()["documents"]
    assert entry["name"] == "合同.txt"
    assert entry["document_id"] == document_id_of("法规", "合同.txt")
    assert entry["revision"] == revision_of(content)
    assert entry["status"] == "queued"
    assert catalog.job_source(entry["job_id"]) == content


async def test_ingest_metadata_reaches_the_document(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    entry = (await send(client, one(), {"metadata": '{"作者": "李"}'})).json()["documents"][0]
    await work_once(catalog)
    document = catalog.document(entry["document_id"])
    assert document is not None
    assert document.collection == "default"
    assert document.metadata == {"作者": "李"}


async def test_ingest_same_bytes_again_says_duplicate(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    first = (await send(client, one())).json()["documents"][0]
    await work_once(catalog)
    again = (await send(client, one("副本.txt"))).json()["documents"][0]
    assert again["status"] == "duplicate"
    assert again["duplicate_of"] == first["document_id"]


async def test_ingest_large_file_arrives_whole_at_the_limit(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    content = b"%PDF-1.7\n" + bytes(range(256)) * 390 + b"\r\n--B\r\n" * 20
    content = content[:MAX_UPLOAD].ljust(MAX_UPLOAD, b"z")
    entry = (await send(client, one(content=content))).json()["documents"][0]
    assert catalog.job_source(entry["job_id"]) == content


async def test_ingest_file_over_the_limit_is_413_and_stores_nothing(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    response = await send(client, one(content=b"a" * (MAX_UPLOAD + 1)))
    problem = assert_problem(response, 413, "too_large")
    assert str(MAX_UPLOAD) in problem["detail"]
    assert catalog.jobs()[1] == 0


@pytest.mark.parametrize("declare", [True, False])
async def test_ingest_request_over_all_limits_is_cut_off_with_413(
    client: httpx.AsyncClient, declare: bool
) -> None:
    taken = 0

    async def endless() -> Any:
        nonlocal taken
        yield b"--B\r\n" + file_part(b'name="file"; filename="a.txt"', b"")
        while True:
            taken += 65536
            yield b"a" * 65536

    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    if declare:
        headers["Content-Length"] = str(10**12)
    response = await client.post("/ingest", content=endless(), headers=headers)
    assert_problem(response, 413, "request_too_large")
    assert taken <= MAX_UPLOAD * REQUEST_FACTOR + 2 * 2**20


async def test_ingest_empty_file_is_422(client: httpx.AsyncClient, catalog: Catalog) -> None:
    assert_problem(await send(client, one(content=b"")), 422, "empty_file")
    assert catalog.jobs()[1] == 0


async def test_ingest_several_with_bad_ones_takes_the_good_ones(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    files: Files = [
        ("file", ("一.txt", b"one")),
        ("file", ("空.txt", b"")),
        ("file", ("大.txt", b"a" * (MAX_UPLOAD + 1))),
        ("file", ("一.txt", b"other bytes of the same name")),
        ("file", ("二.txt", b"two")),
    ]
    response = await send(client, files)
    assert response.status_code == 202
    entries = response.json()["documents"]
    assert [entry["name"] for entry in entries] == [
        "一.txt",
        "空.txt",
        "大.txt",
        "一.txt",
        "二.txt",
    ]
    assert [entry["status"] for entry in entries] == [
        "queued",
        "rejected",
        "rejected",
        "rejected",
        "queued",
    ]
    codes = [entry["code"] for entry in entries]
    assert codes == [None, "empty_file", "too_large", "repeated_file_name", None]
    assert [catalog.job_source(entries[position]["job_id"]) for position in (0, 4)] == [
        b"one",
        b"two",
    ]


async def test_ingest_several_all_bad_is_422_naming_each(client: httpx.AsyncClient) -> None:
    files: Files = [("file", ("一.txt", b"")), ("file", ("二.txt", b""))]
    problem = assert_problem(await send(client, files), 422, "all_files_rejected")
    assert [error["loc"][-1] for error in problem["errors"]] == ["一.txt", "二.txt"]
    assert [error["code"] for error in problem["errors"]] == ["empty_file", "empty_file"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\li\\报告.pdf", "报告.pdf"),
        ("/etc/shadow", "shadow"),
        ("报告（终稿）🙂.docx", "报告（终稿）🙂.docx"),
        ("cafe\u0301.txt", "caf\u00e9.txt"),
        ('a"b.txt', 'a"b.txt'),
        ("<script>alert(1)</script>.txt", "script>.txt"),
        ("a;b=c'.txt", "a;b=c'.txt"),
    ],
)
async def test_ingest_hostile_or_foreign_name_keeps_only_its_last_part(
    client: httpx.AsyncClient, sent: str, kept: str
) -> None:
    response = await send(client, one(sent))
    assert response.json()["documents"][0]["name"] == kept


@pytest.mark.parametrize(
    "name",
    [
        b"a\x00b.txt",
        b"a\x07b.txt",
        b"..",
        b"a/",
        b"\xff\xff\xff",
        b"n" * 256,
        b"\xe2\x80\xaefdp.exe",
    ],
)
async def test_ingest_impossible_name_is_422(
    client: httpx.AsyncClient, catalog: Catalog, name: bytes
) -> None:
    body = raw_form(file_part(b'name="file"; filename="' + name + b'"'))
    response = await send_raw(client, body)
    assert response.status_code in {400, 422}
    assert response.json()["code"] in {"invalid_file_name", "malformed_form"}
    assert catalog.jobs()[1] == 0


async def test_ingest_name_in_gb18030_is_read_as_chinese(client: httpx.AsyncClient) -> None:
    body = raw_form(file_part(b'name="file"; filename="' + "合同.txt".encode("gb18030") + b'"'))
    assert (await send_raw(client, body)).json()["documents"][0]["name"] == "合同.txt"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"collection": "a/b"}, "collection"),
        ({"collection": "x" * 65}, "collection"),
        ({"collection": "a\0"}, "collection"),
        ({"collection": ".."}, "collection"),
        ({"metadata": "[]"}, "metadata"),
        ({"metadata": "{"}, "metadata"),
        ({"metadata": '{"a": 1}'}, "metadata"),
        ({"metadata": '{"a": {"b": "c"}}'}, "metadata"),
        ({"metadata": '{"a": "\\u0000"}'}, "metadata"),
        ({"metadata": '{"a": "\\ud800"}'}, "metadata"),
        ({"metadata": "[" * 50_000}, "metadata"),
        ({"colection": "typo"}, "colection"),
        ({"file": "text, not a file"}, "file"),
    ],
)
async def test_ingest_bad_field_is_422_naming_it(
    client: httpx.AsyncClient, catalog: Catalog, fields: dict[str, str], field: str
) -> None:
    problem = assert_problem(await send(client, one(), fields), 422, "invalid_request")
    assert field in problem["errors"][0]["loc"]
    assert catalog.jobs()[1] == 0


async def test_ingest_without_a_file_is_422(client: httpx.AsyncClient) -> None:
    body = raw_form(file_part(b'name="collection"', b"laws"))
    assert_problem(await send_raw(client, body), 422, "invalid_request")
    nothing_chosen = raw_form(file_part(b'name="file"; filename=""', b""))
    assert_problem(await send_raw(client, nothing_chosen), 422, "invalid_request")


async def test_ingest_overlong_field_is_422(client: httpx.AsyncClient) -> None:
    response = await send(client, one(), {"metadata": "x" * 70_000})
    assert_problem(response, 422, "invalid_request")


async def test_ingest_form_that_breaks_off_is_400(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    body = raw_form(file_part(b'name="file"; filename="a.txt"', b"half"), end=b"")
    assert_problem(await send_raw(client, body), 400, "malformed_form")
    assert_problem(await send_raw(client, b"no boundary at all"), 400, "malformed_form")
    assert catalog.jobs()[1] == 0


async def test_ingest_json_body_is_415(client: httpx.AsyncClient) -> None:
    assert_problem(await client.post("/ingest", json={}), 415, "unsupported_content_type")


async def test_ingest_wait_answers_200_once_searches_see_it(
    client: httpx.AsyncClient, catalog: Catalog, models: FakeModels
) -> None:
    worker = asyncio.create_task(work_once(catalog))
    response = await send(client, one(), query="?wait=true")
    await worker
    assert response.status_code == 200
    assert response.json()["documents"][0]["status"] == "done"
    assert models.indexed == catalog.last_sequence() > 0


async def test_ingest_wait_holds_until_the_index_has_followed(
    client: httpx.AsyncClient, catalog: Catalog, models: FakeModels
) -> None:
    models.follows = False
    waiting = asyncio.create_task(send(client, one(), query="?wait=true"))
    await work_once(catalog)
    await asyncio.sleep(3 * job_watch.POLL_SECONDS)
    assert not waiting.done()
    models.follows = True
    assert (await waiting).status_code == 200


async def test_ingest_wait_failed_job_is_422_with_its_reason(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    worker = asyncio.create_task(work_once(catalog, broken=True))
    response = await send(client, one(), query="?wait=true")
    await worker
    problem = assert_problem(response, 422, "broken_document")
    assert "no trailer" in problem["detail"]


async def test_ingest_wait_mixed_outcomes_is_200_telling_each(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    async def worker() -> None:
        await work_once(catalog)
        await work_once(catalog, broken=True)

    working = asyncio.create_task(worker())
    files: Files = [("file", (name, name.encode())) for name in ("一.txt", "二.txt")]
    response = await send(client, [*files, ("file", ("空.txt", b""))], query="?wait=true")
    await working
    assert response.status_code == 200
    entries = response.json()["documents"]
    assert [entry["status"] for entry in entries] == ["done", "failed", "rejected"]
    assert [entry["code"] for entry in entries] == [None, "broken_document", "empty_file"]


async def test_ingest_wait_for_a_known_file_answers_at_once(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    await send(client, one())
    await work_once(catalog)
    response = await send(client, one(), query="?wait=true")
    assert response.status_code == 200
    assert response.json()["documents"][0]["status"] == "duplicate"


async def test_ingest_wait_too_long_answers_202(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_watch, "WAIT_SECONDS", 0.1)
    response = await send(client, one(), query="?wait=true")
    assert response.status_code == 202
    assert response.json()["documents"][0]["status"] == "queued"


async def test_ingest_with_all_upload_places_taken_is_503(
    app: FastAPI, client: httpx.AsyncClient, settings: Settings, catalog: Catalog
) -> None:
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold() -> None:
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result()

    places = settings.parallel_requests + settings.waiting_requests
    holding = [asyncio.create_task(app.state.pools.uploads.run(hold)) for _ in range(places)]
    await asyncio.sleep(0.05)
    response = await send(client, one())
    assert_problem(response, 503, "overloaded")
    assert int(response.headers["retry-after"]) > 0
    assert catalog.jobs()[1] == 0
    gate.set()
    await asyncio.gather(*holding)


async def test_ingest_file_that_no_parser_reads_is_415_and_stores_nothing(
    client: httpx.AsyncClient, catalog: Catalog, tmp_path: Path
) -> None:
    for name, content in (("a.pdf", b"\x7fELF" + bytes(100)), ("a.txt", bytes(range(256)) * 4)):
        problem = assert_problem(await send(client, one(name, content)), 415, "unsupported_media")
        assert "PDF" in problem["detail"] and "DOCX" in problem["detail"]
    assert_problem(await send(client, one("a.txt", b" \n")), 422, "no_text")
    assert catalog.jobs()[1] == 0
    assert list((tmp_path / "sources").iterdir()) == []


async def test_ingest_unsupported_among_others_is_rejected_alone(client: httpx.AsyncClient) -> None:
    response = await send(client, [*one("a.bin", b"\x7fELF" + bytes(100)), *one()])
    assert response.status_code == 202
    entries = response.json()["documents"]
    assert [(entry["status"], entry.get("code")) for entry in entries] == [
        ("rejected", "unsupported_media"),
        ("queued", None),
    ]


async def test_ingest_password_reaches_the_job_and_no_reply(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    response = await send(client, one(), {"password": "opensesame"})
    job_id = response.json()["documents"][0]["job_id"]
    assert catalog.job_password(job_id) == "opensesame"
    replies = [response, await client.get(f"/jobs/{job_id}"), await client.get("/jobs")]
    assert all("opensesame" not in reply.text for reply in replies)
    await client.delete(f"/jobs/{job_id}")
    assert catalog.job_password(job_id) == ""


async def test_ingest_password_that_is_no_password_is_422_without_it(
    client: httpx.AsyncClient,
) -> None:
    problem = assert_problem(
        await send(client, one(), {"password": "secret" * 200}), 422, "invalid_request"
    )
    assert problem["errors"][0]["loc"] == ["body", "password"]
    assert "secret" not in str(problem)


async def test_ingest_archive_is_the_files_in_it(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    archive = zipped(
        {
            "合同/一.txt": b"one",
            "../二.txt": b"two",
            "空.txt": b"",
            "程序.exe": b"MZ" + bytes(range(256)),
            "里.zip": zipped({"a.txt": b"a"}),
            "大.txt": b"x" * (MAX_UPLOAD + 1),
            ".hidden": b"x",
        }
    )
    response = await send(client, [*one("档案.zip", archive), *one("二.txt", b"another two")])
    assert response.status_code == 202
    entries = response.json()["documents"]
    assert [(entry["name"], entry["status"], entry.get("code")) for entry in entries] == [
        ("合同/一.txt", "queued", None),
        ("二.txt", "queued", None),
        ("空.txt", "rejected", "no_text"),
        ("程序.exe", "rejected", "unsupported_media"),
        ("里.zip", "rejected", "unsupported_media"),
        ("大.txt", "rejected", "too_large"),
        ("二.txt", "rejected", "repeated_file_name"),
    ]
    assert "Unpack it" in entries[4]["reason"]
    assert catalog.job_source(entries[0]["job_id"]) == b"one"
    again = (await send(client, one("档案.zip", archive))).json()["documents"]
    assert [entry["status"] for entry in again[:2]] == ["duplicate", "duplicate"]


async def test_ingest_locked_archive_needs_the_password_of_the_request(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    archive = raw_zip(b"a.txt", b"locked text", password=b"secret")
    assert_problem(await send(client, one("a.zip", archive)), 422, "password_required")
    wrong = await send(client, one("a.zip", archive), {"password": "other"})
    assert_problem(wrong, 422, "wrong_password")
    entry = (await send(client, one("a.zip", archive), {"password": "secret"})).json()["documents"][
        0
    ]
    assert catalog.job_source(entry["job_id"]) == b"locked text"


async def test_ingest_archive_that_is_a_bomb_is_413_and_stores_nothing(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    bomb = zipped({f"{number}.txt": b"x" * MAX_UPLOAD for number in range(ARCHIVE_FACTOR + 1)})
    problem = assert_problem(await send(client, one("a.zip", bomb)), 413, "too_large")
    assert "unpacked" in problem["detail"]
    assert catalog.jobs()[1] == 0


async def test_ingest_into_a_full_collection_is_413_with_the_facts(
    settings: Settings, web_folder: Path, tmp_path: Path
) -> None:
    catalog = Catalog(tmp_path / "small.sqlite", quota=Quota(documents=1))
    app = create_app(make_service(FakeModels(catalog), settings), web_folder)
    async with client_of(app) as client:
        entries = (await send(client, [*one("一.txt", b"1"), *one("二.txt", b"2")])).json()
        codes = [entry.get("code") for entry in entries["documents"]]
        assert codes == [None, "quota_exceeded"]
        problem = assert_problem(await send(client, one("三.txt", b"3")), 413, "quota_exceeded")
        assert "holds 1 of at most 1 documents" in problem["detail"]
    catalog.close()
