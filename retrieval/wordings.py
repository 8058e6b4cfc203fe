"""Search words in several wordings of one question: each row counts by the wording it fits best."""

from collections.abc import Callable, Sequence

Wording = Sequence[str]
"""The terms of a question, said in one way."""

Scored = list[tuple[int, float]]
_OTHER = 0.95  # A row in the user's own words stays before one in others.

Find = Callable[[Wording], Scored]
Highest = Callable[[Wording, bool], float]
"""Gives what a row scores at most; True: as if rows with its unknown terms were there."""


def highest_of(own: Wording, others: Sequence[Wording], highest: Highest) -> float:
    """Return what a row can score at most for a question in all its wordings."""
    return highest(own, False) or (
        1.0 if any(highest(other, False) > 0 for other in others) else 0.0
    )


def find_wordings(
    own: Wording, others: Sequence[Wording], k: int, find: Find, highest: Highest
) -> Scored:
    """Return up to k (row, score), best first, equal scores by row.

    A row's score is the largest share that it holds of a wording, times `highest_of`: what the
    others add does not lessen what the user's own words find. Of a wording with words that the
    collection lacks less is held than of one without. With no others: what `find` gives.
    """
    if not others:
        return find(own)
    wordings = [own, *(other for other in others if other != own)]
    known = [highest(wording, False) for wording in wordings]
    sought = [highest(wording, True) for wording in wordings]
    fullest = max(part / whole if whole else 0.0 for part, whole in zip(known, sought, strict=True))
    if not fullest:
        return []
    top = highest_of(own, others, highest)
    best: dict[int, float] = {}
    for wording, whole in zip(wordings, sought, strict=True):
        if not whole:
            continue
        scale = top / (whole * fullest) * (1.0 if wording is own else _OTHER)
        for row, score in find(wording):
            best[row] = max(best.get(row, 0.0), score * scale)
    return sorted(best.items(), key=lambda hit: (-hit[1], hit[0]))[:k]
