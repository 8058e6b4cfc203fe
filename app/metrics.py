"""What the service counts and times, in the form that Prometheus reads.

Labels come from fixed lists or are cut to them: never a text, a question or a collection's name.
"""

from collections.abc import Mapping
from typing import Final

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from app.audit_drafts import action_of
from generation.audit import Vetted
from generation.compliance import has_failed
from generation.records import Answer, Outcome

_MODES: Final = frozenset("off advise guard strict hybrid".split())
STAGES: Final = ("search", "read", "generate", "align", "comply")
REFUSALS: Final = frozenset("no_documents nothing_found unsure declined unsupported".split())
FAILURES: Final = frozenset("audit fallback gate session stages unvetted".split())
FALLBACKS: Final = frozenset({"blocked", "failed", "generator_down", *FAILURES})
_SECONDS: Final = tuple(
    float(bound) for bound in ".001 .0025 .005 .01 .015 .025 .05 .1 .25 .5 1 2.5 5 10 30".split()
)


class Metrics:
    """Counters of one process in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._verdicts = self._counter(
            "youju_compliance_verdicts",
            "Texts that the gate judged.",
            ("policy", "action", "reason"),
        )
        self._gate = self._histogram(
            "youju_compliance_gate_seconds", "Time that the gate took for a text."
        )
        self._failures = self._counter(
            "youju_compliance_failures",
            "Texts held back because compliance or its audit failed.",
            ("kind",),
        )
        self._outcomes = self._counter("youju_answers", "Answers by outcome.", ("outcome",))
        self._refusals = self._counter("youju_refusals", "Refusals by reason.", ("reason",))
        self._fallbacks = self._counter(
            "youju_fallbacks", "Fallbacks and cut answers by reason.", ("reason",)
        )
        self._stages = self._histogram(
            "youju_stage_seconds", "Time that stages took of an answer.", ("stage",)
        )
        self._requests = self._histogram(
            "youju_request_seconds", "Time until a response began.", ("route", "method", "status")
        )
        self._jobs = self._gauge("youju_jobs", "Jobs of ingestion by state.", ("state",))
        self._calls = self._gauge(
            "youju_calls", "Calls under way or waiting for a thread, by pool.", ("pool",)
        )
        memory = self._gauge("youju_resident_memory_bytes", "Memory of the process.")
        memory.set_function(lambda: psutil.Process().memory_info().rss)
        # What never happened is told as 0, so that its first time is an increase.
        for counter, values in (
            (self._failures, FAILURES),
            (self._outcomes, {one.value for one in Outcome}),
            (self._refusals, REFUSALS),
            (self._fallbacks, FALLBACKS),
        ):
            for value in sorted(values):
                counter.labels(value)
        for stage in STAGES:
            self._stages.labels(stage)

    def observe_verdict(self, note: Vetted) -> None:
        """Count a verdict and its time; one that compliance failed at also as a failure."""
        basis = note.verdict.basis
        policy = basis.policy if basis.policy in _MODES else "none"
        reason = _reason_kind(note)
        self._verdicts.labels(policy, action_of(note), reason).inc()
        self._gate.observe(note.milliseconds / 1000)
        if reason == "failure":
            self.count_failure("gate")

    def count_failure(self, kind: str) -> None:
        """Count what compliance, or what it needs, failed at."""
        self._failures.labels(_known(kind, FAILURES)).inc()

    def observe_answer(self, answer: Answer, gate_seconds: float) -> None:
        """Count an answer that was given to its end, with why and what its stages took."""
        self._outcomes.labels(answer.outcome.value).inc()
        if answer.outcome is Outcome.REFUSED:
            self._refusals.labels(_known(answer.cause, REFUSALS)).inc()
        elif answer.is_fallback or answer.outcome is Outcome.FALLBACK:
            self._fallbacks.labels(_known(answer.cause, FALLBACKS)).inc()
        for stage, seconds in {**answer.seconds, "comply": gate_seconds}.items():
            self._stages.labels(_known(stage, frozenset(STAGES))).observe(seconds)

    def observe_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Time a response. route: the path's template, never the path."""
        self._requests.labels(route, method, str(status)).observe(seconds)

    def show(self, jobs: Mapping[str, int], calls: Mapping[str, int]) -> None:
        """Set what is under way: jobs by state, calls by pool."""
        for gauge, values in ((self._jobs, jobs), (self._calls, calls)):
            for name, value in values.items():
                gauge.labels(name).set(value)

    def page(self) -> bytes:
        """Return all of it in Prometheus' text form."""
        return generate_latest(self._registry)

    def _counter(self, name: str, about: str, labels: tuple[str, ...]) -> Counter:
        return Counter(name, about, labels, registry=self._registry)

    def _gauge(self, name: str, about: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(name, about, labels, registry=self._registry)

    def _histogram(self, name: str, about: str, labels: tuple[str, ...] = ()) -> Histogram:
        return Histogram(name, about, labels, registry=self._registry, buckets=_SECONDS)


def _known(value: str, values: frozenset[str]) -> str:
    return value if value in values else "other"


def _reason_kind(note: Vetted) -> str:
    reason, basis = note.verdict.reason, note.verdict.basis
    if has_failed(note.verdict):
        return "failure"
    if basis.rule_id:
        return "rule"
    if basis.script_id:
        return "script"
    return "other" if reason else "none"
