"""The whole path of a question on one page: from the words asked to sentences that may be shown."""

import time
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Generator as Releasing
from contextlib import contextmanager
from dataclasses import dataclass, replace

from app.answer_events import AnswerEvent, AnswerRequest, DoneEvent, SentenceEvent
from app.answer_progress import Progress
from app.settings import Settings, Strategy
from generation.align import align_sentence
from generation.compliance import Gate, has_failed
from generation.confidence import (
    WEIGHTS,
    Calibration,
    calibrated,
    confidence,
    highest_confidence,
    read_signals,
)
from generation.context import build_context
from generation.errors import GeneratorUnavailable, failing_closed
from generation.evidence import MOST_PASSAGES, SURE_ODDS, Evidence, answer_at, read_evidence
from generation.fact_guard import unsupported_facts
from generation.fallback import extract_answer
from generation.language import question_language
from generation.ports import EvidenceReader, Generator
from generation.prompt import Language, answer_prompt, is_refusal
from generation.records import (
    Answer,
    Basis,
    Citation,
    CitedSentence,
    ContextPassage,
    Outcome,
    Span,
    Verdict,
)
from generation.reply_sentences import join_sentences, split_stream
from generation.scripts import Script, Stage, fill_script, pick_script
from retrieval.records import Passage, SearchRequest, SearchResult
from retrieval.refine.history import standalone_question

PageAt = Callable[[Passage, int], int | None]
"""Gives the page of a position in a passage's document."""

Fallback = Callable[[str, str, Language, Sequence[str]], Script | None]
"""Gives a collection's own fallback at a stage, less those used; None where it has none."""


CalibrationOf = Callable[[str], Calibration]
"""Gives how a collection's confidence is read, and what of it is refused."""


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """Limits of an answer. strategy: for requests that name none."""

    top_k: int
    context_tokens: int
    max_tokens: int
    strategy: Strategy = "generate"


def answer_settings(settings: Settings) -> AnswerSettings:
    """Return the limits of an answer that the service's settings want."""
    return AnswerSettings(
        top_k=settings.top_k,
        context_tokens=settings.shown_tokens,
        max_tokens=settings.max_answer_tokens,
        strategy=settings.drafting,
    )


