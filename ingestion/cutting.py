"""Where a run of sentences is cut into chunks, given their sizes and what each boundary costs.

Chosen for the whole run at once, or, for comparison and choice, one boundary after the other as
most tools do. Units are sentences in order; boundary i lies between units i and i + 1.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

Ranges = list[tuple[int, int]]  # half-open, of units; together they are all of them
Cut = Callable[[Sequence[int], Sequence[float], int], Ranges]
"""Takes the tokens of n units, the costs of n - 1 boundaries and the most tokens of a chunk. Every
chunk keeps to the limit, but a unit over it stands alone."""

_FILL = 0.9  # share of the limit aimed at, so that the even size can be met


def cut_at_least_cost(tokens: Sequence[int], costs: Sequence[float], limit: int) -> Ranges:
    """Return the cheapest packing: Σ (size / even size - 1)² over chunks + Σ boundary costs.

    What fits one chunk is one, unless a boundary inside is worth more than it costs (< 0). The
    shortest path over all packings, O(units x units in a chunk).
    """
    total, count = sum(tokens), len(tokens)
    if total <= limit and min(costs, default=0.0) >= 0.0:
        return [(0, count)]
    even = total / math.ceil(total / (_FILL * limit))
    best = [0.0] + [math.inf] * count
    back = [0] * (count + 1)
    for end in range(1, count + 1):
        size = 0
        for begin in range(end - 1, -1, -1):
            size += tokens[begin]
            if size > limit and begin < end - 1:
                break
            cost = best[begin] + (size / even - 1) ** 2 + (costs[begin - 1] if begin else 0.0)
            if cost < best[end]:
                best[end], back[end] = cost, begin
    ranges = []
    while count:
        ranges.append((back[count], count))
        count = back[count]
    return ranges[::-1]


def cut_greedily(threshold: float) -> Cut:
    """Return a cut that goes on until a boundary costs less than the threshold, or a chunk is full.

    With the probability that the text goes on as the cost, this is merging by next-sentence
    prediction one sentence at a time.
    """
    return partial(_one_after_the_other, threshold=threshold)


def cut_when_full(tokens: Sequence[int], costs: Sequence[float], limit: int) -> Ranges:
    """Return chunks filled up to the limit, whatever stands at their ends."""
    return _one_after_the_other(tokens, [0.0] * len(costs), limit, threshold=0.0)


def cut_recursively(tokens: Sequence[int], costs: Sequence[float], limit: int) -> Ranges:
    """Return chunks filled with whole parts, parts divided at ever more costly boundaries.

    The recursive splitter of most tools: paragraphs that fit stay whole and are put together until
    a chunk is full; only one that does not fit is divided, at its own cheapest boundaries.
    """
    parts = _parts(tokens, costs, limit, 0, len(tokens))
    ranges: Ranges = []
    size = 0
    for begin, end in parts:
        own = sum(tokens[begin:end])
        if ranges and size + own <= limit:
            ranges[-1] = (ranges[-1][0], end)
            size += own
        else:
            ranges.append((begin, end))
            size = own
    return ranges


def _parts(
    tokens: Sequence[int], costs: Sequence[float], limit: int, first: int, stop: int
) -> Ranges:
    waiting, found = [(first, stop)], Ranges()
    while waiting:
        begin, end = waiting.pop()
        inside = costs[begin : end - 1]
        if sum(tokens[begin:end]) <= limit or not inside:
            found.append((begin, end))
            continue
        cheapest = min(inside)
        at = [begin + i + 1 for i, cost in enumerate(inside) if cost <= cheapest]
        bounds = [begin, *at, end]
        waiting.extend(reversed(list(pairwise(bounds))))
    return found


def _one_after_the_other(
    tokens: Sequence[int], costs: Sequence[float], limit: int, *, threshold: float
) -> Ranges:
    ranges: Ranges = []
    begin = size = 0
    for end, own in enumerate(tokens):
        if end > begin and (size + own > limit or costs[end - 1] < threshold):
            ranges.append((begin, end))
            begin, size = end, 0
        size += own
    return [*ranges, (begin, len(tokens))]
