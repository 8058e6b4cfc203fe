"""The way out of the answering path: nothing leaves that was not vetted and written down before.

It stands around whatever makes answers, so that a path that is added later can't go round it.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version

from app.answer_events import AnswerEvent, AnswerRequest, DoneEvent, SentenceEvent
from app.answer_question import stopping
from app.metrics import Metrics
from generation.audit import Vetted, noting
from generation.language import question_language
from generation.prompt import Language
from generation.records import Answer, Outcome, Verdict
from generation.reply_sentences import join_sentences
from generation.scripts import Script, fallback_texts
from ingestion.errors import CatalogError
from ingestion.store.audit import Audit, AuditDraft, AuditHead

logger = logging.getLogger(__name__)

Answering = Callable[[AnswerRequest], Iterator[AnswerEvent]]
Append = Callable[[Sequence[AuditDraft]], AuditHead]


class AuditedAnswers:
    """Answers as `answering` makes them, each sentence in the audit before it is released.

    fallbacks: what is shown, and the end, where a sentence was not vetted or can't be written
    down. approved: texts that may be shown as they are. versions: ids of models and code.
    """

    def __init__(
        self,
        answering: Answering,
        append: Append,
        fallbacks: Mapping[Language, str],
        approved: Collection[str],
        versions: Mapping[str, str],
        metrics: Metrics,
    ) -> None:
        self._answering = answering
        self._append = append
        self._fallbacks = dict(fallbacks)
        self._approved = frozenset(approved) | frozenset(fallbacks.values())
        self._versions = dict(versions)
        self._metrics = metrics

    def answer(self, request: AnswerRequest) -> Iterator[AnswerEvent]:
        """Yield what was vetted and written down; otherwise one approved sentence, then the end."""
        events = self._answering(request)
        notes: list[Vetted] = []
        released: list[str] = []
        vetted: set[str] = set()
        with stopping(events):
            while True:
                try:
                    with noting(notes):
                        event = next(events)
                except StopIteration:
                    return
                vetted.update(note.verdict.text for note in notes)
                if isinstance(event, DoneEvent):
                    yield from self._end(request, event, notes, released)
                    return
                problem = self._problem(request, event, notes, vetted)
                notes.clear()
                if problem:
                    yield from self._fall_back(request, problem, released)
                    return
                released.append(event.text)
                yield event

    def _end(
        self,
        request: AnswerRequest,
        event: DoneEvent,
        notes: Sequence[Vetted],
        released: list[str],
    ) -> Iterator[AnswerEvent]:
        if notes:
            self._written(self._drafts(request, notes, ""))
        if event.answer.text != join_sentences(released):
            logger.error("An answer's end is not what was released, trace %s", request.trace_id)
            self._metrics.count_failure("unvetted")
            event = DoneEvent(replace(event.answer, text=join_sentences(released)))
        self._metrics.count_outcome(event.answer.outcome)
        yield event

    def _problem(
        self,
        request: AnswerRequest,
        event: SentenceEvent,
        notes: Sequence[Vetted],
        vetted: Collection[str],
    ) -> str:
        for note in notes:
            self._metrics.observe_verdict(note)
        if event.text not in vetted and event.text not in self._approved:
            return "unvetted"
        known = notes or [_as_approved(event.text, request)]
        return "" if self._written(self._drafts(request, known, event.text)) else "audit"

    def _fall_back(
        self, request: AnswerRequest, problem: str, released: list[str]
    ) -> Iterator[AnswerEvent]:
        """Say the approved sentence in place of one that may not be shown, and end there."""
        self._metrics.count_failure(problem)
        logger.error("A sentence was held back (%s), trace %s", problem, request.trace_id)
        text = self._fallbacks[question_language(request.question)]
        if problem != "audit":
            self._written(self._drafts(request, [_as_approved(text, request)], text))
        yield SentenceEvent(len(released), text, ())
        released.append(text)
        self._metrics.count_outcome(Outcome.SCRIPT)
        yield _script_end(request, released)

    def _written(self, drafts: Sequence[AuditDraft]) -> bool:
        try:
            self._append(drafts)
        except (CatalogError, ValueError, OSError):
            logger.exception("The audit can't be written")
            return False
        except Exception:
            # Fails closed: whatever went wrong, what isn't written down isn't shown.
            logger.exception("The audit failed")
            return False
        return True

    def _drafts(
        self, request: AnswerRequest, notes: Sequence[Vetted], shown: str
    ) -> list[AuditDraft]:
        last = len(notes) - 1
        return [
            self._draft(request, note, shown if at == last else "") for at, note in enumerate(notes)
        ]

    def _draft(self, request: AnswerRequest, note: Vetted, shown: str) -> AuditDraft:
        verdict, basis = note.verdict, note.verdict.basis
        facts = {
            "allowed": verdict.allowed,
            "reason": verdict.reason,
            "policy": basis.policy,
            "stage": basis.stage or request.stage or "",
            "rule_id": basis.rule_id,
            "rule_version": basis.rule_version,
            "script_id": basis.script_id,
            "script_version": basis.script_version,
            "score": basis.score,
            "threshold": basis.threshold,
            "language": note.language,
            "milliseconds": round(note.milliseconds, 3),
            "versions": self._versions,
        }
        texts = {
            "question": request.question,
            "draft": note.draft,
            "evidence": list(note.evidence),
            "verdict": verdict.text,
            "shown": shown,
        }
        session = request.session_id or ""
        return AuditDraft(
            request.trace_id, request.collection, _action(note), session, facts, texts
        )


def _action(note: Vetted) -> str:
    if not note.verdict.allowed:
        return "blocked"
    return "allowed" if note.verdict.text == note.draft else "changed"


def _as_approved(text: str, request: AnswerRequest) -> Vetted:
    language = question_language(request.question)
    return Vetted(text, (), language, Verdict(True, text, "approved wording"), 0.0)


def _script_end(request: AnswerRequest, released: Sequence[str]) -> DoneEvent:
    text = join_sentences(released)
    return DoneEvent(Answer(text, Outcome.SCRIPT, 0.0, (), None, request.trace_id, {}))


def with_audit(
    answering: Answering,
    audit: Audit,
    scripts: Sequence[Script],
    models: Mapping[str, str],
    metrics: Metrics,
) -> Answering:
    """Wrap an answering function so that nothing leaves it unvetted or unwritten.

    scripts: those that ship, which may be shown as they are. models: their names by what they do.
    """
    fallbacks = fallback_texts(scripts)
    versions = {"code": version("youju"), **models}
    approved = [script.text for script in scripts]
    return AuditedAnswers(answering, audit.append, fallbacks, approved, versions, metrics).answer
