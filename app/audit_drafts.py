"""What the audit is told of a verdict."""

from collections.abc import Mapping, Sequence

from app.answer_events import AnswerRequest
from generation.audit import Vetted
from generation.language import question_language
from generation.records import Verdict
from ingestion.store.audit import AuditDraft


def audit_drafts(
    request: AnswerRequest, notes: Sequence[Vetted], shown: str, versions: Mapping[str, str]
) -> list[AuditDraft]:
    """Return an entry for each verdict; what is shown is what the last one led to.

    versions: of code and models, by what they are.
    """
    last = len(notes) - 1
    return [
        _draft(request, note, shown if at == last else "", versions)
        for at, note in enumerate(notes)
    ]


def as_approved(text: str, request: AnswerRequest, reason: str = "approved wording") -> Vetted:
    """Return the note of a text that is shown without a verdict, because it is approved."""
    language = question_language(request.question)
    return Vetted(text, (), language, Verdict(True, text, reason), 0.0, approved=True)


def action_of(note: Vetted) -> str:
    """Return what became of a text: allowed, changed or blocked."""
    if not note.verdict.allowed:
        return "blocked"
    return "allowed" if note.verdict.text == note.draft else "changed"


def _draft(
    request: AnswerRequest, note: Vetted, shown: str, versions: Mapping[str, str]
) -> AuditDraft:
    verdict, basis = note.verdict, note.verdict.basis
    facts = {
        "allowed": verdict.allowed,
        "reason": verdict.reason,
        "policy": basis.policy,
        "policy_version": basis.policy_version,
        "rules": basis.rules,
        "stage": basis.stage or request.stage or "",
        "rule_id": basis.rule_id,
        "rule_version": basis.rule_version,
        "script_id": basis.script_id,
        "script_version": basis.script_version,
        "score": basis.score,
        "threshold": basis.threshold,
        "language": note.language,
        "approved": note.approved,
        "judged": note.is_verdict,
        "judged_at": note.judged_at,
        "milliseconds": round(note.milliseconds, 3),
        "versions": dict(versions),
    }
    texts = {
        "question": request.question,
        "draft": note.draft,
        "evidence": list(note.evidence),
        "verdict": verdict.text,
        "shown": shown,
    }
    session = request.session_id or ""
    return AuditDraft(request.trace_id, request.collection, action_of(note), session, facts, texts)
