"""Answer with the documents' own sentences when no generator can be reached."""

from collections.abc import Sequence
from dataclasses import dataclass

from generation.folding import folded
from generation.records import CitedSentence, Span
from generation.relevance import Relevance, order_by_relevance, relevances
from generation.reply_sentences import sentence_spans
from retrieval.records import Passage

_LEAST_COVERAGE = 0.5
_SHARE_OF_BEST = 0.75
_MOST_SENTENCES = 3
_QUESTION_MARKS = ("？", "?")


@dataclass(frozen=True, slots=True)
class _Candidate:
    passage: Passage
    start: int
    end: int
    asks: bool


def extract_answer(question: str, passages: Sequence[Passage]) -> list[CitedSentence]:
    """Return one to three source sentences that bear on the question most, or none.

    passages: best first. Sentences are ranked by BM25 over all sentences of the passages together
    with the share of the question's terms that they cover; one that covers less than half of
    them, or much less than the best, is no answer. A sentence that asks (the heading of
    a question and answer list) hands its relevance to the sentence after it. Each sentence is
    verbatim, with its span in the document. O(characters).
    """
    candidates = _candidates(passages)
    texts = [_text(candidate) for candidate in candidates]
    found = _handed_on(candidates, relevances(question, texts))
    chosen: list[CitedSentence] = []
    given: set[str] = set()
    order = order_by_relevance(found)
    for index in order:
        key = folded(texts[index])
        least = max(_LEAST_COVERAGE, _SHARE_OF_BEST * found[order[0]].coverage)
        if found[index].coverage >= least and key not in given and len(chosen) < _MOST_SENTENCES:
            given.add(key)
            chosen.append(_cited(candidates[index]))
    return chosen


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
