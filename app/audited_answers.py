"""The way out of the answering path: nothing leaves that was not vetted and written down before.

It stands around whatever makes answers, so that a path that is added later can't go round it.
"""

import logging
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import version

from app.answer_events import AnswerEvent, AnswerRequest, DoneEvent, SentenceEvent
from app.answer_question import stopping
from app.audit_drafts import as_approved, audit_drafts
from app.metrics import Metrics
from generation.audit import Vetted, noting
from generation.bounded import Bounded
from generation.errors import ComplianceFailed
from generation.language import question_language
from generation.prompt import Language
from generation.records import Answer, Outcome
from generation.reply_sentences import join_sentences
from generation.scripts import Script, Stage, fallback_texts
from ingestion.store.audit import Audit, AuditDraft, AuditHead
from ingestion.store.fault_points import FaultPoint, reach

# A document that is stored meanwhile can hold the catalog for seconds.
AUDIT_SECONDS = 10.0
# So many approved texts that were shown while the audit was away are entered when it is back.
_LATE = 1000

logger = logging.getLogger(__name__)

Answering = Callable[[AnswerRequest], Iterator[AnswerEvent]]
Append = Callable[[Sequence[AuditDraft]], AuditHead]


@dataclass(slots=True)
class _Release:
    """One answer on its way out. notes: verdicts not yet written down."""

    request: AnswerRequest
    notes: list[Vetted] = field(default_factory=list)
    released: list[SentenceEvent] = field(default_factory=list)
    vetted: set[str] = field(default_factory=set)
    milliseconds: float = 0.0

    @property
    def text(self) -> str:
        return join_sentences([one.text for one in self.released])


