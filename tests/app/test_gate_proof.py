"""Whatever is asked of whichever route, text that compliance blocks is nowhere in the response."""

import ast
import inspect
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from app import bootstrap
from app.answer_question import Answerer, AnswerSettings
from app.audited_answers import with_audit
from app.conversation import with_sessions
from app.main import create_app
from app.settings import Settings, Strategy
from generation.compliance import Candidate, Gate, Rule
from generation.confidence import Calibration
from generation.errors import GeneratorUnavailable
from generation.records import Basis, Verdict
from generation.scripts import fallback_texts, load_scripts
from ingestion.store.audit import AuditFilter
from ingestion.store.catalog import Catalog
from retrieval.records import SearchResult
from tests.app.gate_stack import OWN, WAYS, Way, asked, open_stack
from tests.app.service_fakes import PASSAGE, FakeModels, client_of, make_service

APP = Path(bootstrap.__file__).parent
MARK = "三十"
TEXT = "读者每次借书不得超过五册。借阅期限为三十日。"
QUESTION = "借阅期限是什么？"
SCRIPTS = load_scripts()
# Those that return text which was made for a question; each is called below in every form.
ANSWERING = {"/ask", "/v1/chat/completions"}
# What people stored, what a search found, and the record of it all: shown as it is, on purpose.
NOT_ANSWERING = {
    "/",
    "/manage",
    "/audit",
    "/audit/head",
    "/audit/verify",
    "/collections/{name}/calibration",
    "/audit/{sequence}",
    "/audit/{sequence}/replay",
    "/collections",
    "/collections/{name}/policy",
    "/collections/{name}/policy/versions",
    "/collections/{name}/rules",
    "/collections/{name}/rules/{version}",
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
    "/openapi.json",
    "/readyz",
    "/scripts",
    "/scripts/export",
    "/scripts/import",
    "/scripts/import-starter",
    "/scripts/match",
    "/scripts/{script_id}",
    "/scripts/{script_id}/versions",
    "/search",
    "/static",
    "/v1/models",
    "/verify",
}


class Writes:
    name = "fake"
    is_up = True

    def __init__(self, *, down: bool = False) -> None:
        self._down = down

    def stream(self, _prompt: str, *, max_tokens: int) -> Iterator[str]:
        if self._down:
            raise GeneratorUnavailable("down", "refused")
        yield "借阅期限为三十日。"

    def count_tokens(self, text: str) -> int:
        return len(text)

    def close(self) -> None:
        pass


def blocks_mark(candidate: Candidate) -> Verdict:
    return Verdict(MARK not in candidate.text, candidate.text, "mark")


class Odd(BaseException):
    pass


def raising(error: BaseException) -> Rule:
    def rule(candidate: Candidate) -> Verdict:
        raise error

    return rule


def returning(thing: object) -> Rule:
    def rule(candidate: Candidate) -> Verdict:
        return thing  # type: ignore[return-value]

    return rule


def build(
    catalog: Catalog, settings: Settings, folder: Path, rule: Rule, generator: Any
) -> FastAPI:
    models = FakeModels(catalog)
    passage = replace(PASSAGE, text=TEXT, end=PASSAGE.start + len(TEXT))
    answerer = Answerer(
        lambda _request: SearchResult((passage,), {}, 1),
        lambda _passage, _position: 1,
        generator,
        Gate([rule], fallback_texts(SCRIPTS), seconds=1.0),
        SCRIPTS,
        AnswerSettings(top_k=8, context_tokens=640, max_tokens=64),
        lambda _collection: Calibration(threshold=0.0),
    )
    service = make_service(models, settings)
    audited = with_audit(answerer.answer, catalog.audit, SCRIPTS, {}, service.metrics)
    answer = with_sessions(catalog.sessions, audited)
    return create_app(replace(service, answer=answer), folder)


def every_form(strategies: tuple[Strategy, ...]) -> list[tuple[str, dict[str, Any]]]:
    forms: list[tuple[str, dict[str, Any]]] = []
    for stream in (False, True):
        for strategy in strategies:
            for session in (None, "s1"):
                body = {"question": QUESTION, "stream": stream, "strategy": strategy}
                forms.append(("/ask", body | {"session_id": session}))
        chat = {"model": "youju", "messages": [{"role": "user", "content": QUESTION}]}
        forms.append(("/v1/chat/completions", chat | {"stream": stream}))
    return forms


async def shown(app: FastAPI) -> AsyncIterator[str]:
    async with client_of(app) as client:
        for path, body in every_form(("generate", "extract", "read")):
            response: httpx.Response = await client.post(path, json=body)
            assert response.status_code == 200, response.text
            yield response.text