class Answerer:
    """Answers questions. Safe to call from several threads; each call has its own progress."""

    def __init__(
        self,
        search: Callable[[SearchRequest], SearchResult],
        page_at: PageAt,
        generator: Generator | None,
        gate: Gate,
        scripts: Sequence[Script],
        settings: AnswerSettings,
        calibration_of: CalibrationOf,
        reader: EvidenceReader | None = None,
        fallback: Fallback = lambda _collection, _stage, _language, _used: None,
    ) -> None:
        self._search = search
        self._page_at = page_at
        self._generator = generator
        self._reader = reader
        self._gate = gate
        self._scripts = tuple(scripts)
        self._settings = settings
        self._calibration_of = calibration_of
        self._fallback = fallback

    def answer(self, request: AnswerRequest) -> Iterator[AnswerEvent]:
        """Yield each sentence once it is proven and vetted, then one DoneEvent.

        A sentence without support, or with a fact its sources lack, is dropped; when none is left
        the question is refused. When the generator is away, the documents' own sentences answer.
        """
        progress = Progress(
            request,
            question_language(request.question),
            self._calibration_of(request.collection),
            time.perf_counter(),
        )
        with progress.times.timed("search"):
            found = self._retrieve(progress)
        progress.passages, progress.documents = found.passages, found.documents
        progress.mark("retrieval")
        if not progress.passages:
            yield from self._refuse(progress)
            return
        with progress.times.timed("read"):
            progress.evidence = self._read(progress)
        progress.mark("reading")
        try:
            drafted = self._draft(progress)
            with stopping(drafted):
                outcome, script = yield from self._release(progress, drafted)
        except GeneratorUnavailable:
            extracted = iter(self._extract(progress))
            outcome, script = yield from self._release(progress, extracted)
            if outcome is Outcome.ANSWERED:
                script = pick_script(self._scripts, Stage.GENERATOR_DOWN, progress.language)
                outcome, progress.cause = Outcome.FALLBACK, "generator_down"
        if outcome is Outcome.REFUSED:
            yield from self._refuse(progress)
        else:
            yield self._done(progress, outcome, script)

    def _retrieve(self, progress: Progress) -> SearchResult:
        request = progress.request
        asked = [turn.content for turn in request.history if turn.role == "user"]
        query = standalone_question(request.question, asked)
        top_k = request.top_k or self._settings.top_k
        found = self._search(SearchRequest(query, request.collection, top_k, None))
        for stage, spent in found.timings_ms.items():
            progress.timings[f"search.{stage}"] = spent
        return found

    def _read(self, progress: Progress) -> Evidence | None:
        """Judge the sentences of the best passages; what is not read is not shown either."""
        if self._reader is None:
            return None
        best = progress.passages[:MOST_PASSAGES]
        return read_evidence(progress.request.question, best, self._reader)

    def _extract(self, progress: Progress) -> list[CitedSentence]:
        question, support = progress.request.question, progress.support
        return extract_answer(question, progress.passages, support)

    def _draft(self, progress: Progress) -> Iterator[CitedSentence]:
        """Yield the sentences that are supported, in the order they are drafted."""
        question = progress.request.question
        strategy = progress.request.strategy or self._settings.strategy
        if strategy == "read" and (answer := _sure_answer(progress)):
            yield answer
            return
        if self._generator is None or strategy == "extract":
            yield from self._extract(progress)
            return
        if self._is_hopeless(progress):
            progress.cause = "unsure"
            return
        context = build_context(
            question,
            progress.passages,
            budget_tokens=self._settings.context_tokens,
            count_tokens=self._generator.count_tokens,
            support=progress.support,
        )
        prompt = answer_prompt(question, [c.prompt for c in context], progress.language)
        progress.mark("context")
        written = self._generator.stream(prompt, max_tokens=self._settings.max_tokens)
        pieces = progress.times.each("generate", written)
        with stopping(pieces):
            for sentence in split_stream(pieces):
                progress.mark("first_draft")
                if is_refusal(sentence):
                    progress.cause = "declined"
                    return
                with progress.times.timed("align"):
                    spans = supported_spans(sentence, context, question)
                if spans:
                    yield CitedSentence(sentence, spans)

    def _is_hopeless(self, progress: Progress) -> bool:
        """Return whether the reader saw too little: no draft from one passage could be shown."""
        if progress.support is None:
            return False
        question, passages = progress.request.question, progress.passages
        highest = highest_confidence(question, passages, progress.support, WEIGHTS)
        return calibrated(highest, progress.calibration) < progress.calibration.threshold

    def _release(
        self, progress: Progress, drafted: Iterator[CitedSentence]
    ) -> Releasing[SentenceEvent, None, tuple[Outcome, Script | None]]:
        """Yield what compliance lets through; return the outcome with its script, if any."""
        for sentence in drafted:
            if sentence.text in progress.shown:
                continue
            if not progress.shown:
                progress.confidence = self._confidence(progress, sentence.spans)
                if progress.confidence < progress.calibration.threshold:
                    progress.cause = "unsure"
                    return Outcome.REFUSED, None
            quotes = [span.quote for span in sentence.spans]
            verdict = self._vet(progress, sentence.text, quotes)
            if not verdict.allowed:
                script = self._choose_fallback(progress, verdict)
                yield self._show(progress, script.text, ())
                return Outcome.SCRIPT, script
            if verdict.text in progress.shown:
                continue
            progress.script_id = _shown_script(verdict.basis) or progress.script_id
            yield self._show(progress, verdict.text, sentence.spans)
        return (Outcome.ANSWERED if progress.shown else Outcome.REFUSED), None

    def _vet(
        self, progress: Progress, text: str, quotes: Sequence[str], *, approved: bool = False
    ) -> Verdict:
        with failing_closed("gate"):
            return self._gate.gate(
                text,
                evidence=quotes,
                language=progress.language,
                collection=progress.request.collection,
                stage=progress.request.stage or "",
                approved=approved,
            )

    def _choose_fallback(self, progress: Progress, verdict: Verdict) -> Script:
        """Return the collection's own fallback if rules let it through, else the built-in one.

        verdict: for which it is. An answer that has begun gets an end instead.
        """
        request = progress.request
        begun = request.has_begun or bool(progress.shown)
        progress.is_fallback = True
        progress.cause = "failed" if has_failed(verdict) else "blocked"
        with failing_closed("fallback"):
            stage = Stage.CUT_SHORT.value if begun else request.stage or ""
            own = self._fallback(request.collection, stage, progress.language, request.used)
            if own is not None:
                verdict = self._vet(progress, own.text, (), approved=True)
                if verdict.allowed:
                    return replace(own, text=verdict.text)
            built_in = Stage.CUT_SHORT if begun else Stage.FALLBACK
            return pick_script(self._scripts, built_in, progress.language)

    def _confidence(self, progress: Progress, spans: Sequence[Span]) -> float:
        question, support = progress.request.question, progress.support
        signals = read_signals(question, spans, progress.passages, support)
        return calibrated(confidence(signals, WEIGHTS), progress.calibration)

    def _show(self, progress: Progress, text: str, spans: Sequence[Span]) -> SentenceEvent:
        index = len(progress.shown)
        citations = tuple(self._citation(index, span, progress.passages) for span in spans)
        progress.shown.append(text)
        progress.citations.extend(citations)
        progress.mark("first_sentence")
        return SentenceEvent(index, text, citations)

    def _citation(self, sentence: int, span: Span, passages: Sequence[Passage]) -> Citation:
        passage = next(one for one in passages if one.chunk_id == span.chunk_id)
        return Citation(
            sentence=sentence,
            document_id=passage.document_id,
            revision=passage.revision,
            title=passage.title,
            page=self._page_at(passage, span.start),
            start=span.start,
            end=span.end,
            quote=span.quote,
        )

    def _refuse(self, progress: Progress) -> Iterator[AnswerEvent]:
        """Say what was searched and what came closest, in approved words."""
        stage = _refusal_stage(progress)
        progress.cause = _refusal_cause(stage, progress.cause)
        script = pick_script(self._scripts, stage, progress.language)
        closest = progress.passages[0].title if progress.passages else ""
        request = progress.request
        fields = {
            "collection": request.collection,
            "closest_title": closest,
            "part": request.question,
        }
        verdict = self._vet(progress, fill_script(script, fields), (), approved=True)
        text, outcome = verdict.text, Outcome.REFUSED
        if not verdict.allowed:
            script, outcome = self._choose_fallback(progress, verdict), Outcome.SCRIPT
            text = script.text
        yield self._show(progress, text, ())
        yield self._done(progress, outcome, script)

    def _done(self, progress: Progress, outcome: Outcome, script: Script | None) -> DoneEvent:
        progress.mark("total")
        return DoneEvent(
            Answer(
                text=join_sentences(progress.shown),
                outcome=outcome,
                confidence=round(progress.confidence, 4),
                citations=tuple(progress.citations),
                script_id=script.script_id if script else progress.script_id,
                trace_id=progress.request.trace_id,
                timings_ms={name: round(ms, 1) for name, ms in progress.timings.items()},
                stage=progress.request.stage,
                is_fallback=progress.is_fallback,
                cause=progress.cause,
                seconds=progress.times.seconds,
            )
        )