class AuditedAnswers:
    """Answers as `answering` makes them, each sentence in the audit before it is released.

    fallbacks: what is shown, and the end, where a sentence was not vetted or can't be written
    down; endings: the same where the answer has begun, None: as fallbacks. approved: texts that
    may be shown as they are. versions: ids of models and code. seconds: longest that writing may
    take.
    """

    def __init__(
        self,
        answering: Answering,
        append: Append,
        fallbacks: Mapping[Language, str],
        approved: Collection[str],
        versions: Mapping[str, str],
        metrics: Metrics,
        endings: Mapping[Language, str] | None = None,
        seconds: float = AUDIT_SECONDS,
    ) -> None:
        self._answering = answering
        self._append = append
        self._fallbacks = dict(fallbacks)
        self._endings = dict(endings or fallbacks)
        texts = (*approved, *self._fallbacks.values(), *self._endings.values())
        self._approved = frozenset(texts)
        self._versions = dict(versions)
        self._metrics = metrics
        self._bounded = Bounded(seconds, name="audit")
        self._late = deque[AuditDraft](maxlen=_LATE)

    def answer(self, request: AnswerRequest) -> Iterator[AnswerEvent]:
        """Yield what was vetted and written down; otherwise one approved sentence, then the end.

        Raises what the answering function raises, but for ComplianceFailed.
        """
        events = self._answering(request)
        release = _Release(request)
        with stopping(events):
            while True:
                try:
                    with noting(release.notes):
                        event = next(events)
                except StopIteration:
                    return
                except ComplianceFailed as error:
                    yield from self._fall_back(release, error.part, error.cause)
                    return
                release.vetted.update(note.verdict.text for note in release.notes)
                if isinstance(event, DoneEvent):
                    yield self._end(release, event)
                    return
                problem = self._problem(release, event)
                if problem:
                    yield from self._fall_back(release, problem, problem)
                    return
                release.released.append(event)
                reach(FaultPoint.SENTENCE_RELEASING)
                yield event
                reach(FaultPoint.SENTENCE_RELEASED)

    def _end(self, release: _Release, event: DoneEvent) -> DoneEvent:
        self._observe(release)
        if release.notes:
            self._written(release.request, release.notes, "")
        answer = event.answer
        if answer.text != release.text:
            logger.error("An answer's end is not what was released, trace %s", answer.trace_id)
            self._metrics.count_failure("unvetted")
            answer = replace(answer, text=release.text)
        self._metrics.observe_answer(answer, release.milliseconds / 1000)
        return DoneEvent(answer)

    def _problem(self, release: _Release, event: SentenceEvent) -> str:
        """Return why a sentence may not be released; empty: it is vetted and written down."""
        self._observe(release)
        if event.text not in release.vetted and event.text not in self._approved:
            return "unvetted"
        known = release.notes or [as_approved(event.text, release.request)]
        if not self._written(release.request, known, event.text):
            return "audit"
        release.notes.clear()
        return ""

    def _observe(self, release: _Release) -> None:
        for note in release.notes:
            self._metrics.observe_verdict(note)
            release.milliseconds += note.milliseconds

    def _fall_back(self, release: _Release, problem: str, cause: str) -> Iterator[AnswerEvent]:
        """Say the approved sentence in place of one that may not be shown, and end there."""
        self._metrics.count_failure(problem)
        request = release.request
        logger.error("A sentence was held back (%s: %s), %s", problem, cause, request.trace_id)
        texts = self._endings if release.released else self._fallbacks
        text = texts[question_language(request.question)]
        reason = f"held back: {problem}: {cause}"
        notes = [*release.notes, as_approved(text, request, reason)]
        if problem == "audit" or not self._written(request, notes, text):
            self._note_late(request, notes[-1:], text)
        said = SentenceEvent(len(release.released), text, ())
        release.released.append(said)
        yield said
        answer = _script_end(release, problem)
        self._metrics.observe_answer(answer, release.milliseconds / 1000)
        yield DoneEvent(answer)

    def _written(self, request: AnswerRequest, notes: Sequence[Vetted], shown: str) -> bool:
        def write() -> AuditHead:
            drafts = audit_drafts(request, notes, shown, self._versions)
            late = self._taken_late()
            try:
                return self._append([*late, *drafts])
            except Exception:
                self._late.extendleft(reversed(late))
                raise

        try:
            head = self._bounded.call(write)
        except Exception:
            # Fails closed: whatever went wrong, what isn't written down isn't shown.
            logger.exception("The audit can't be written")
            return False
        return isinstance(head, AuditHead)

    def _note_late(self, request: AnswerRequest, notes: Sequence[Vetted], shown: str) -> None:
        """Keep what was shown in place of what could not be written down, for the next entry."""
        for draft in audit_drafts(request, notes, shown, self._versions):
            self._late.append(replace(draft, facts={**draft.facts, "late": True}))

    def _taken_late(self) -> list[AuditDraft]:
        taken = list[AuditDraft]()
        with suppress(IndexError):
            while True:
                taken.append(self._late.popleft())
        return taken


def _script_end(release: _Release, problem: str) -> Answer:
    cited = [citation for one in release.released for citation in one.citations]
    return Answer(
        text=release.text,
        outcome=Outcome.SCRIPT,
        confidence=0.0,
        citations=tuple(cited),
        script_id=None,
        trace_id=release.request.trace_id,
        timings_ms={},
        is_fallback=True,
        cause=problem,
    )


def with_audit(
    answering: Answering,
    audit: Audit,
    scripts: Sequence[Script],
    models: Mapping[str, str],
    metrics: Metrics,
    seconds: float = AUDIT_SECONDS,
) -> Answering:
    """Wrap an answering function so that nothing leaves it unvetted or unwritten.

    scripts: those that ship, which may be shown as they are. models: their names by what they do.
    """
    return AuditedAnswers(
        answering,
        audit.append,
        fallback_texts(scripts),
        [script.text for script in scripts],
        {"code": version("youju"), **models},
        metrics,
        fallback_texts(scripts, Stage.CUT_SHORT),
        seconds,
    ).answer
