import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.answer_events import AnswerEvent, AnswerRequest, DoneEvent, SentenceEvent
from app.audited_answers import AuditedAnswers
from app.metrics import Metrics
from generation.compliance import Candidate, Gate
from generation.errors import ComplianceFailed
from generation.records import Answer, Outcome, Verdict
from ingestion.errors import CatalogUnavailable
from ingestion.store.audit import AuditDraft, AuditEntry, AuditFilter, AuditHead
from ingestion.store.catalog import Catalog
from tests.app.service_fakes import CITATION, answer

FALLBACKS = {"zh": "请联系人工。", "en": "Please ask a person."}
REQUEST = AnswerRequest("期限多长？", "hr", (), "s1", "inquiry", None, None, "trace-1")


def judge(candidate: Candidate) -> Verdict:
    if "坏" in candidate.text:
        return Verdict(False, candidate.text, "forbidden")
    return Verdict(True, candidate.text.replace("手机", "***"), "")


GATE = Gate([judge], FALLBACKS)


def ended(text: str, outcome: Outcome = Outcome.ANSWERED) -> DoneEvent:
    return DoneEvent(replace(answer("trace-1"), text=text, outcome=outcome, citations=()))


def through_the_gate(*drafts: str) -> Callable[[AnswerRequest], Iterator[AnswerEvent]]:
    def say(request: AnswerRequest) -> Iterator[AnswerEvent]:
        shown = []
        for index, draft in enumerate(drafts):
            shown.append(GATE.gate(draft, evidence=["引文"], language="zh").text)
            yield SentenceEvent(index, shown[-1], ())
        yield ended("".join(shown))

    return say


def around_the_gate(request: AnswerRequest) -> Iterator[AnswerEvent]:
    yield SentenceEvent(0, "没人看过。", ())
    yield ended("没人看过。")


class Trail:
    def __init__(self) -> None:
        self.drafts: list[AuditDraft] = []
        self.error: Exception | None = None

    def append(self, drafts: list[AuditDraft]) -> AuditHead:
        if self.error:
            raise self.error
        self.drafts += drafts
        return AuditHead(len(self.drafts), "")


def audited(
    say: Callable[[AnswerRequest], Iterator[AnswerEvent]], trail: Trail, metrics: Metrics
) -> AuditedAnswers:
    return AuditedAnswers(say, trail.append, FALLBACKS, ["已批准。"], {"code": "1"}, metrics)


def told(events: list[AnswerEvent]) -> tuple[list[str], Answer]:
    *sentences, done = events
    assert isinstance(done, DoneEvent)
    texts = [one.text for one in sentences if isinstance(one, SentenceEvent)]
    assert [one.index for one in sentences] == list(range(len(texts)))
    assert done.answer.text == "".join(texts)
    return texts, done.answer


def test_every_sentence_is_in_the_audit_before_it_is_released() -> None:
    trail = Trail()
    events = audited(through_the_gate("一。", "手机二。", "坏。"), trail, Metrics()).answer(REQUEST)
    for number, text in enumerate(["一。", "***二。", FALLBACKS["zh"]], start=1):
        event = next(events)
        assert isinstance(event, SentenceEvent)
        assert event.text == text
        assert len(trail.drafts) == number
        assert trail.drafts[-1].texts["shown"] == text
    assert [draft.action for draft in trail.drafts] == ["allowed", "changed", "blocked"]
    last = trail.drafts[-1]
    assert last.texts["draft"] == "坏。"
    assert last.texts["evidence"] == ["引文"]
    assert (last.trace_id, last.collection, last.session_id) == ("trace-1", "hr", "s1")
    assert last.facts["stage"] == "inquiry"
    assert last.facts["versions"] == {"code": "1"}
    assert "期限" not in str(last.facts)
    (done,) = events
    assert isinstance(done, DoneEvent)


@pytest.mark.parametrize(
    "error", [CatalogUnavailable("database is locked"), OSError(28, "full"), RuntimeError("odd")]
)
def test_a_sentence_that_can_not_be_written_down_is_not_shown(error: Exception) -> None:
    trail, metrics = Trail(), Metrics()
    trail.error = error
    texts, end = told(
        list(audited(through_the_gate("一。", "二。"), trail, metrics).answer(REQUEST))
    )
    assert texts == [FALLBACKS["zh"]]
    assert end.outcome is Outcome.SCRIPT
    assert b'youju_compliance_failures_total{kind="audit"} 1.0' in metrics.page()


