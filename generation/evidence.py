"""Judge, with a span reader, which sentences of a few passages answer a question."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generation.facts import unit_end
from generation.ports import EvidenceReader
from generation.records import CitedSentence, Span
from generation.reply_sentences import sentence_spans
from models.span_logits import SpanLogits
from retrieval.records import Passage

MOST_PASSAGES = 8
"""As many as are read for a question: more take longer and rarely hold the answer."""

SURE_ODDS = -0.5
"""Log-odds above which the reader's words are the answer where it may give it.

Below 0: of what the reader was trained on, more had no answer than of what people ask.
"""

_LONGEST_ANSWER = 64  # tokens
_PARAGRAPH = re.compile(r"[^\n]+")
_LAST_NUMBER = re.compile(r"(?P<number>[\d一二三四五六七八九十百千万两]+)个?$")
_AROUND = "，、；：,;:"
# A word or a number in letters and digits other than Han: "well-kept", "17,455.5".
_WORD = re.compile(r"[^\W_\u2e80-\u9fff]+(?:[.,'’-][^\W_\u2e80-\u9fff]+)*")

Support = tuple[tuple[float, ...], ...]
"""Per passage and sentence (of `sentence_spans`): log-odds that the answer stands in it, against
that it stands nowhere in the passages read."""

NO_SUPPORT = -30.0
"""What a sentence has that lies beyond the reader's window."""


@dataclass(frozen=True, slots=True)
class AnswerPlace:
    """Where the answer stands most likely: half-open code points of a passage read.

    odds: log-odds of it against that the answer stands nowhere.
    """

    passage: int
    start: int
    end: int
    odds: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a reader found in some passages. `place` is None if it could read nothing."""

    support: Support
    place: AnswerPlace | None


def read_evidence(question: str, passages: Sequence[Passage], reader: EvidenceReader) -> Evidence:
    """Return the support of every sentence, and the best place, which is within one paragraph.

    The reader sees each passage below its title and headings: what a passage is about often
    stands nowhere else. O(tokens of the passages).
    """
    if not passages:
        return Evidence((), None)
    titles = [passage.title_line for passage in passages]
    texts = [title + passage.text for title, passage in zip(titles, passages, strict=True)]
    read = [
        _below(logits, len(title))
        for title, logits in zip(titles, reader.read(question, texts), strict=True)
    ]
    none = max(one.none for one in read)
    support = tuple(
        tuple(
            max(NO_SUPPORT, _best_span(logits, start, end)[0] - none)
            for start, end in sentence_spans(passage.text)
        )
        for passage, logits in zip(passages, read, strict=True)
    )
    places = [
        (*_best_span(logits, *paragraph.span()), number)
        for number, (passage, logits) in enumerate(zip(passages, read, strict=True))
        for paragraph in _PARAGRAPH.finditer(passage.text)
    ]
    score, start, end, number = max(places, default=(0.0, 0, 0, 0), key=lambda place: place[0])
    if end <= start:
        return Evidence(support, None)
    return Evidence(support, AnswerPlace(number, start, end, score - none))


def answer_at(place: AnswerPlace, passages: Sequence[Passage]) -> CitedSentence | None:
    """Return the words at a place as an answer, with the sentences around them as its evidence.

    A word or number that begins or ends outside is shown whole. None if they say nothing: white
    space, or punctuation alone.
    """
    passage = passages[place.passage]
    first, last = _whole_words(passage.text, place.start, place.end)
    said = passage.text[first:last]
    text = said.strip().strip(_AROUND)
    around = [
        (start, end) for start, end in sentence_spans(passage.text) if start < last and first < end
    ]
    if not around or not any(character.isalnum() for character in text):
        return None
    start, end = around[0][0], around[-1][1]
    quote = passage.text[start:end]
    span = Span(passage.chunk_id, passage.start + start, passage.start + end, quote)
    return CitedSentence(text, (span,))


def support_of(spans: Sequence[Span], passages: Sequence[Passage], support: Support) -> float:
    """Return the highest support of a sentence that one of the spans touches.

    passages: those that were read first, in their order.
    """
    found = NO_SUPPORT
    for passage, own in zip(passages, support, strict=False):
        cited = [
            (span.start - passage.start, span.end - passage.start)
            for span in spans
            if span.chunk_id == passage.chunk_id
        ]
        for (start, end), value in zip(sentence_spans(passage.text), own, strict=True):
            if any(left < end and start < right for left, right in cited):
                found = max(found, value)
    return found


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the range widened to the words that its ends cut, a number's unit among them."""
    number = _LAST_NUMBER.search(text, start, end)
    if number:
        end = max(end, unit_end(text, number.end("number")))
    for word in _WORD.finditer(text):
        if word.start() < start < word.end():
            start = word.start()
        if word.start() < end < word.end():
            end = word.end()
    return start, end


def _below(logits: SpanLogits, length: int) -> SpanLogits:
    """Return the logits of what comes after the first `length` code points."""
    after = logits.offsets[:, 0] >= length
    offsets = logits.offsets[after] - length
    return SpanLogits(offsets, logits.start[after], logits.end[after], logits.none)


def _best_span(logits: SpanLogits, start: int, end: int) -> tuple[float, int, int]:
    """Return the highest sum of a start and an end inside [start, end), and what it spans.

    Without a token inside, (-inf, 0, 0).
    """
    inside = (logits.offsets[:, 0] >= start) & (logits.offsets[:, 1] <= end)
    offsets, starts, ends = logits.offsets[inside], logits.start[inside], logits.end[inside]
    if not len(starts):
        return float("-inf"), 0, 0
    sums: NDArray[np.float32] = starts[:, None] + ends[None, :]
    possible = np.tril(np.triu(np.ones(sums.shape, dtype=bool)), _LONGEST_ANSWER)
    sums = np.where(possible, sums, np.float32("-inf"))
    first, last = divmod(int(sums.argmax()), len(ends))
    return float(sums[first, last]), int(offsets[first][0]), int(offsets[last][1])
