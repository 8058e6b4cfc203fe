"""The gate before the user: every answer, on every path, passes `review`, and nothing skips it.

It fails closed. Whatever goes wrong inside a rule, the verdict carries an approved script, never
the text that could not be judged.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from generation.audit import noted
from generation.bounded import Bounded, Crowded, Overran, ThreadEnded
from generation.prompt import Language
from generation.records import Basis, Verdict


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that wants to be shown, and the quotes that it cites.

    collection: whose policy binds it; stage: where its conversation stands; approved: the wording
    is that of a script already, so that only rules bind it.
    """

    text: str
    evidence: tuple[str, ...]
    language: Language
    collection: str = ""
    stage: str = ""
    approved: bool = False


ADVICE: Mapping[Language, str] = {"en": "advice: ", "zh": "建议："}
"""Begins the reason, by language, of what is let through although rules would block it."""

Rule = Callable[[Candidate], Verdict]
"""Allows a text (perhaps in a changed form, saying why) or blocks it. May raise: that blocks."""

Judge = Callable[[Candidate, str], Verdict]
"""Gives the verdict on a text, with the script that is shown in its place where it is blocked."""


def review(candidate: Candidate, *, rules: Sequence[Rule], script: str) -> Verdict:
    """Return what may be shown: the text after all rules, or `script` where one of them blocks.

    Rules see the text in turn, each as the one before left it. An exception inside a rule, and a
    text that is empty in the end, block too. `Verdict.text` is safe to show in every case;
    `reason` says what changed or blocked it, and is empty where nothing did; `basis` is the last
    one that did. Never raises.
    """
    text, reasons, basis = candidate.text, list[str](), Basis()
    for rule in rules:
        try:
            verdict = _checked(rule(replace(candidate, text=text)))
        except Exception as error:  # noqa: BLE001  # the last resort of a gate that fails closed
            return Verdict(False, script, f"rule_failed: {type(error).__name__}")
        if not verdict.allowed:
            return Verdict(False, script, verdict.reason, verdict.basis)
        text, asked = verdict.text, verdict.basis.rules or basis.rules
        if verdict.reason:
            reasons.append(verdict.reason)
            basis = verdict.basis
        basis = replace(basis, rules=asked)
    if not text.strip():
        return Verdict(False, script, "empty")
    return Verdict(True, text, "; ".join(reasons), basis)


def has_failed(verdict: Verdict) -> bool:
    """Tell whether compliance failed at a text, so that its verdict says nothing of the text."""
    reason = verdict.reason
    for prefix in ADVICE.values():
        reason = reason.removeprefix(prefix)
    return reason in ("overloaded", "timeout") or reason.startswith("rule_failed")


def _checked(verdict: object) -> Verdict:
    """Return what is a verdict in every part. Raises TypeError: a truthy thing allows nothing."""
    kinds = {"allowed": bool, "text": str, "reason": str, "basis": Basis}
    if isinstance(verdict, Verdict) and all(
        isinstance(getattr(verdict, name), kind) for name, kind in kinds.items()
    ):
        numbers = verdict.basis.score, verdict.basis.threshold
        if all(number is None or math.isfinite(number) for number in numbers):
            return verdict
    raise TypeError("a rule gave no verdict")


class Gate:
    """`review` with fixed rules and scripts under a deadline; safe to share between threads.

    judge: decides in place of `review`, as policies do.
    seconds: longest a review may take. at_once: reviews under way together, those that overran
    included; beyond it texts are blocked at once, so that hanging rules cannot pile up threads.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        scripts: Mapping[Language, str],
        *,
        seconds: float = 2.0,
        at_once: int = 32,
        judge: Judge | None = None,
    ) -> None:
        self._judge = judge or _reviewer(rules)
        self._scripts = dict(scripts)
        self._bounded = Bounded(seconds, at_once, "compliance")

    @noted
    def gate(
        self,
        text: str,
        *,
        evidence: Sequence[str],
        language: Language,
        collection: str = "",
        stage: str = "",
        approved: bool = False,
    ) -> Verdict:
        """Return the verdict on a sentence or a whole answer. Never raises, never hangs."""
        script = self._scripts[language]
        candidate = Candidate(text, tuple(evidence), language, collection, stage, approved)
        try:
            return self._bounded.call(lambda: _checked(self._judge(candidate, script)))
        except Crowded:
            reason = "overloaded"
        except Overran:
            reason = "timeout"
        except ThreadEnded:
            reason = "rule_failed: thread ended"
        except Exception as error:  # noqa: BLE001  # the last resort of a gate that fails closed
            reason = f"rule_failed: {type(error).__name__}"
        return Verdict(False, script, reason)


def _reviewer(rules: Sequence[Rule]) -> Judge:
    kept = tuple(rules)
    return lambda candidate, script: review(candidate, rules=kept, script=script)
