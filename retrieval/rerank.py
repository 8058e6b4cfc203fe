"""Order the best passages anew by a model that reads each beside the question."""

from collections.abc import Sequence
from dataclasses import replace

from retrieval.ports import PairScorer
from retrieval.records import Passage


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
    logits = [float(logit) for logit in scorer.score_pairs(question, [_text(p) for p in read])]
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


def _text(passage: Passage) -> str:
    """Return a passage below its title and headings: what it is about often stands only there."""
    path = passage.title_path
    return f"{path}\n{passage.text}" if path else passage.text
