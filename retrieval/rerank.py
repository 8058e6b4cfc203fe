"""Read the first passages together with the question, and order them anew."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from retrieval.fusion_weights import FusionWeights
from retrieval.ports import PairScorer
from retrieval.records import Passage

WINDOW = 320
"""Code points of a passage that are read, where it agrees most with the question."""
_STEP = 20


def rerank(
    question: str, passages: Sequence[Passage], scorer: PairScorer, weights: FusionWeights
) -> list[Passage]:
    """Return all passages, those that were read by the sum of their score and their logit.

    passages: best first. Those beyond `rerank_depth` come after, with the lowest logit read, so
    that scores fall from first to last. O(tokens of the passages read).
    """
    read = passages[: weights.rerank_depth]
    if not read:
        return list(passages)
    texts = [one.title_line + best_window(question, one.text) for one in read]
    logits = scorer.score_pairs(question, texts).tolist()
    rescored = [
        _with_logit(passage, logit, weights.rerank)
        for passage, logit in zip(read, logits, strict=True)
    ]
    lowest = weights.rerank * min(logits)
    beyond = [replace(one, score=one.score + lowest) for one in passages[len(read) :]]
    return sorted(rescored, key=lambda one: -one.score) + beyond


def best_window(question: str, text: str, length: int = WINDOW) -> str:
    """Return the part of a text, `length` code points at most, that shares most with a question.

    Pairs of neighbouring characters are compared, which serves Chinese and English alike.
    O(length of the text).
    """
    if len(text) <= length:
        return text
    asked = {one for one in _pairs(question.lower()) if not one.isspace()}
    shared = np.array([one in asked for one in _pairs(text.lower())], dtype=np.float32)
    sums = np.concatenate([[0.0], np.cumsum(shared)])
    starts = np.arange(0, len(text) - length + _STEP, _STEP).clip(max=len(text) - length)
    ends = np.minimum(starts + length, len(shared))
    gains = sums[ends] - sums[starts]
    first = int(np.argmax(gains))
    # In the middle of the windows that are as good, so that what matters is not at an edge.
    worse = np.flatnonzero(gains[first:] < gains[first])
    last = first + int(worse[0]) if len(worse) else len(gains)
    start = int(starts[(first + last - 1) // 2])
    return text[start : start + length]


def _pairs(text: str) -> list[str]:
    return [text[at : at + 2] for at in range(len(text) - 1)]


def _with_logit(passage: Passage, logit: float, weight: float) -> Passage:
    score = passage.score + weight * logit
    return replace(passage, score=score, scores={**passage.scores, "rerank": logit})