def _shown_script(basis: Basis) -> str | None:
    """Return the id of the script whose wording is shown, None where it only came closest."""
    if basis.score is None or basis.threshold is None or basis.score < basis.threshold:
        return None
    return basis.script_id


def _refusal_stage(progress: Progress) -> Stage:
    if progress.request.is_part and progress.documents:
        return Stage.REFUSAL_PART
    if progress.passages:
        return Stage.REFUSAL
    return Stage.REFUSAL_EMPTY if progress.documents else Stage.REFUSAL_NO_DOCUMENTS


def _refusal_cause(stage: Stage, noted: str) -> str:
    if stage is Stage.REFUSAL_NO_DOCUMENTS:
        return "no_documents"
    if stage is Stage.REFUSAL_EMPTY:
        return "nothing_found"
    return noted or "unsupported"


def _sure_answer(progress: Progress) -> CitedSentence | None:
    """Return what the reader found, if it is sure enough of it."""
    place = progress.evidence.place if progress.evidence else None
    return answer_at(place, progress.passages) if place and place.odds > SURE_ODDS else None


@contextmanager
def stopping(source: Iterator[object]) -> Iterator[None]:
    """Close a generator when its reader is done with it, however that came about."""
    try:
        yield
    finally:
        if isinstance(source, Releasing):
            source.close()


def supported_spans(
    sentence: str, context: Sequence[ContextPassage], question: str
) -> tuple[Span, ...]:
    """Return the spans that prove a sentence, or () when any of its facts is not in them."""
    spans = align_sentence(sentence, context, question)
    quotes = [span.quote for span in spans]
    return () if not spans or unsupported_facts(sentence, quotes) else spans
