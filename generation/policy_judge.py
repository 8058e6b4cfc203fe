"""The verdict of a collection's policy: rules, approved wording, or both."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from generation.compliance import ADVICE, Candidate, Gate, Rule, review
from generation.compliance_rules import ALWAYS
from generation.policy import Mode, Policy
from generation.policy_words import replaced, unmatched
from generation.prompt import Language
from generation.records import Basis, Verdict
from generation.script_index import Match
from generation.script_library import ScriptLibrary


class PolicyJudge:
    """Judges every text by the policy that is in force at that moment.

    What goes wrong inside is left to the gate, which fails closed.
    rules: of `guard` and above. always: those that hold under `off` and `advise` too, against
    leaks of our own instructions.
    """

    def __init__(
        self, library: ScriptLibrary, rules: Sequence[Rule], always: Sequence[Rule]
    ) -> None:
        self._library = library
        self._rules = tuple(rules)
        self._always = tuple(always)

    def __call__(self, candidate: Candidate, script: str) -> Verdict:
        """Return the verdict. Raises what the library and its store raise."""
        self._library.follow()
        policy = self._library.policy(candidate.collection)
        basis = Basis(
            policy=policy.mode.value, policy_version=policy.version, stage=candidate.stage
        )
        if policy.mode is Mode.OFF:
            return self._based(review(candidate, rules=self._always, script=script), basis)
        if policy.mode is Mode.ADVISE:
            return self._based(self._advise(candidate, script), basis)
        if policy.mode is Mode.GUARD or candidate.approved:
            return self._based(review(candidate, rules=self._rules, script=script), basis)
        return self._matched(candidate, script, policy, basis)

    def _matched(self, candidate: Candidate, script: str, policy: Policy, basis: Basis) -> Verdict:
        threshold = policy.threshold_at(candidate.stage)
        best = self._best(candidate)
        if best is not None:
            basis = replace(
                basis,
                script_id=best.script.script_id,
                script_version=best.script.version,
                score=round(best.score, 4),
                threshold=threshold,
            )
            if best.score >= threshold:
                reason = replaced(candidate.language, script=best.script.script_id)
                return Verdict(True, best.script.text, reason, basis)
        if policy.mode is Mode.HYBRID:
            return self._based(review(candidate, rules=self._rules, script=script), basis)
        return Verdict(False, script, _why(best, threshold, candidate.language), basis)

    def _best(self, candidate: Candidate) -> Match | None:
        found = self._library.nearest(
            candidate.text,
            collection=candidate.collection,
            language=candidate.language,
            limit=1,
        )
        return found[0] if found else None

    def _advise(self, candidate: Candidate, script: str) -> Verdict:
        safe = review(candidate, rules=self._always, script=script)
        if not safe.allowed:
            return safe
        advice = review(candidate, rules=self._rules, script=script)
        reason = advice.reason if advice.allowed else f"{ADVICE[candidate.language]}{advice.reason}"
        return Verdict(True, safe.text, reason, advice.basis)

    def _based(self, verdict: Verdict, basis: Basis) -> Verdict:
        ruled = verdict.basis
        merged = replace(
            basis, rules=ruled.rules, rule_id=ruled.rule_id, rule_version=ruled.rule_version
        )
        return replace(verdict, basis=merged)


def policy_gate(
    library: ScriptLibrary, rules: Sequence[Rule], fallbacks: Mapping[Language, str]
) -> Gate:
    """Return the gate that every answer passes, as the policies of collections want it."""
    return Gate(rules, fallbacks, judge=PolicyJudge(library, rules, ALWAYS))


def _why(best: Match | None, threshold: float, language: Language) -> str:
    if best is None:
        return unmatched(language)
    return unmatched(language, differs=best.differs, score=best.score, threshold=threshold)
