"""Conversations by stage: what scripts answer at once, and when a human takes over."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import UnionType

from app.answer_events import AnswerEvent, AnswerRequest, DoneEvent, SentenceEvent
from app.answer_question import Fallback, stopping
from app.conversation import Answering
from generation.bounded import Bounded
from generation.compliance import Gate, has_failed
from generation.errors import failing_closed
from generation.language import question_language
from generation.policy import Mode, Policy
from generation.prompt import Language
from generation.records import Answer, Outcome
from generation.script_library import ScriptLibrary
from generation.scripts import Script, Stage
from generation.stages import GREETING, HUMAN, Intents
from ingestion.store.policies import Policies, SessionState
from ingestion.store.scripts import StoredScript

# The first question also embeds the examples of intents.
PLAN_SECONDS = 10.0
FALLBACK_SECONDS = 2.0
_REMEMBERED = 50

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a question is answered.

    asked: it with its stage; script: what answers at once; is_staged: a stage is to be kept.
    """

    asked: AnswerRequest
    state: SessionState
    script: StoredScript | None = None
    handover: bool = False
    is_staged: bool = True


@dataclass(frozen=True, slots=True)
class StagedAnswers:
    """Wraps an answering function; without approved scripts of a collection it only passes on.

    failed: is told where a conversation's stage can't be kept. bounded: how long planning, and
    keeping a stage, may take.
    """

    library: ScriptLibrary
    intents: Intents
    states: Policies
    gate: Gate
    answering: Answering
    failed: Callable[[str], None] = lambda _kind: None
    bounded: Bounded = field(default_factory=lambda: Bounded(PLAN_SECONDS, name="stages"))

    def answer(self, request: AnswerRequest) -> Iterator[AnswerEvent]:
        """Yield what the answering function does, or a script in place of it.

        Raises as it does, and ComplianceFailed.
        """
        started = time.perf_counter()
        with failing_closed("stages"):
            plan = self.bounded.call(lambda: self._plan(request))
            language = question_language(request.question)
        if not plan.is_staged:
            yield from self.answering(plan.asked)
            return
        events = (
            self.answering(plan.asked)
            if plan.script is None
            else self._said(plan, plan.script, language, started)
        )
        with stopping(events):
            for event in events:
                if isinstance(event, DoneEvent):
                    yield self._ended(event, plan)
                else:
                    yield event

    def _plan(self, request: AnswerRequest) -> _Plan:
        self.library.follow()
        collection = request.collection
        state = SessionState()
        if request.session_id:
            state = self.states.state(_key(request))
        policy = self.library.policy(collection)
        if self.library.is_empty(collection):
            stage = request.stage or state.stage or None
            return _Plan(replace(request, stage=stage), state, is_staged=False)
        intent = self.intents.of(policy.intents).intent(request.question)
        stage = request.stage or policy.next_stage(state.stage, intent)
        language = question_language(request.question)
        script, handover = self._first(request, policy, intent, stage, state, language)
        _refuse_unlike(script, StoredScript | None)
        _refuse_unlike(state, SessionState)
        _refuse_unlike(stage, str)
        asked = replace(request, stage=stage, used=state.used)
        return _Plan(asked, state, script, handover)

    def _first(
        self,
        request: AnswerRequest,
        policy: Policy,
        intent: str | None,
        stage: str,
        state: SessionState,
        language: Language,
    ) -> tuple[StoredScript | None, bool]:
        """Return the script that answers at once, and whether it hands over."""
        collection = request.collection
        if policy.mode is Mode.OFF:
            return None, False
        stuck = policy.handover_after and state.fallbacks >= policy.handover_after
        if intent == HUMAN or stuck:
            script = self.library.handover(collection, language, state.used)
            if script is not None:
                return script, True
        if not policy.script_first:
            return None, False
        found = self.library.nearest(
            request.question, collection=collection, language=language, limit=1
        )
        if found and found[0].score >= policy.threshold_at(stage):
            return found[0].script, False
        if intent == GREETING:
            return self.library.greeting(collection, language, state.used), False
        return None, False

    def _said(
        self, plan: _Plan, script: StoredScript, language: Language, started: float
    ) -> Iterator[AnswerEvent]:
        asked = plan.asked
        with failing_closed("gate"):
            verdict = self.gate.gate(
                script.text,
                evidence=(),
                language=language,
                collection=asked.collection,
                stage=asked.stage or "",
                approved=True,
            )
        yield SentenceEvent(0, verdict.text, ())
        spent = round((time.perf_counter() - started) * 1000, 1)
        yield DoneEvent(
            Answer(
                text=verdict.text,
                outcome=Outcome.SCRIPT,
                confidence=0.0,
                citations=(),
                script_id=script.script_id if verdict.allowed else None,
                trace_id=asked.trace_id,
                timings_ms={"total": spent},
                handover=plan.handover,
                stage=asked.stage,
                is_fallback=not verdict.allowed,
                cause="failed" if has_failed(verdict) else "blocked",
            )
        )

    def _ended(self, event: DoneEvent, plan: _Plan) -> DoneEvent:
        """Note where the conversation stands now, and return the event with its stage."""
        answer, asked = event.answer, plan.asked
        failed = answer.is_fallback or answer.outcome is Outcome.REFUSED
        fallbacks = plan.state.fallbacks + 1 if failed else 0
        used = plan.state.used + ((answer.script_id,) if answer.script_id else ())
        if asked.session_id is not None:
            kept = SessionState(asked.stage or "", used[-_REMEMBERED:], fallbacks)
            self._keep(asked, kept)
        return DoneEvent(replace(answer, stage=asked.stage))

    def _keep(self, asked: AnswerRequest, state: SessionState) -> None:
        try:
            self.bounded.call(lambda: self.states.keep_state(_key(asked), asked.collection, state))
        except Exception:
            # All of the answer is out already: it ends as it should, and the next turn starts
            # from the stage before.
            logger.exception("A conversation's stage can't be kept")
            self.failed("session")


def _refuse_unlike(value: object, kind: type | UnionType) -> None:
    """Raise TypeError unless a value is of a kind: what is of none leads to nothing shown."""
    if not isinstance(value, kind):
        raise TypeError(f"a {type(value).__name__} is no {kind}")


def _key(request: AnswerRequest) -> str:
    return f"{request.collection}\n{request.session_id}"


def fallback_of(
    library: ScriptLibrary,
    failed: Callable[[str], None] = lambda _kind: None,
    seconds: float = FALLBACK_SECONDS,
) -> Fallback:
    """Return how an answer finds a collection's own fallback.

    failed: is told where none can be found because something is wrong; then there is none.
    """
    bounded = Bounded(seconds, name="fallback")

    def choose(
        collection: str, stage: str, language: Language, used: Sequence[str]
    ) -> Script | None:
        try:
            found = bounded.call(lambda: library.fallback(collection, stage, language, used))
            if found is None:
                return None
            _refuse_unlike(found, StoredScript)
            return Script(found.script_id, language, Stage.FALLBACK, found.text)
        except Exception:
            # Whatever is wrong with the collection's own wording, there is the built-in one.
            logger.exception("A collection's own fallback can't be found")
            failed("fallback")
            return None

    return choose
