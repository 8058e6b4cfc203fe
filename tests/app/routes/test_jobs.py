import asyncio

import httpx
import pytest

from ingestion.store.catalog import Catalog
from tests.app.service_fakes import assert_problem, sent_events, work_once
from tests.ingestion.catalog_samples import LEASE, claim, submit

UNKNOWN = "0" * 32


def queue(catalog: Catalog, name: str = "合同.txt", collection: str = "hr") -> str:
    submission = submit(catalog, name, name.encode(), collection)
    assert submission.job_id is not None
    return submission.job_id


async def test_jobs_list_is_paged_and_filtered(client: httpx.AsyncClient, catalog: Catalog) -> None:
    queue(catalog, "一.txt")
    claim(catalog)
    queue(catalog, "二.txt")
    queue(catalog, "三.txt", "it")
    everything = (await client.get("/jobs")).json()
    assert (everything["total"], everything["offset"], everything["limit"]) == (3, 0, 50)
    assert len(everything["jobs"]) == 3
    one = (await client.get("/jobs", params={"limit": 1, "offset": 1})).json()
    assert one["jobs"] == everything["jobs"][1:2]
    running = (await client.get("/jobs", params={"state": "running"})).json()
    assert [job["name"] for job in running["jobs"]] == ["一.txt"]
    of_it = (await client.get("/jobs", params={"collection": "it"})).json()
    assert [job["name"] for job in of_it["jobs"]] == ["三.txt"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "offset=-1", "state=lost", "collection=a%00", "offset=1e9"]
)
async def test_jobs_list_out_of_bounds_is_422(client: httpx.AsyncClient, query: str) -> None:
    problem = assert_problem(await client.get(f"/jobs?{query}"), 422, "invalid_request")
    assert query.partition("=")[0] in problem["errors"][0]["loc"]


async def test_job_tells_progress(client: httpx.AsyncClient, catalog: Catalog) -> None:
    job_id = queue(catalog)
    claim(catalog)
    catalog.heartbeat(job_id, "w1", "embed", 0.5, 12.0, LEASE)
    job = (await client.get(f"/jobs/{job_id}")).json()
    assert (job["state"], job["stage"], job["progress"]) == ("running", "embed", 0.5)
    assert job["eta_seconds"] == pytest.approx(12, abs=2)


@pytest.mark.parametrize("job_id", [UNKNOWN, "a%00b", "%F0%9F", "x" * 65])
async def test_job_unknown_is_404(client: httpx.AsyncClient, job_id: str) -> None:
    for method, address in (
        ("GET", f"/jobs/{job_id}"),
        ("DELETE", f"/jobs/{job_id}"),
        ("GET", f"/jobs/{job_id}/events"),
    ):
        assert_problem(await client.request(method, address), 404, "job_not_found")


async def test_job_delete_cancels_and_may_be_repeated(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    job_id = queue(catalog)
    for _ in range(2):
        response = await client.delete(f"/jobs/{job_id}")
        assert response.status_code == 200
        assert response.json()["state"] == "cancelled"
    assert catalog.claim("w1", LEASE) is None


async def test_job_delete_after_its_end_is_409(client: httpx.AsyncClient, catalog: Catalog) -> None:
    job_id = queue(catalog)
    await work_once(catalog)
    assert_problem(await client.delete(f"/jobs/{job_id}"), 409, "job_finished")


async def test_job_events_tell_each_change_to_the_end(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    job_id = queue(catalog)
    following = asyncio.create_task(client.get(f"/jobs/{job_id}/events"))
    await asyncio.sleep(0.3)
    claim(catalog)
    catalog.heartbeat(job_id, "w1", "parse", 0.25, None, LEASE)
    await asyncio.sleep(0.5)
    catalog.fail(job_id, "w1", "broken_document", "No trailer.")
    response = await following
    assert response.headers["content-type"].startswith("text/event-stream")
    events = sent_events(response.text)
    assert {name for name, _ in events} == {"job"}
    assert [data["state"] for _, data in events] == ["queued", "running", "failed"]
    assert events[1][1]["progress"] == 0.25
    assert events[-1][1]["reason_code"] == "broken_document"


async def test_job_events_of_an_ended_job_send_it_once(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    job_id = queue(catalog)
    await work_once(catalog)
    events = sent_events((await client.get(f"/jobs/{job_id}/events")).text)
    assert [data["state"] for _, data in events] == ["done"]
