import httpx


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