def test_what_was_shown_while_the_audit_was_away_is_entered_when_it_is_back() -> None:
    trail, metrics = Trail(), Metrics()
    path = audited(through_the_gate("一。"), trail, metrics)
    trail.error = CatalogUnavailable("locked")
    for _ in range(2):
        told(list(path.answer(REQUEST)))
    assert trail.drafts == []
    trail.error = None
    told(list(path.answer(REQUEST)))
    assert [draft.texts["shown"] for draft in trail.drafts] == [FALLBACKS["zh"]] * 2 + ["一。"]
    assert [draft.facts.get("late", False) for draft in trail.drafts] == [True, True, False]
    assert trail.drafts[0].facts["reason"] == "held back: audit: audit"
    told(list(path.answer(REQUEST)))
    assert len(trail.drafts) == 4


def test_an_audit_that_fails_midway_ends_the_answer_in_approved_words() -> None:
    trail = Trail()
    events = audited(through_the_gate("一。", "二。"), trail, Metrics()).answer(REQUEST)
    first = next(events)
    trail.error = CatalogUnavailable("full")
    texts, _ = told([first, *events])
    assert texts == ["一。", FALLBACKS["zh"]]


def test_a_sentence_that_went_round_the_gate_is_held_back() -> None:
    trail, metrics = Trail(), Metrics()
    texts, end = told(list(audited(around_the_gate, trail, metrics).answer(REQUEST)))
    assert texts == [FALLBACKS["zh"]]
    assert end.outcome is Outcome.SCRIPT
    assert b'youju_compliance_failures_total{kind="unvetted"} 1.0' in metrics.page()


def test_an_end_with_other_words_than_were_released_is_put_right() -> None:
    def say(request: AnswerRequest) -> Iterator[AnswerEvent]:
        yield SentenceEvent(0, "已批准。", ())
        yield ended("没人看过。")

    texts, _ = told(list(audited(say, Trail(), Metrics()).answer(REQUEST)))
    assert texts == ["已批准。"]


def test_a_part_of_compliance_that_fails_ends_the_answer_in_approved_words() -> None:
    trail, metrics = Trail(), Metrics()

    def say(request: AnswerRequest) -> Iterator[AnswerEvent]:
        yield SentenceEvent(0, "已批准。", (CITATION,))
        raise ComplianceFailed("stages", "KeyError")

    path = AuditedAnswers(
        say, trail.append, FALLBACKS, ["已批准。"], {}, metrics, {"zh": "到此为止。", "en": "End."}
    )
    texts, end = told(list(path.answer(REQUEST)))
    assert texts == ["已批准。", "到此为止。"]
    assert (end.outcome, end.is_fallback, end.cause) == (Outcome.SCRIPT, True, "stages")
    assert end.citations == (CITATION,)
    assert trail.drafts[-1].facts["reason"] == "held back: stages: KeyError"
    assert trail.drafts[-1].texts["shown"] == "到此为止。"
    assert b'youju_compliance_failures_total{kind="stages"} 1.0' in metrics.page()
    assert b'youju_fallbacks_total{reason="stages"} 1.0' in metrics.page()


def test_an_audit_that_hangs_or_says_nothing_is_not_waited_for() -> None:
    released = threading.Event()
    for append in (lambda _drafts: released.wait(20), lambda _drafts: None):
        path = AuditedAnswers(
            through_the_gate("一。"),
            append,  # type: ignore[arg-type]  # what it should not return
            FALLBACKS,
            [],
            {},
            Metrics(),
            seconds=0.05,
        )
        began = time.monotonic()
        texts, _ = told(list(path.answer(REQUEST)))
        assert texts == [FALLBACKS["zh"]]
        assert time.monotonic() - began < 10
    released.set()


def test_a_consumer_that_leaves_stops_what_answers() -> None:
    left = []

    def say(request: AnswerRequest) -> Iterator[AnswerEvent]:
        try:
            yield from through_the_gate("一。", "二。")(request)
        finally:
            left.append(True)

    events = audited(say, Trail(), Metrics()).answer(REQUEST)
    next(events)
    events.close()  # type: ignore[attr-defined]
    assert left == [True]


def test_answers_of_several_threads_of_work_keep_their_own_notes(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    path = AuditedAnswers(
        through_the_gate("一。", "二。"), catalog.audit.append, FALLBACKS, [], {}, Metrics()
    )
    one = path.answer(replace(REQUEST, trace_id="a"))
    other = path.answer(replace(REQUEST, trace_id="b"))
    for _ in range(3):
        next(one)
        next(other)
    entries: list[AuditEntry] = list(catalog.audit.every(AuditFilter()))
    assert [entry.trace_id for entry in entries] == ["a", "b", "a", "b"]
    catalog.close()