def test_every_route_is_known_to_answer_or_not(app: FastAPI) -> None:
    paths = {getattr(route, "path", "?") for route in app.routes}
    assert paths >= ANSWERING
    assert paths - ANSWERING - NOT_ANSWERING == set()
    asked = {route.path for route in app.routes if isinstance(route, APIRoute) and _asks(route)}
    assert asked == ANSWERING


def _asks(route: APIRoute) -> bool:
    return "service.answer" in inspect.getsource(route.endpoint)


def test_words_for_users_are_made_nowhere_but_behind_the_gate() -> None:
    """An answer is made of events; these are made in few places, and all are wrapped at once."""
    makers = {"answer_parts.py", "answer_question.py", "audited_answers.py", "staged_answers.py"}
    made = {
        "SentenceEvent": makers,
        "DoneEvent": makers,
        "with_parts": {"bootstrap.py"},
        "StagedAnswers": {"bootstrap.py"},
        "with_audit": {"bootstrap.py"},
        "with_sessions": {"bootstrap.py"},
    }
    for name, modules in made.items():
        assert {path.name for path in APP.rglob("*.py") if name in called(path)} == modules
    wiring = inspect.getsource(bootstrap.build_service)
    assert "answer=with_sessions(catalog.sessions, audited)" in wiring
    assert "audited = with_audit(staged, " in wiring
    assert "staged = _staged(answering, " in wiring
    assert "answering = with_parts(answerer.answer) if " in wiring


def called(path: Path) -> set[str]:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return {call.func.id for call in calls if isinstance(call.func, ast.Name)}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_staged_answers_show_in_every_form_what_passed_and_approved_words(
    tmp_path: Path, way: Way
) -> None:
    stack = open_stack(tmp_path)
    approved = {script.text for script in (*SCRIPTS, *OWN)}
    for form in range(4):
        await asked(stack, way, form)
    written = list(stack.catalog.audit.every(AuditFilter(collection=way.collection)))
    shown = [entry.texts["shown"] for entry in written if entry.texts and entry.texts["shown"]]
    assert len(shown) >= 4
    if way.name in ("greeting", "hand over", "script first"):
        assert set(shown) <= approved
    assert list(stack.catalog.audit.verify()) == []
    stack.catalog.close()


@pytest.mark.parametrize("generator", [Writes(), Writes(down=True), None])
async def test_what_is_blocked_is_in_no_response(
    catalog: Catalog, settings: Settings, web_folder: Path, generator: Any
) -> None:
    app = build(catalog, settings, web_folder, blocks_mark, generator)
    count = 0
    async for text in shown(app):
        count += 1
        assert "期限为三十" not in _without_citations(text)
    assert count == len(every_form(("generate", "extract", "read")))
    blocked = catalog.audit.listed(AuditFilter(action="blocked"), 0, 100)[1]
    assert blocked == count
    assert list(catalog.audit.verify()) == []
    for session in ("default\ns1",):
        assert all(MARK not in said for _, said in catalog.sessions.latest(session, 50))


def _without_citations(text: str) -> str:
    # A citation quotes the document itself, for a sentence that was let through.
    return text.split('"citations"', maxsplit=1)[0]


FAULTS: dict[str, Rule] = {
    "exception": raising(RuntimeError("x")),
    "memory": raising(MemoryError()),
    "base": raising(Odd()),
    "exit": raising(SystemExit(1)),
    "interrupt": raising(KeyboardInterrupt()),
    "none": returning(None),
    "truthy": returning(True),
    "text": returning("借阅期限为三十日。"),
    "no-text": returning(Verdict(True, None, "")),  # type: ignore[arg-type]
    "allowed-as-word": returning(Verdict("yes", "借阅期限为三十日。", "")),  # type: ignore[arg-type]
    "basis": returning(Verdict(True, "借阅期限为三十日。", "", None)),  # type: ignore[arg-type]
    "nan": returning(Verdict(True, "借阅期限为三十日。", "", Basis(score=float("nan")))),
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_fails_in_the_gate_shows_approved_words_only(
    catalog: Catalog, settings: Settings, web_folder: Path, fault: str
) -> None:
    app = build(catalog, settings, web_folder, FAULTS[fault], Writes())
    async for text in shown(app):
        assert MARK not in text
    assert list(catalog.audit.verify()) == []


async def test_an_audit_that_is_locked_shows_approved_words_only(
    catalog: Catalog, settings: Settings, web_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(_drafts: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(catalog.audit, "append", locked)
    app = build(catalog, settings, web_folder, returning_all, Writes())
    async for text in shown(app):
        assert MARK not in text
    async with client_of(app) as client:
        page = (await client.get("/metrics")).text
    assert 'youju_compliance_failures_total{kind="audit"} 0.0' not in page


def returning_all(candidate: Candidate) -> Verdict:
    return Verdict(True, candidate.text, "")
