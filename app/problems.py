"""Problem documents (RFC 9457): the one table from domain errors to HTTP, and their rendering."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from app import errors
from app.errors import Complaint, validation_complaint
from app.openai_errors import openai_status, render_error, speaks_openai
from app.schemas import Problem, ProblemError
from generation.errors import GeneratorUnavailable
from ingestion import errors as ingestion_errors

PROBLEM_MEDIA_TYPE = "application/problem+json"
RETRY_LATER_SECONDS = 5
# Nobody reads the answer to a closed connection; the number is what proxies log for it.
CLIENT_CLOSED_REQUEST = 499


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of error is told. code: None takes the error's own."""

    status: int
    title: str
    code: str | None = None
    retry_after_seconds: int | None = None


# The first class that the error is an instance of decides, so subclasses come first.
TABLE: tuple[tuple[type[Exception], Rule], ...] = (
    (errors.DocumentNotFound, Rule(404, "No such document")),
    (errors.AuditEntryNotFound, Rule(404, "No such audit entry")),
    (errors.ScriptNotFound, Rule(404, "No such script")),
    (errors.ScriptExists, Rule(409, "The script exists")),
    (errors.ScriptChanged, Rule(409, "The script has changed")),
    (errors.RevisionNotFound, Rule(404, "No such revision")),
    (errors.NothingExpected, Rule(404, "Not in the index")),
    (errors.JobNotFound, Rule(404, "No such job")),
    (errors.ModelNotFound, Rule(404, "No such model")),
    (errors.JobFinished, Rule(409, "The job has ended")),
    (errors.UnsupportedContentType, Rule(415, "Unsupported content type")),
    (errors.MalformedForm, Rule(400, "Malformed form")),
    (errors.InvalidForm, Rule(422, "The request is not valid")),
    (errors.UploadTooLarge, Rule(413, "The request is too large")),
    (errors.AllFilesRejected, Rule(422, "No file was taken in")),
    (errors.IngestionFailed, Rule(422, "The document could not be ingested")),
    (errors.HostNotAllowed, Rule(421, "Host not allowed")),
    (errors.CrossSiteWrite, Rule(403, "Cross-site request refused")),
    (errors.Overloaded, Rule(503, "Overloaded")),
    (ingestion_errors.DocumentTooLarge, Rule(413, "The file is too large")),
    (ingestion_errors.QuotaExceeded, Rule(413, "The collection is full")),
    (ingestion_errors.UnsupportedMedia, Rule(415, "Unsupported file type")),
    (ingestion_errors.MissingExtra, Rule(415, "Unsupported file type")),
    (ingestion_errors.SourceLost, Rule(410, "The stored file is lost")),
    (ingestion_errors.IngestionError, Rule(422, "The document could not be ingested")),
    (ingestion_errors.InvalidSubmission, Rule(422, "The request is not valid", "invalid_request")),
    (
        ingestion_errors.OtherEncoder,
        Rule(503, "Documents of another encoder", retry_after_seconds=RETRY_LATER_SECONDS),
    ),
    (
        ingestion_errors.CatalogUnavailable,
        Rule(503, "The catalog is unavailable", "catalog_unavailable", RETRY_LATER_SECONDS),
    ),
    (
        GeneratorUnavailable,
        Rule(503, "The generator is unavailable", "generator_unavailable", RETRY_LATER_SECONDS),
    ),
)
_HTTP_CODES: Mapping[int, str] = {
    400: "malformed_body",
    404: "not_found",
    405: "method_not_allowed",
    413: "request_too_large",
}


