import json

import httpx
import pytest
from starlette.types import Scope

from app.errors import Complaint, InvalidForm, ModelNotFound, Overloaded
from app.openai_errors import openai_error, openai_status, render_error, speaks_openai
from app.problems import problem_of


@pytest.mark.parametrize(
    ("scope", "speaks"),
    [
        ({"path": "/v1/models"}, True),
        ({"path": "/v1/nothing"}, True),
        ({"path": "/proxied/v1/models", "root_path": "/proxied"}, True),
        ({"path": "/v1"}, False),
        ({"path": "/v10/models"}, False),
        ({"path": "/ask"}, False),
        ({}, False),
    ],
)
def test_speaks_openai_is_told_by_the_path(scope: Scope, speaks: bool) -> None:
    assert speaks_openai(scope) is speaks


def test_openai_error_of_complaints_names_the_first_member_and_tells_all() -> None:
    wrong = [
        Complaint(("body", "messages", 3, "content"), "Too long."),
        Complaint(("body", "n"), "Must be 1."),
    ]
    problem, _ = problem_of(InvalidForm(wrong), {})
    assert openai_status(problem) == 400
    assert openai_error(problem).error.model_dump() == {
        "message": "messages[3].content: Too long.; n: Must be 1.",
        "type": "invalid_request_error",
        "param": "messages[3].content",
        "code": "invalid_request",
    }


def test_openai_error_of_a_missing_body_names_the_body() -> None:
    problem, _ = problem_of(InvalidForm([Complaint(("body",), "Field required")]), {})
    assert openai_error(problem).error.param == "body"


def test_openai_error_of_an_unknown_model_is_404_about_the_model() -> None:
    problem, _ = problem_of(ModelNotFound("gpt-4o"), {})
    error = openai_error(problem).error
    assert openai_status(problem) == 404
    assert (error.code, error.param) == ("model_not_found", "model")
    assert "'gpt-4o' does not exist" in error.message


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(Overloaded(7), 503, "overloaded"), (ValueError("secret"), 500, "internal_error")],
)
def test_openai_error_of_a_failing_service_is_a_server_error(
    error: Exception, status: int, code: str
) -> None:
    problem, _ = problem_of(error, {})
    told = openai_error(problem).error
    assert openai_status(problem) == status
    assert (told.type, told.param, told.code) == ("server_error", None, code)
    assert told.message
    assert "secret" not in told.message


def test_render_error_replaces_lone_surrogates() -> None:
    problem, _ = problem_of(InvalidForm([Complaint(("body", "\udc00"), "没有")]), {})
    assert json.loads(render_error(problem))["error"]["message"] == "?: 没有"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/v1/nowhere", {}, 404),
        ("GET", "/v1/chat/completions", {}, 405),
        ("GET", "/v1/models", {"Host": "evil.example"}, 421),
        ("POST", "/v1/chat/completions", {"Origin": "http://evil.example"}, 403),
    ],
)
async def test_refusals_before_a_route_are_in_openai_form(
    client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    response = await client.request(method, path, headers=headers)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    assert set(response.json()) == {"error"}
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}
    assert response.headers["x-request-id"]
