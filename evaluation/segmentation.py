"""Measures of where a text is cut: small functions, each with its source.

A segmentation of n units is the rising positions of its boundaries: 3 is one between the third and
the fourth unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

Boundaries = Sequence[int]
Spans = Sequence[tuple[int, int]]  # half-open, in characters


def window_size(reference: Boundaries, units: int) -> int:
    """Return half the mean length of the reference's segments, at least 2: the usual window."""
    return max(2, round(units / (len(reference) + 1) / 2))


def pk(reference: Boundaries, found: Boundaries, units: int) -> float:
    """Share of pairs a window apart that only one segmentation puts in one segment.

    Beeferman, Berger and Lafferty 1999. 0 is best; a segmentation at random has about .5.
    """
    window = window_size(reference, units)
    ours, theirs = _segments(found, units), _segments(reference, units)
    wrong = sum(
        (ours[at] == ours[at + window]) != (theirs[at] == theirs[at + window])
        for at in range(units - window)
    )
    return wrong / max(units - window, 1)


def window_diff(reference: Boundaries, found: Boundaries, units: int) -> float:
    """Share of windows in which the number of boundaries differs (Pevzner and Hearst 2002)."""
    window = window_size(reference, units)
    ours, theirs = _segments(found, units), _segments(reference, units)
    wrong = sum(
        ours[at + window] - ours[at] != theirs[at + window] - theirs[at]
        for at in range(units - window)
    )
    return wrong / max(units - window, 1)


@dataclass(frozen=True, slots=True)
class SpanScores:
    """How well retrieved chunks cover the evidence of a question, in characters, 0 to 1."""

    recall: float
    precision: float
    iou: float


def span_scores(evidence: Spans, retrieved: Spans) -> SpanScores:
    """Return recall, precision and intersection over union (Smith and Troynikov 2024).

    Chunks do not overlap. Raises ValueError without evidence.
    """
    wanted = {at for start, end in evidence for at in range(start, end)}
    if not wanted:
        raise ValueError("a question without evidence cannot be scored")
    given = sum(end - start for start, end in retrieved)
    covered = sum(at in wanted for start, end in retrieved for at in range(start, end))
    return SpanScores(
        covered / len(wanted),
        covered / given if given else 0.0,
        covered / (given + len(wanted) - covered),
    )


def _segments(boundaries: Boundaries, units: int) -> list[int]:
    """Return the number of each unit's segment."""
    marks = [0] * (units + 1)
    for at in boundaries:
        marks[at] += 1
    number, numbers = 0, []
    for at in range(units):
        number += marks[at]
        numbers.append(number)
    return numbers
