"""The upload of many files, against a service that a script plays."""

import json
import re
from collections.abc import Callable

import httpx
import pytest

from evaluation.http_ingestion import PROBES, ingest_over_http, ingestion_rows, small_files

FILES = small_files(120, seed=1)


class ScriptedService:
    """Takes files in and ends `pace` jobs a second of its own clock; loses and fails on demand."""

    def __init__(
        self, *, pace: int = 40, fails: int = 0, stops_at: int = 10**9, finds: bool = True
    ) -> None:
        self.now = self._began = 0.0
        self.texts: list[str] = []
        self.queries: list[str] = []
        self._pace, self._fails, self._stops_at, self._finds = pace, fails, stops_at, finds

    @property
    def _ended(self) -> int:
        return min(int((self.now - self._began) * self._pace), len(self.texts), self._stops_at)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def answer(self, request: httpx.Request) -> httpx.Response:
        path, asked = request.url.path, request.url.params
        if path == "/ingest" and asked.get("wait"):
            assert not self.texts
            return httpx.Response(200, json={"documents": []})
        if path == "/ingest":
            self._began = self._began if self.texts else self.now
            self.texts += re.findall(
                r"\r\n\r\n((?:Note|记录) .*?)\r\n--", request.read().decode(), re.S
            )
            return httpx.Response(202, json={"documents": []})
        if path == "/search":
            return self._search(json.loads(request.content)["query"])
        states = {
            "queued": len(self.texts) - self._ended,
            "done": max(0, self._ended - self._fails),
            "failed": min(self._fails, self._ended),
        }
        total = states["done"] if path == "/documents" else states.get(asked["state"], 0)
        return httpx.Response(200, json={"total": total})

    def _search(self, query: str) -> httpx.Response:
        self.now += 0.05 if 0 < self._ended < len(self.texts) else 0.025
        self.queries.append(query)
        found = [text for text in self.texts[: self._ended] if self._finds and query in text]
        return httpx.Response(200, json={"hits": [{"text": text} for text in found[:1]]})


def run(service: ScriptedService, progress: Callable[[str, int, int], None] = lambda *_: None):
    transport = httpx.MockTransport(service.answer)
    with httpx.Client(transport=transport, base_url="http://service") as client:
        return ingest_over_http(
            client,
            FILES,
            searches=20,
            stuck_seconds=30,
            progress=progress,
            clock=lambda: service.now,
            sleep=service.sleep,
        )


def test_small_files_are_all_different_and_the_same_for_a_seed() -> None:
    assert len({file.content for file in FILES}) == len({file.name for file in FILES}) == 120
    assert small_files(120, seed=1) == FILES
    assert small_files(120, seed=2) != FILES


def test_ingestion_is_complete_when_every_file_is_done_and_found() -> None:
    seen: list[tuple[str, int, int]] = []
    service = ScriptedService()
    measured = run(service, lambda *told: seen.append(told))
    assert measured.is_complete
    assert (measured.states, measured.searchable, measured.unfound) == ({"done": 120}, 120, 0)
    assert len(service.texts) == 120
    assert seen[-1] == ("ingestion", 120, 120)
    assert measured.seconds == pytest.approx(3.0, abs=1.1)
    assert measured.quiet_rate == pytest.approx(40, rel=0.35)
    assert measured.before.p95 == pytest.approx(25)
    assert measured.after.p95 == pytest.approx(25)
    assert measured.during.p95 == pytest.approx(50)
    rows = {str(what): value for what, value in ingestion_rows(measured, 2.0)}
    assert rows["files a second, embedding alone"] == 60
    assert rows["search p95, during / after"] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("service", "states"),
    [
        (ScriptedService(fails=2), {"done": 118, "failed": 2}),
        (ScriptedService(stops_at=90), {"queued": 30, "done": 90}),
    ],
    ids=["failed", "stuck"],
)
def test_ingestion_failed_or_stuck_is_not_complete(service: ScriptedService, states) -> None:
    measured = run(service)
    assert measured.states == states
    assert not measured.is_complete


def test_ingestion_documents_that_searches_miss_are_counted() -> None:
    measured = run(ScriptedService(finds=False))
    assert (measured.unfound, measured.is_complete) == (PROBES, False)
