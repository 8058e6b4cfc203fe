from dataclasses import replace

import pytest

from app.metrics import FALLBACKS, REFUSALS, STAGES, Metrics
from generation.audit import Vetted
from generation.records import Answer, Basis, Outcome, Verdict
from tests.app.service_fakes import answer


def told(metrics: Metrics) -> dict[str, float]:
    lines = [line for line in metrics.page().decode().splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def observe(metrics: Metrics, **changes: object) -> None:
    metrics.observe_answer(replace(answer("t"), **changes), 0.02)


def test_answers_are_counted_by_outcome_and_why() -> None:
    metrics = Metrics()
    observe(metrics, outcome=Outcome.REFUSED, cause="unsure", seconds={"search": 0.1, "read": 2.0})
    observe(metrics, outcome=Outcome.SCRIPT, is_fallback=True, cause="blocked")
    observe(metrics, outcome=Outcome.FALLBACK, cause="generator_down")
    observe(metrics)
    page = told(metrics)
    assert page['youju_refusals_total{reason="unsure"}'] == 1
    assert page['youju_fallbacks_total{reason="blocked"}'] == 1
    assert page['youju_fallbacks_total{reason="generator_down"}'] == 1
    assert page['youju_answers_total{outcome="answered"}'] == 1
    assert page['youju_stage_seconds_count{stage="search"}'] == 1
    assert page['youju_stage_seconds_sum{stage="read"}'] == 2.0
    assert page['youju_stage_seconds_count{stage="comply"}'] == 4


def test_what_never_happened_is_told_as_0() -> None:
    page = told(Metrics())
    for reason in REFUSALS:
        assert page[f'youju_refusals_total{{reason="{reason}"}}'] == 0
    for reason in FALLBACKS:
        assert page[f'youju_fallbacks_total{{reason="{reason}"}}'] == 0
    for stage in STAGES:
        assert page[f'youju_stage_seconds_count{{stage="{stage}"}}'] == 0


@pytest.mark.parametrize("outcome", Outcome)
def test_labels_do_not_grow_with_what_is_said(outcome: Outcome) -> None:
    metrics = Metrics()
    observe(metrics, outcome=outcome, cause="secret-1", is_fallback=True)
    size = len(told(metrics))
    for number in range(50):
        said = f"secret-{number}"
        observe(metrics, outcome=outcome, cause=said, is_fallback=True, seconds={"search": 1.0})
        metrics.count_failure(said)
        basis = Basis(policy=said, rule_id=said, script_id=said)
        metrics.observe_verdict(Vetted(said, (), said, Verdict(True, said, said, basis), 1.0))
    assert "secret" not in metrics.page().decode()
    assert len(told(metrics)) <= size + 10


@pytest.mark.parametrize(
    ("verdict", "labels"),
    [
        (Verdict(True, "a", ""), 'action="allowed",policy="guard",reason="none"'),
        (Verdict(True, "b", "masked"), 'action="changed",policy="guard",reason="other"'),
        (Verdict(False, "b", "timeout"), 'action="blocked",policy="guard",reason="failure"'),
        (
            Verdict(True, "a", "advice: rule_failed: KeyError"),
            'action="allowed",policy="guard",reason="failure"',
        ),
        (
            Verdict(True, "a", "建议：rule_failed: KeyError"),
            'action="allowed",policy="guard",reason="failure"',
        ),
    ],
)
def test_verdicts_are_counted_by_action(verdict: Verdict, labels: str) -> None:
    metrics = Metrics()
    verdict = replace(verdict, basis=Basis(policy="guard"))
    metrics.observe_verdict(Vetted("a", (), "zh", verdict, 1.0))
    page = told(metrics)
    assert page[f"youju_compliance_verdicts_total{{{labels}}}"] == 1
    failed = verdict.reason not in ("", "masked")
    assert page['youju_compliance_failures_total{kind="gate"}'] == failed


def test_what_is_under_way_is_shown() -> None:
    metrics = Metrics()
    metrics.show({"queued": 3}, {"models": 2})
    page = told(metrics)
    assert (page['youju_jobs{state="queued"}'], page['youju_calls{pool="models"}']) == (3, 2)


def test_an_answer_has_no_cause_unless_it_is_given() -> None:
    assert (Answer("", Outcome.ANSWERED, 0.0, (), None, "t", {}).cause) == ""
