"""Answer a compound question part by part: each as a question of its own, with its own proof."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Generator as Releasing
from dataclasses import dataclass, field, replace

from app.answer_events import AnswerEvent, AnswerRequest, DoneEvent, SentenceEvent
from app.answer_question import stopping
from generation.records import Answer, Outcome, Turn
from generation.reply_sentences import join_sentences
from retrieval.refine.decompose import decompose

Answering = Callable[[AnswerRequest], Iterator[AnswerEvent]]

_DURATION = "search."
# What an answer of parts is, if one of them is: the first of these.
_OUTCOMES = (Outcome.SCRIPT, Outcome.FALLBACK, Outcome.ANSWERED, Outcome.REFUSED)


@dataclass(slots=True)
class _Parts:
    """What the parts have come to so far. unsaid: refusals of parts, said once one is answered."""

    started: float = field(default_factory=time.perf_counter)
    said: list[SentenceEvent] = field(default_factory=list)
    unsaid: list[SentenceEvent] = field(default_factory=list)
    ends: list[Answer] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)


def with_parts(answering: Answering) -> Answering:
    """Wrap an answering function so that each part of a compound question is answered by itself.

    What a part is refused for is said of that part. Where all are refused, the whole question is
    answered as any other; where one ends in a script, the answer ends there.
    """

    def answer(request: AnswerRequest) -> Iterator[AnswerEvent]:
        found = decompose(request.question)
        parts = found.parts if found.apart else ()
        if parts:
            state = _Parts()
            yield from _answer_parts(answering, request, parts, state)
            if state.said:
                yield DoneEvent(_end(state))
                return
        yield from answering(request)

    return answer


def _answer_parts(
    answering: Answering, request: AnswerRequest, parts: Sequence[str], state: _Parts
) -> Iterator[SentenceEvent]:
    """Yield the sentences of all parts in order, numbered through; each once."""
    asked = list(request.history)
    for part in parts:
        one = replace(
            request,
            question=part,
            history=tuple(asked),
            is_part=True,
            has_begun=bool(state.said),
        )
        events = answering(one)
        with stopping(events):
            outcome = yield from _answer_part(events, state)
        if outcome is Outcome.SCRIPT:
            return
        asked.append(Turn("user", part))
    if state.said:
        yield from _say(state, state.unsaid)


def _answer_part(
    events: Iterator[AnswerEvent], state: _Parts
) -> Releasing[SentenceEvent, None, Outcome]:
    held: list[SentenceEvent] = []
    offset = (time.perf_counter() - state.started) * 1000
    for event in events:
        if isinstance(event, DoneEvent):
            state.ends.append(event.answer)
            _add_timings(state.timings, event.answer.timings_ms, offset)
            if event.answer.outcome is Outcome.REFUSED:
                state.unsaid += held
            else:
                yield from _say(state, held)
            return event.answer.outcome
        if event.citations:
            yield from _say(state, [event])
        else:
            held.append(event)
    raise RuntimeError("an answer ended without its end")


def _say(state: _Parts, events: Sequence[SentenceEvent]) -> Iterator[SentenceEvent]:
    for event in events:
        if any(event.text == one.text for one in state.said):
            continue
        index = len(state.said)
        cited = tuple(replace(citation, sentence=index) for citation in event.citations)
        said = SentenceEvent(index, event.text, cited)
        state.said.append(said)
        yield said


def _add_timings(timings: dict[str, float], part: Mapping[str, float], offset: float) -> None:
    """Add up what searching took; of moments keep the first, and of the end the last."""
    for name, milliseconds in part.items():
        if name.startswith(_DURATION):
            timings[name] = timings.get(name, 0.0) + milliseconds
        elif name == "total":
            timings[name] = offset + milliseconds
        else:
            timings.setdefault(name, offset + milliseconds)


def _end(state: _Parts) -> Answer:
    """Return the parts' answers as one: as sure as the least sure part that was answered."""
    outcome = next(one for one in _OUTCOMES if any(end.outcome is one for end in state.ends))
    chosen = next(end for end in state.ends if end.outcome is outcome)
    answered = [end.confidence for end in state.ends if end.outcome is not Outcome.REFUSED]
    seconds: dict[str, float] = {}
    for end in state.ends:
        for name, spent in end.seconds.items():
            seconds[name] = seconds.get(name, 0.0) + spent
    return replace(
        chosen,
        text=join_sentences([event.text for event in state.said]),
        confidence=min(answered),
        citations=tuple(citation for event in state.said for citation in event.citations),
        timings_ms={name: round(ms, 1) for name, ms in state.timings.items()},
        is_fallback=any(end.is_fallback for end in state.ends),
        cause=next((end.cause for end in state.ends if end.cause), ""),
        seconds=seconds,
    )
