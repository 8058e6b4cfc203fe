"""Problems in the form that OpenAI's clients read, for the calls under `/v1/`."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from starlette.types import Scope

from app.openai_schemas import ErrorBody, ErrorReply
from app.schemas import Problem, ProblemError

PREFIX = "/v1"


def speaks_openai(scope: Scope) -> bool:
    """Tell whether the caller of a request reads errors in OpenAI's form."""
    path = str(scope.get("path", "")).removeprefix(str(scope.get("root_path", "")))
    return path.startswith(f"{PREFIX}/")


def openai_status(problem: Problem) -> int:
    """Return the HTTP status that OpenAI's clients know the problem by."""
    return 400 if problem.status == HTTPStatus.UNPROCESSABLE_ENTITY else problem.status


def openai_error(problem: Problem) -> ErrorReply:
    """Return a problem as an error, with everything that is wrong in its message."""
    wrong: Sequence[ProblemError] = problem.errors or ()
    places = [_place(entry.loc) for entry in wrong]
    told = "; ".join(f"{place}: {entry.msg}" for place, entry in zip(places, wrong, strict=True))
    return ErrorReply(
        error=ErrorBody(
            message=told or problem.detail,
            type="server_error" if problem.status >= 500 else "invalid_request_error",
            param=places[0] if places else None,
            code=problem.code,
        )
    )


def render_error(problem: Problem) -> bytes:
    """Return a problem as a line of JSON. Lone surrogates of the request become `?`."""
    told = openai_error(problem).model_dump(mode="python")
    return json.dumps(told, ensure_ascii=False).encode("utf-8", errors="replace")


def declared_errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of a route that may answer with errors of these statuses."""
    return {
        status: {"description": HTTPStatus(status).phrase, "model": ErrorReply}
        for status in (*statuses, 500)
    }


def _place(loc: Sequence[str | int]) -> str:
    """Return a path into a request as code: `messages[0].content`."""
    inside = loc[1:] if loc[:1] == ["body"] and len(loc) > 1 else loc
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in inside)
    return place.removeprefix(".")
