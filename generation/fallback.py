"""Answer with the documents' own sentences when no generator can be reached."""

from collections.abc import Sequence
from dataclasses import dataclass

from generation.evidence import NO_SUPPORT, Support
from generation.folding import folded
from generation.records import CitedSentence, Span
from generation.relevance import Relevance, order_by_relevance, relevances
from generation.reply_sentences import sentence_spans
from retrieval.records import Passage

_LEAST_COVERAGE = 0.5
_SHARE_OF_BEST = 0.75
_LEAST_SUPPORT = 0.0
_BEHIND_BEST = 1.0
_MOST_SENTENCES = 3
_QUESTION_MARKS = ("？", "?")


@dataclass(frozen=True, slots=True)
class _Candidate:
    passage: Passage
    start: int
    end: int
    asks: bool


def extract_answer(
    question: str, passages: Sequence[Passage], support: Support | None = None
) -> list[CitedSentence]:
    """Return one to three source sentences that bear on the question most, or none.

    support: what a reader found in the first passages. With it, the sentences most likely to
    answer are returned, if they are more likely to than not, and the rest of this is for without.

    passages: best first. Sentences are ranked by BM25 over all sentences of the passages together
    with the share of the question's terms that they cover; one that covers less than half of
    them, or much less than the best, is no answer. A sentence that asks (the heading of
    a question and answer list) hands its relevance to the sentence after it. Each sentence is
    verbatim, with its span in the document. O(characters).
    """
    if support is not None:
        candidates = _candidates(passages[: len(support)])
        order = _supported(candidates, [value for own in support for value in own])
    else:
        candidates = _candidates(passages)
        order = _covering(candidates, question)
    chosen: list[CitedSentence] = []
    given: set[str] = set()
    for index in order:
        key = folded(_text(candidates[index]))
        if key not in given and len(chosen) < _MOST_SENTENCES:
            given.add(key)
            chosen.append(_cited(candidates[index]))
    return chosen


def _supported(candidates: Sequence[_Candidate], support: Sequence[float]) -> list[int]:
    answers = [index for index, candidate in enumerate(candidates) if not candidate.asks]
    best = max((support[index] for index in answers), default=NO_SUPPORT)
    least = max(_LEAST_SUPPORT, best - _BEHIND_BEST)
    likely = [index for index in answers if support[index] >= least]
    return sorted(likely, key=lambda index: -support[index])


def _covering(candidates: Sequence[_Candidate], question: str) -> list[int]:
    texts = [_text(candidate) for candidate in candidates]
    found = _handed_on(candidates, relevances(question, texts))
    order = order_by_relevance(found)
    best = found[order[0]].coverage if order else 0.0
    least = max(_LEAST_COVERAGE, _SHARE_OF_BEST * best)
    return [index for index in order if found[index].coverage >= least]


def _candidates(passages: Sequence[Passage]) -> list[_Candidate]:
    return [
        _Candidate(passage, start, end, passage.text[start:end].endswith(_QUESTION_MARKS))
        for passage in passages
        for start, end in sentence_spans(passage.text)
    ]


def _text(candidate: _Candidate) -> str:
    return candidate.passage.text[candidate.start : candidate.end]


def _handed_on(candidates: Sequence[_Candidate], found: Sequence[Relevance]) -> list[Relevance]:
    handed: list[Relevance] = []
    for index, candidate in enumerate(candidates):
        own = Relevance(0.0, 0.0) if candidate.asks else found[index]
        before = candidates[index - 1] if index else None
        if before and before.asks and before.passage is candidate.passage and not candidate.asks:
            own = max(own, found[index - 1], key=lambda one: one.coverage)
        handed.append(own)
    return handed


def _cited(candidate: _Candidate) -> CitedSentence:
    passage, text = candidate.passage, _text(candidate)
    span = Span(
        passage.chunk_id, passage.start + candidate.start, passage.start + candidate.end, text
    )
    return CitedSentence(text, (span,))
