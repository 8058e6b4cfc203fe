import httpx
import pytest

from ingestion.errors import CatalogUnavailable
from ingestion.store.catalog import Catalog
from tests.ingestion.catalog_samples import submit


async def test_metrics_count_requests_by_template_and_never_by_path(
    client: httpx.AsyncClient,
) -> None:
    await client.get("/jobs/private-name")
    await client.get("/no/such/private-path")
    await client.request("ODD", "/healthz")
    response = await client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    assert 'route="/jobs/{job_id}"' in response.text
    assert 'route="other"' in response.text
    assert "private" not in response.text
    assert "ODD" not in response.text
    assert 'youju_compliance_failures_total{kind="audit"} 0.0' in response.text
    assert "youju_resident_memory_bytes" in response.text


async def test_metrics_tell_jobs_and_calls(client: httpx.AsyncClient, catalog: Catalog) -> None:
    submit(catalog, "甲.txt", "文。".encode(), "hr")
    text = (await client.get("/metrics")).text
    assert 'youju_jobs{state="queued"} 1.0' in text
    assert 'youju_jobs{state="failed"} 0.0' in text
    assert 'youju_calls{pool="models"} 0.0' in text


async def test_metrics_without_a_catalog_tell_the_rest(
    client: httpx.AsyncClient, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**_named: object) -> None:
        raise CatalogUnavailable("locked")

    monkeypatch.setattr(catalog, "jobs", away)
    response = await client.get("/metrics")
    assert response.status_code == 200
    assert "youju_compliance_failures_total" in response.text
