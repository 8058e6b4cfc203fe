"""A service whose models are fakes over a real catalog, and ways to speak to its routes."""

import asyncio
import json
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
import numpy as np
from fastapi import FastAPI

from app.answer_events import AnswerEvent, AnswerRequest, DoneEvent, SentenceEvent
from app.audit_replay import AuditReplay
from app.border_scores import BorderScores
from app.metrics import Metrics
from app.rule_books import RuleBooks, open_rule_books
from app.service import Readiness, Service
from app.settings import Settings
from generation.compliance import Gate
from generation.compliance_rules import ALWAYS
from generation.policy_judge import PolicyJudge
from generation.records import Answer, Citation, Outcome
from generation.rules.rule_book import RuleBook
from generation.rules.rule_file import parse_rule_set
from generation.script_library import ScriptLibrary
from generation.scripts import fallback_texts, load_scripts
from ingestion.errors import BrokenDocument
from ingestion.store.catalog import Catalog
from retrieval.dense import Vectors
from retrieval.explain import Expected, Explanation, NotIndexed, StageRank
from retrieval.records import Passage, SearchRequest, SearchResult
from retrieval.refine.refined_search import Find, RefinedRun
from tests.generation.script_fakes import NOW, GramEncoder
from tests.ingestion.catalog_samples import LEASE, ingested_document
from tests.ingestion.test_coherence import WordScorer

BASE = "http://127.0.0.1:8000"
PASSAGE = Passage(
    chunk_id="c1",
    document_id="d1",
    revision="r1",
    title="劳动合同法",
    heading_path=("第二章",),
    page=3,
    start=10,
    end=14,
    text="试用期限",
    score=0.9,
    scores={"dense": 0.8, "bm25": 12.5},
)
CITATION = Citation(0, "d1", "r1", "劳动合同法", 3, 10, 14, "试用期限")


def answer(trace_id: str, *, text: str = "一个月。", outcome: Outcome = Outcome.ANSWERED) -> Answer:
    """Return an answer with one citation."""
    return Answer(text, outcome, 0.87, (CITATION,), None, trace_id, {"search": 1.5})


def one_sentence(request: AnswerRequest) -> Iterator[AnswerEvent]:
    """Answer any question with one cited sentence."""
    yield SentenceEvent(0, "一个月。", (CITATION,))
    yield DoneEvent(answer(request.trace_id))


@dataclass
class FakeModels:
    """Everything behind the routes but the catalog; tests replace members."""

    catalog: Catalog
    say: Callable[[AnswerRequest], Iterator[AnswerEvent]] = one_sentence
    find: Callable[[SearchRequest], SearchResult] | None = None
    finds: tuple[Find, ...] = ()
    models_ready: bool = True
    catalog_ready: bool = True
    generator: Literal["ok", "down", "none"] = "ok"
    follows: bool = True
    indexed: int = 0
    refreshed: int = 0
    refresh_errors: list[Exception] = field(default_factory=list)
    closed: bool = False
    hold_readiness: threading.Event | None = None
    asked: list[AnswerRequest] = field(default_factory=list)
    searched: list[SearchRequest] = field(default_factory=list)

    def answer(self, request: AnswerRequest) -> Iterator[AnswerEvent]:
        self.asked.append(request)
        return self.say(request)

    def search(self, request: SearchRequest) -> SearchResult:
        self.searched.append(request)
        return self.find(request) if self.find else SearchResult((PASSAGE,), {"total": 2.0}, 1)

    def refined(self, request: SearchRequest) -> RefinedRun:
        return RefinedRun(self.search(request), self.finds)

    def explain(self, request: SearchRequest, expected: Expected) -> Explanation:
        self.searched.append(request)
        if expected not in (Expected("c1"), Expected(None, "d1")):
            raise NotIndexed
        stages = (
            StageRank("fusion", 1, 0.9, 16, passed=True),
            StageRank("result", 1, 0.9, 8, passed=True),
        )
        return Explanation("c1", "d1", "劳动合同法", stages, 1, None)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return np.zeros((len(texts), 8), dtype=np.float32)

    def readiness(self) -> Readiness:
        if self.hold_readiness:
            self.hold_readiness.wait(10)
        detail = "" if self.models_ready else "The encoder is being loaded."
        return Readiness(
            self.models_ready, self.catalog_ready, self.generator, self.indexed, detail
        )

    def refresh(self) -> None:
        self.refreshed += 1
        if self.refresh_errors:
            raise self.refresh_errors.pop()
        if self.follows:
            self.indexed = self.catalog.last_sequence()

    def close(self) -> None:
        self.closed = True


