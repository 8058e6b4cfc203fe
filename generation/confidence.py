"""How likely an answer is right, from what retrieval and alignment saw."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from generation.records import Span
from generation.relevance import content_terms
from retrieval.records import Passage


@dataclass(frozen=True, slots=True)
class Signals:
    """What confidence is computed from, each 0 to 1.

    similarity: cosine of the question to the best passage cited. coverage: share of the question's
    content terms that stand in the cited passage. quoted: the same in the cited sentence itself.
    agreement: share of the passages' reciprocal ranks that the cited passage holds.
    """

    similarity: float
    coverage: float
    quoted: float
    agreement: float


@dataclass(frozen=True, slots=True)
class Weights:
    """A logistic model of "the answer is right", fitted on held-out questions."""

    bias: float = -6.0
    similarity: float = 5.0
    coverage: float = 2.0
    quoted: float = 1.0
    agreement: float = 1.5


def read_signals(question: str, spans: Sequence[Span], passages: Sequence[Passage]) -> Signals:
    """Return the signals of an answer whose first sentence cites `spans`.

    passages: all that retrieval gave, best first. Zero everywhere if nothing is cited.
    """
    cited_ids = {span.chunk_id for span in spans}
    cited = [passage for passage in passages if passage.chunk_id in cited_ids]
    if not cited:
        return Signals(0.0, 0.0, 0.0, 0.0)
    asked = set(content_terms(question))
    total = sum(1 / rank for rank in range(1, len(passages) + 1))
    held = sum(1 / (passages.index(passage) + 1) for passage in cited)
    return Signals(
        similarity=max(_similarity(passage) for passage in cited),
        coverage=max(_share(asked, f"{passage.title} {passage.text}") for passage in cited),
        quoted=_share(asked, " ".join(span.quote for span in spans)),
        agreement=held / total,
    )


def confidence(signals: Signals, weights: Weights) -> float:
    """Return the estimated probability that the answer is right, 0 to 1."""
    score = (
        weights.bias
        + weights.similarity * signals.similarity
        + weights.coverage * signals.coverage
        + weights.quoted * signals.quoted
        + weights.agreement * signals.agreement
    )
    return 1 / (1 + math.exp(-score))


def _similarity(passage: Passage) -> float:
    names = ("raw", "candidates.raw", "keys", "candidates.keys")
    return max(0.0, *(passage.scores.get(name, 0.0) for name in names))


def _share(asked: set[str], text: str) -> float:
    return len(asked & set(content_terms(text))) / len(asked) if asked else 0.0
