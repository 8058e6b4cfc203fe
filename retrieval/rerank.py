"""Order the best passages anew by a model that reads each beside the question."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from retrieval.ports import PairScorer
from retrieval.records import Passage

WINDOW = 320
"""Code points of a passage that are read, where it agrees most with the question."""
_STEP = 20


def rerank(
    question: str,
    passages: Sequence[Passage],
    scorer: PairScorer,
    *,
    depth: int,
    weight: float,
) -> list[Passage]:
    """Return the passages by `weight · logit + fused score`, best first; ties keep their order.

    depth: only so many are read, the first ones. The others count as the worst that was read, so
    that they stay behind all of those. The scores of those read tell their logit as `rerank`.
    """
    read = passages[:depth]
    if not read:
        return list(passages)
    # What a passage is about often stands only in its title and headings.
    texts = [passage.title_line + best_window(question, passage.text) for passage in read]
    logits = [float(logit) for logit in scorer.score_pairs(question, texts)]
    lowest = min(logits)
    scored = [
        replace(
            passage,
            score=passage.score + weight * logit,
            scores={**passage.scores, "rerank": logit},
        )
        for passage, logit in zip(read, logits, strict=True)
    ]
    rest = [replace(one, score=one.score + weight * lowest) for one in passages[depth:]]
    return sorted([*scored, *rest], key=lambda passage: -passage.score)


def best_window(question: str, text: str, length: int = WINDOW) -> str:
    """Return the part of a text, `length` code points at most, that shares most with a question.

    Pairs of neighbouring characters are compared, which serves Chinese and English alike.
    O(length of the text).
    """
    if len(text) <= length:
        return text
    asked = {one for one in _pairs(question.lower()) if not one.isspace()}
    shared = np.array([one in asked for one in _pairs(text.lower()[: len(text)])], dtype=np.float32)
    sums = np.concatenate([[0.0], np.cumsum(shared)])
    starts = np.arange(0, len(text) - length + _STEP, _STEP).clip(max=len(text) - length)
    ends = np.minimum(starts + length, len(shared))
    gains = sums[ends] - sums[np.minimum(starts, len(shared))]
    first = int(np.argmax(gains))
    # In the middle of the windows that are as good, so that what matters is not at an edge.
    worse = np.flatnonzero(gains[first:] < gains[first])
    last = first + int(worse[0]) if len(worse) else len(gains)
    start = int(starts[(first + last - 1) // 2])
    return text[start : start + length]


def _pairs(text: str) -> list[str]:
    return [text[at : at + 2] for at in range(len(text) - 1)]