def make_service(models: FakeModels, settings: Settings) -> Service:
    """Return a service over fakes."""
    return Service(
        settings=settings,
        catalog=models.catalog,
        search=models.search,
        refined=models.refined,
        explain=models.explain,
        answer=models.answer,
        scored_chunks=BorderScores(models.catalog, WordScorer).page,
        embedder=models,
        rule_books=rule_books(models.catalog),
        metrics=Metrics(),
        library=(library := script_library(models.catalog)),
        gate=Gate(
            (), {"zh": "稍后再答。", "en": "Later."}, judge=PolicyJudge(library, ALWAYS, ALWAYS)
        ),
        replay=audit_replay(models.catalog).replay,
        readiness=models.readiness,
        refresh=models.refresh,
        close=models.close,
    )


def rule_books(catalog: Catalog) -> RuleBooks:
    """Return rule books without topics."""

    def compiled(content: str) -> RuleBook:
        return RuleBook(parse_rule_set(content), None)

    return open_rule_books(catalog.rule_sets, None, compiled)


def audit_replay(catalog: Catalog) -> AuditReplay:
    """Return what plays verdicts back, with an encoder that needs no model and without topics."""
    scripts = load_scripts()
    return AuditReplay(
        catalog.audit,
        catalog.scripts,
        catalog.policies,
        catalog.rule_sets,
        embedder=GramEncoder(),
        compiled=lambda content: RuleBook(parse_rule_set(content), None),
        fallbacks=fallback_texts(scripts),
        approved=[script.text for script in scripts],
        versions={"encoder": "grams"},
    )


def script_library(catalog: Catalog) -> ScriptLibrary:
    """Return a library over a catalog, with an encoder that needs no model."""
    return ScriptLibrary(catalog.scripts, catalog.policies.newest, GramEncoder(), lambda: NOW)


def client_of(app: FastAPI) -> httpx.AsyncClient:
    """Return a client that calls an application without a network."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE, timeout=20)


async def work_once(catalog: Catalog, *, broken: bool = False) -> None:
    """Do the next job as a worker would, waiting for it to come."""
    while (job := catalog.claim("w1", LEASE)) is None:  # noqa: ASYNC110 (the catalog is polled)
        await asyncio.sleep(0.01)
    if broken:
        error = BrokenDocument("application/pdf", "no trailer")
        catalog.fail(job.job_id, "w1", error.code, str(error))
    else:
        catalog.commit_document(ingested_document(), job_id=job.job_id, worker="w1")


def assert_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check that a response is a complete problem document; return it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"] == f"urn:youju:problem:{code}"
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"].startswith("/")
    assert problem["trace_id"] == response.headers["x-request-id"]
    return problem


def sent_events(body: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the (name, data) of each server-sent event of a body."""
    events = []
    for block in body.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            events.append((lines["event"], json.loads(lines["data"])))
    return events


class SlowAnswer:
    """An answer of endless sentences, each of which asks for and waits for a permit."""

    def __init__(self) -> None:
        self.asking = threading.Semaphore(0)
        self.permit = threading.Semaphore(0)
        self.closed = threading.Event()

    def __call__(self, request: AnswerRequest) -> Generator[AnswerEvent]:
        try:
            for index in range(1_000_000):
                self.asking.release()
                assert self.permit.acquire(timeout=20)
                yield SentenceEvent(index, "句。", ())
        finally:
            self.closed.set()


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (conditions of other threads)
            await asyncio.sleep(0.01)
