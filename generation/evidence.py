"""Judge, with a span reader, which sentences of a few passages answer a question."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generation.ports import EvidenceReader
from generation.records import Span
from generation.reply_sentences import sentence_spans
from models.reader import SpanLogits
from retrieval.records import Passage

MOST_PASSAGES = 8
"""As many as are read for a question: more take longer and rarely hold the answer."""

_LONGEST_ANSWER = 96  # tokens

Support = tuple[tuple[float, ...], ...]
"""Per passage and sentence (of `sentence_spans`): log-odds that the answer stands in it, against
that it stands nowhere in the passages read."""

NO_SUPPORT = -30.0
"""What a sentence has that lies beyond the reader's window."""


def read_support(question: str, passages: Sequence[str], reader: EvidenceReader) -> Support:
    """Return the support of every sentence of every passage. O(tokens of the passages)."""
    if not passages:
        return ()
    read = reader.read(question, passages)
    none = max(one.none for one in read)
    return tuple(
        tuple(
            max(NO_SUPPORT, _best_span(logits, start, end) - none)
            for start, end in sentence_spans(text)
        )
        for text, logits in zip(passages, read, strict=True)
    )


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


def _best_span(logits: SpanLogits, start: int, end: int) -> float:
    """Return the highest sum of a start and an end inside [start, end), -inf without a token."""
    inside = (logits.offsets[:, 0] >= start) & (logits.offsets[:, 1] <= end)
    starts, ends = logits.start[inside], logits.end[inside]
    if not len(starts):
        return float("-inf")
    sums: NDArray[np.float32] = starts[:, None] + ends[None, :]
    possible = np.tril(np.triu(np.ones(sums.shape, dtype=bool)), _LONGEST_ANSWER)
    return float(sums[possible].max())
