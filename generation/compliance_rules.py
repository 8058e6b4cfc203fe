"""The rules in force, in order, as the gate asks them."""

from collections.abc import Callable
from dataclasses import replace

from generation.compliance import Candidate, Rule
from generation.records import Basis, Verdict
from generation.rules.invisible import strip_invisible
from generation.rules.prompt_leak import block_prompt_leak
from generation.rules.records import Judgement
from generation.rules.rule_book import RuleBook

ALWAYS: tuple[Rule, ...] = (strip_invisible, block_prompt_leak)
"""What every text passes: what is invisible goes first, as it could split a word."""


def rules_of(book_of: Callable[[str], RuleBook]) -> tuple[Rule, ...]:
    """Return `ALWAYS` and, as the last, the rules of the text's collection (empty: none named)."""

    def judge_by_book(candidate: Candidate) -> Verdict:
        book = book_of(candidate.collection)
        judgement = book.judge(
            candidate.text,
            evidence=candidate.evidence,
            language=candidate.language,
            stage=candidate.stage or None,
        )
        verdict = verdict_of(judgement)
        return replace(verdict, basis=replace(verdict.basis, rules=book.rules.digest))

    return *ALWAYS, judge_by_book


def verdict_of(judgement: Judgement) -> Verdict:
    """Return a judgement as the gate passes it on: what decided it, and why in a user's words."""
    deciding = judgement.deciding
    if deciding is None:
        return Verdict(judgement.allowed, judgement.text, "")
    reasons = dict.fromkeys(find.reason for find in (deciding, *judgement.finds))
    said = "; ".join(reasons) if judgement.allowed else deciding.reason
    basis = Basis(rule_id=deciding.rule_id, rule_version=deciding.version)
    return Verdict(judgement.allowed, judgement.text, said, basis)
