"""What the service counts and times, in the form that Prometheus reads.

Labels come from fixed lists or are cut to them: never a text, a question or a collection's name.
"""

from typing import Final

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from generation.audit import Vetted
from generation.records import Outcome

_MODES: Final = frozenset("off advise guard strict hybrid".split())
_SECONDS: Final = tuple(
    float(bound) for bound in ".001 .0025 .005 .01 .015 .025 .05 .1 .25 .5 1 2.5 5 10 30".split()
)


class Metrics:
    """Counters of one process in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._verdicts = Counter(
            "youju_compliance_verdicts",
            "Texts that the gate judged.",
            ("policy", "verdict", "reason"),
            registry=self._registry,
        )
        self._gate = Histogram(
            "youju_compliance_gate_seconds",
            "Time that the gate took for a text.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._failures = Counter(
            "youju_compliance_failures",
            "Texts held back because compliance or its audit failed.",
            ("kind",),
            registry=self._registry,
        )
        for kind in ("audit", "gate", "unvetted"):
            self._failures.labels(kind)
        self._outcomes = Counter(
            "youju_answers", "Answers by outcome.", ("outcome",), registry=self._registry
        )
        self._requests = Histogram(
            "youju_request_seconds",
            "Time until a response began.",
            ("route", "method", "status"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        memory = Gauge(
            "youju_resident_memory_bytes", "Memory of the process.", registry=self._registry
        )
        memory.set_function(lambda: psutil.Process().memory_info().rss)

    def observe_verdict(self, note: Vetted) -> None:
        """Count a verdict and its time; one that compliance failed at also as a failure."""
        verdict = note.verdict
        policy = verdict.basis.policy if verdict.basis.policy in _MODES else "none"
        reason = _reason_kind(note)
        kind = "allowed" if verdict.allowed else "blocked"
        self._verdicts.labels(policy, kind, reason).inc()
        self._gate.observe(note.milliseconds / 1000)
        if reason == "failure":
            self.count_failure("gate")

    def count_failure(self, kind: str) -> None:
        """Count a text held back. kind: audit, gate or unvetted."""
        self._failures.labels(kind).inc()

    def count_outcome(self, outcome: Outcome) -> None:
        """Count an answer that was given to its end."""
        self._outcomes.labels(outcome.value).inc()

    def observe_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Time a response. route: the path's template, never the path."""
        self._requests.labels(route, method, str(status)).observe(seconds)

    def page(self) -> bytes:
        """Return all of it in Prometheus' text form."""
        return generate_latest(self._registry)


def _reason_kind(note: Vetted) -> str:
    reason, basis = note.verdict.reason, note.verdict.basis
    if reason.startswith(("rule_failed", "policy_failed")) or reason in ("overloaded", "timeout"):
        return "failure"
    if basis.rule_id:
        return "rule"
    if basis.script_id:
        return "script"
    return "other" if reason else "none"