def handle_errors(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Make every error of an app, whose routes these are, a problem document."""

    async def on_http_error(request: Request, error: Exception) -> Response:
        # What it is registered for.
        return _http_problem(request.scope, cast(HTTPException, error), routes)

    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    for error_type, _ in TABLE:
        app.add_exception_handler(error_type, _on_domain_error)


def problem_of(error: Exception, scope: Scope) -> tuple[Problem, Mapping[str, str]]:
    """Return an error as a problem with the headers that go with it.

    Unknown errors become a 500 that tells nothing but the trace id.
    """
    rule = next((rule for kind, rule in TABLE if isinstance(error, kind)), None)
    if rule is None:
        return _internal_problem(scope), {}
    complaints: Sequence[Complaint] = getattr(error, "complaints", ())
    problem = make_problem(
        scope,
        status=rule.status,
        title=rule.title,
        detail=str(error),
        code=str(rule.code or getattr(error, "code", "bad_request")),
        complaints=complaints,
    )
    retry_after = getattr(error, "retry_after_seconds", rule.retry_after_seconds)
    return problem, {} if retry_after is None else {"Retry-After": str(retry_after)}


def make_problem(
    scope: Scope,
    *,
    status: int,
    title: str,
    detail: str,
    code: str,
    complaints: Sequence[Complaint] = (),
) -> Problem:
    """Return a problem about the request of `scope`."""
    return Problem(
        type=f"urn:youju:problem:{code}",
        title=title,
        status=status,
        detail=detail,
        instance=quote(scope.get("path", ""), errors="replace"),
        code=code,
        trace_id=scope.get("state", {}).get("trace_id", ""),
        errors=[
            ProblemError(loc=list(item.loc), msg=item.msg, code=item.code or None)
            for item in complaints
        ]
        or None,
    )


def problem_response(
    problem: Problem, scope: Scope, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a problem as a response, in the form that the caller of `scope` reads."""
    if speaks_openai(scope):
        return Response(render_error(problem), openai_status(problem), headers, "application/json")
    return Response(render(problem), problem.status, headers=headers, media_type=PROBLEM_MEDIA_TYPE)


def render(problem: Problem) -> bytes:
    """Return a problem as JSON. A client's lone surrogates, echoed in a path, become `?`."""
    members: dict[str, Any] = {
        name: value
        for name, value in problem.model_dump(mode="python").items()
        if value is not None
    }
    return json.dumps(members, ensure_ascii=False).encode("utf-8", errors="replace")


def internal_error_response(scope: Scope) -> Response:
    """Return the answer to an error nobody foresaw."""
    return problem_response(_internal_problem(scope), scope)


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of a route that may answer with problems of these statuses."""
    content = {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in (*statuses, 500)
    }


def declare_problems(schema: dict[str, Any]) -> None:
    """Put the problem document into an OpenAPI document, and FastAPI's own error out of it."""
    components = schema["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components.update(problem.pop("$defs", {}))
    components["Problem"] = problem
    for assumed in ("HTTPValidationError", "ValidationError"):
        components.pop(assumed, None)
    for call in (call for calls in schema["paths"].values() for call in calls.values()):
        # FastAPI adds it to every call with a parameter, also where none can be invalid.
        if "HTTPValidationError" in str(call["responses"].get("422")):
            del call["responses"]["422"]


def _internal_problem(scope: Scope) -> Problem:
    return make_problem(
        scope,
        status=500,
        title="Internal error",
        detail="Something went wrong here. The trace id finds it in the log.",
        code="internal_error",
    )


async def _on_domain_error(request: Request, error: Exception) -> Response:
    problem, headers = problem_of(error, request.scope)
    return problem_response(problem, request.scope, headers)


async def _on_disconnect(request: Request, error: Exception) -> Response:
    return Response(status_code=CLIENT_CLOSED_REQUEST)


def _http_problem(scope: Scope, refusal: HTTPException, routes: Sequence[BaseRoute]) -> Response:
    status = refusal.status_code
    headers = dict(refusal.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed_methods(scope, routes))
    phrase = HTTPStatus(status).phrase
    detail = refusal.detail if refusal.detail != phrase else _plain_words(status, scope)
    code = _HTTP_CODES.get(status, "http_error")
    problem = make_problem(scope, status=status, title=phrase, detail=detail, code=code)
    return problem_response(problem, scope, headers)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    found = cast(RequestValidationError, error).errors()  # what it is registered for
    if any(entry["type"] == "json_invalid" for entry in found):
        problem = make_problem(
            request.scope,
            status=400,
            title="Malformed JSON",
            detail=f"The body is not JSON: {found[0].get('ctx', {}).get('error', 'it breaks off')}",
            code="malformed_json",
        )
        return problem_response(problem, request.scope)
    complaints = [validation_complaint(entry["loc"], entry["msg"]) for entry in found]
    return await _on_domain_error(request, errors.InvalidForm(complaints))


def _plain_words(status: int, scope: Scope) -> str:
    if status == HTTPStatus.NOT_FOUND:
        return "Nothing lives at this address. /openapi.json lists what there is."
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"This address does not take {scope['method']}; `Allow` lists what it takes."
    return HTTPStatus(status).description or HTTPStatus(status).phrase


def _allowed_methods(scope: Scope, routes: Sequence[BaseRoute]) -> list[str]:
    methods: set[str] = set()
    for route in routes:
        match, _ = route.matches(scope)
        if match is not Match.NONE:
            methods |= set(getattr(route, "methods", None) or ())
    return sorted(methods)
