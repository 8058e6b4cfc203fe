"""Conversations by stage: what scripts answer at once, and when a human takes over."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.answer_events import AnswerEvent, AnswerRequest, DoneEvent, SentenceEvent
from app.answer_question import Fallback, stopping
from app.conversation import Answering
from generation.compliance import Gate
from generation.language import question_language
from generation.policy import Mode, Policy
from generation.prompt import Language
from generation.records import Answer, Outcome
from generation.script_library import ScriptLibrary
from generation.scripts import Script, Stage
from generation.stages import GREETING, HUMAN, Intents
from ingestion.store.policies import Policies, SessionState
from ingestion.store.scripts import StoredScript

_REMEMBERED = 50


@dataclass(frozen=True, slots=True)
class StagedAnswers:
    """Wraps an answering function; without approved scripts of a collection it only passes on."""

    library: ScriptLibrary
    intents: Intents
    states: Policies
    gate: Gate
    answering: Answering

    def answer(self, request: AnswerRequest) -> Iterator[AnswerEvent]:
        """Yield what the answering function does, or a script in place of it.

        Raises as it does, and CatalogUnavailable.
        """
        started = time.perf_counter()
        self.library.follow()
        collection = request.collection
        key = f"{collection}\n{request.session_id}"
        state = self.states.state(key) if request.session_id else SessionState()
        policy = self.library.policy(collection)
        if self.library.is_empty(collection):
            yield from self.answering(replace(request, stage=request.stage or state.stage or None))
            return
        intent = self.intents.intent(request.question)
        stage = request.stage or policy.next_stage(state.stage, intent)
        language = question_language(request.question)
        script, handover = self._first(request, policy, intent, stage, state, language)
        asked = replace(request, stage=stage, used=state.used)
        events = (
            self.answering(asked)
            if script is None
            else self._said(asked, script, language, started, handover=handover)
        )
        with stopping(events):
            for event in events:
                if isinstance(event, DoneEvent):
                    yield self._ended(event, asked, state, key)
                else:
                    yield event

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
        self,
        request: AnswerRequest,
        script: StoredScript,
        language: Language,
        started: float,
        *,
        handover: bool,
    ) -> Iterator[AnswerEvent]:
        verdict = self.gate.gate(
            script.text,
            evidence=(),
            language=language,
            collection=request.collection,
            stage=request.stage or "",
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
                trace_id=request.trace_id,
                timings_ms={"total": spent},
                handover=handover,
                stage=request.stage,
                is_fallback=not verdict.allowed,
            )
        )

    def _ended(
        self,
        event: DoneEvent,
        request: AnswerRequest,
        state: SessionState,
        key: str,
    ) -> DoneEvent:
        """Note where the conversation stands now, and return the event with its stage."""
        answer = event.answer
        failed = answer.is_fallback or answer.outcome is Outcome.REFUSED
        fallbacks = state.fallbacks + 1 if failed else 0
        used = state.used + ((answer.script_id,) if answer.script_id else ())
        if request.session_id is not None:
            kept = SessionState(request.stage or "", used[-_REMEMBERED:], fallbacks)
            self.states.keep_state(key, request.collection, kept)
        return DoneEvent(replace(answer, stage=request.stage))


def fallback_of(library: ScriptLibrary) -> Fallback:
    """Return how an answer finds a collection's own fallback."""

    def choose(
        collection: str, stage: str, language: Language, used: Sequence[str]
    ) -> Script | None:
        found = library.fallback(collection, stage, language, used)
        if found is None:
            return None
        return Script(found.script_id, language, Stage.FALLBACK, found.text)

    return choose
