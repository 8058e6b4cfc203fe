"""How likely an answer is right, from what retrieval and alignment saw."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from generation.evidence import NO_SUPPORT, Support, support_of
from generation.records import Span
from generation.relevance import content_terms
from generation.strangers import has_strange_name, has_strange_number
from retrieval.records import Passage


@dataclass(frozen=True, slots=True)
class Signals:
    """What confidence is computed from, each 0 to 1 but for `support`.

    similarity: cosine of the question to the best passage cited. coverage: share of the question's
    content terms that stand in the cited passage. agreement: share of the passages' reciprocal
    ranks that the cited passage holds. support: the reader's log-odds for the cited sentence, cut
    at ±10 and divided by 10; 0 without a reader. strange_number, strange_name: 1 where the question
    has a number, a name, that the cited passages lack, else 0.
    """

    similarity: float
    coverage: float
    agreement: float
    support: float
    strange_number: float
    strange_name: float


NOTHING_CITED = Signals(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Weights:
    """A logistic model of "the answer is right", fitted on held-out questions.

    Right means an F1 of .5 or more. docs/benchmarks.md says on which questions, and how it does.
    """

    bias: float = -3.13
    similarity: float = 0.90
    coverage: float = 1.48
    agreement: float = 3.47
    support: float = 1.75
    strange_number: float = -0.50
    strange_name: float = -0.31


WEIGHTS = Weights()


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a collection's confidence is read: a line on its logit, and what is refused.

    threshold: answers less likely to be right than this are refused, 0 to 1.
    """

    threshold: float
    slope: float = 1.0
    bias: float = 0.0


def read_signals(
    question: str,
    spans: Sequence[Span],
    passages: Sequence[Passage],
    support: Support | None,
) -> Signals:
    """Return the signals of an answer whose first sentence cites `spans`.

    passages: all that retrieval gave, best first. support: what a reader found in the first of
    them. Zero everywhere if nothing is cited.
    """
    cited_ids = {span.chunk_id for span in spans}
    cited = [passage for passage in passages if passage.chunk_id in cited_ids]
    if not cited:
        return NOTHING_CITED
    read = 0.0 if support is None else _cut(support_of(spans, passages, support))
    return _signals(question, cited, passages, read)


def highest_confidence(
    question: str, passages: Sequence[Passage], support: Support, weights: Weights
) -> float:
    """Return the confidence that an answer from a single passage can have at most.

    passages, support: as for `read_signals`. 0 if nothing was read. O(tokens of the passages).
    """
    possible = (
        _signals(question, [passage], passages, _cut(max(own, default=NO_SUPPORT)))
        for passage, own in zip(passages, support, strict=False)
    )
    return max((confidence(signals, weights) for signals in possible), default=0.0)


def _signals(
    question: str, cited: Sequence[Passage], passages: Sequence[Passage], read: float
) -> Signals:
    asked = set(content_terms(question))
    together = "\n".join(f"{passage.title_line}{passage.text}" for passage in cited)
    total = sum(1 / rank for rank in range(1, len(passages) + 1))
    held = sum(1 / (passages.index(passage) + 1) for passage in cited)
    return Signals(
        similarity=max(_similarity(passage) for passage in cited),
        coverage=max(_share(asked, f"{passage.title} {passage.text}") for passage in cited),
        agreement=held / total,
        support=read,
        strange_number=float(has_strange_number(question, together)),
        strange_name=float(has_strange_name(question, together)),
    )


def confidence(signals: Signals, weights: Weights) -> float:
    """Return the estimated probability that the answer is right, 0 to 1."""
    score = (
        weights.bias
        + weights.similarity * signals.similarity
        + weights.coverage * signals.coverage
        + weights.agreement * signals.agreement
        + weights.support * signals.support
        + weights.strange_number * signals.strange_number
        + weights.strange_name * signals.strange_name
    )
    return 1 / (1 + math.exp(-score))


def calibrated(likely: float, calibration: Calibration) -> float:
    """Return a confidence as a collection's calibration reads it, 0 to 1."""
    return 1 / (1 + math.exp(-(calibration.slope * logit(likely) + calibration.bias)))


def logit(likely: float) -> float:
    """Return the log-odds of a probability, at most ±20."""
    likely = min(1 - 1e-9, max(1e-9, likely))
    return max(-20.0, min(20.0, math.log(likely / (1 - likely))))


def _cut(log_odds: float) -> float:
    return max(-1.0, min(1.0, log_odds / 10))


def _similarity(passage: Passage) -> float:
    names = ("raw", "candidates.raw", "keys", "candidates.keys")
    return max(0.0, *(passage.scores.get(name, 0.0) for name in names))


def _share(asked: set[str], text: str) -> float:
    return len(asked & set(content_terms(text))) / len(asked) if asked else 0.0
