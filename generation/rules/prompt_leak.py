"""Keep our own instructions out of what is shown."""

import re
from functools import cache

from generation.compliance import Candidate
from generation.control_text import has_turn_marker
from generation.folding import folded
from generation.prompt import REFUSALS, Language, template
from generation.records import Verdict

_LANGUAGES: tuple[Language, ...] = ("zh", "en")
_PLACEHOLDER = re.compile(r"\{\w+\}")
_CLAUSE = re.compile(r"[^，。：；！？,.:;!?\n]+")
_LEAK_LENGTH = {True: 24, False: 10}  # folded characters, by whether they are all ASCII


def block_prompt_leak(candidate: Candidate) -> Verdict:
    """Block a text that holds a turn marker or the wording of our own instructions.

    Wording that the evidence itself has is no leak.
    """
    if has_turn_marker(candidate.text):
        return Verdict(False, "", "prompt_leak: turn marker")
    text = folded(candidate.text)
    quoted = folded("\n".join(candidate.evidence))
    if any(clause in text and clause not in quoted for clause in _instruction_clauses()):
        return Verdict(False, "", "prompt_leak: instructions")
    return Verdict(True, candidate.text, "")


@cache
def _instruction_clauses() -> tuple[str, ...]:
    refusals = {folded(refusal) for refusal in REFUSALS.values()}
    clauses: list[str] = []
    for language in _LANGUAGES:
        text = _PLACEHOLDER.sub("\n", template("answer", language))
        clauses.extend(folded(clause) for clause in _CLAUSE.findall(text))
    return tuple(
        clause
        for clause in clauses
        if len(clause) >= _LEAK_LENGTH[clause.isascii()] and clause not in refusals
    )
