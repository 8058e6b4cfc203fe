import httpx
import pytest
from fastapi import FastAPI

from app.errors import MOST_COMPLAINTS, Complaint, InvalidForm, Overloaded
from app.problems import TABLE, problem_of
from ingestion.errors import DocumentTooLarge, PasswordRequired, UnsupportedMedia
from tests.app.service_fakes import assert_problem


async def test_unknown_address_is_404_and_wrong_method_405_with_allow(
    client: httpx.AsyncClient,
) -> None:
    assert_problem(await client.get("/nowhere"), 404, "not_found")
    assert_problem(await client.get("/documents/"), 404, "not_found")
    response = await client.put("/documents/x")
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "DELETE, GET"
    response = await client.get("/ask")
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


async def test_problem_echoes_a_strange_path_as_ascii(client: httpx.AsyncClient) -> None:
    problem = assert_problem(await client.get("/无/%22<b>"), 404, "not_found")
    assert problem["instance"] == "/%E6%97%A0/%22%3Cb%3E"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (UnsupportedMedia("application/zip", "Unpack it."), 415, "unsupported_media"),
        (DocumentTooLarge(2, 1), 413, "too_large"),
        (PasswordRequired(), 422, "password_required"),
        (ValueError("secret"), 500, "internal_error"),
    ],
)
def test_problem_of_domain_error_carries_its_code_and_words(
    error: Exception, status: int, code: str
) -> None:
    problem, headers = problem_of(error, {"path": "/ingest"})
    assert (problem.status, problem.code) == (status, code)
    assert ("secret" in problem.detail) is False
    assert headers == {}


def test_problem_of_overload_says_when_to_retry() -> None:
    assert problem_of(Overloaded(7), {})[1] == {"Retry-After": "7"}


def test_table_puts_no_class_behind_its_own_base() -> None:
    kinds = [kind for kind, _ in TABLE]
    for position, kind in enumerate(kinds):
        assert not any(issubclass(kind, earlier) for earlier in kinds[:position])


async def test_schema_declares_every_problem_and_the_types_of_streams(
    client: httpx.AsyncClient, app: FastAPI
) -> None:
    schema = (await client.get("/openapi.json")).json()
    assert schema["components"]["schemas"]["Problem"]["required"][:2] == ["type", "title"]
    assert "HTTPValidationError" not in schema["components"]["schemas"]
    calls = {
        (path, method): call
        for path, methods in schema["paths"].items()
        for method, call in methods.items()
    }
    assert {path for path, _ in calls} == {
        "/ask",
        "/audit",
        "/audit/head",
        "/audit/verify",
        "/audit/{sequence}",
        "/audit/{sequence}/replay",
        "/collections",
        "/collections/{name}/calibration",
        "/collections/{name}/policy",
        "/collections/{name}/policy/versions",
        "/collections/{name}/rules",
        "/collections/{name}/synonyms",
        "/documents",
        "/documents/{document_id}",
        "/documents/{document_id}/chunks",
        "/documents/{document_id}/source",
        "/documents/{document_id}/text",
        "/explain",
        "/healthz",
        "/ingest",
        "/jobs",
        "/jobs/{job_id}",
        "/jobs/{job_id}/events",
        "/metrics",
        "/readyz",
        "/scripts",
        "/scripts/export",
        "/scripts/import",
        "/scripts/import-starter",
        "/scripts/match",
        "/scripts/{script_id}",
        "/scripts/{script_id}/versions",
        "/search",
        "/v1/chat/completions",
        "/v1/models",
        "/verify",
    }
    for (path, _), call in calls.items():
        refused = {key: value for key, value in call["responses"].items() if key >= "400"}
        assert "500" in refused
        media_type, schema_name = (
            ("application/json", "ErrorReply")
            if path.startswith("/v1/")
            else ("application/problem+json", "Problem")
        )
        for response in refused.values():
            problem = response["content"][media_type]["schema"]
            assert problem == {"$ref": f"#/components/schemas/{schema_name}"}
    for path in ("/ask", "/v1/chat/completions"):
        assert {"text/event-stream", "application/json"} <= set(
            calls[path, "post"]["responses"]["200"]["content"]
        )
    form = calls["/ingest", "post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["file"]
    assert {"200", "202", "413", "415", "422", "503"} <= set(calls["/ingest", "post"]["responses"])


def test_invalid_form_wrong_in_many_places_names_the_first_and_counts_the_rest() -> None:
    error = InvalidForm(
        [Complaint(("body", str(at)), "wrong") for at in range(MOST_COMPLAINTS + 3)]
    )
    assert len(error.complaints) == MOST_COMPLAINTS
    assert str(error).endswith("and 3 more")
    assert str(InvalidForm([Complaint(("body",), "wrong")])) == "wrong"
