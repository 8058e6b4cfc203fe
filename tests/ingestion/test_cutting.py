"""Tests of where a run of sentences is cut, with costs given by hand."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.cutting import (
    Cut,
    cut_at_least_cost,
    cut_greedily,
    cut_recursively,
    cut_when_full,
)

CUTS: list[Cut] = [cut_at_least_cost, cut_greedily(0.5), cut_recursively, cut_when_full]
units = st.lists(st.tuples(st.integers(1, 30), st.floats(-1, 2)), min_size=1, max_size=40)


@pytest.mark.parametrize("cut", CUTS)
@settings(max_examples=100, deadline=None)
@given(content=units, limit=st.integers(5, 60))
def test_every_cut_covers_all_units_in_order_within_the_limit(
    cut: Cut, content: Sequence[tuple[int, float]], limit: int
) -> None:
    tokens = [size for size, _ in content]
    ranges = cut(tokens, [cost for _, cost in content[1:]], limit)
    assert (ranges[0][0], ranges[-1][1]) == (0, len(tokens))
    assert all(before[1] == after[0] for before, after in pairwise(ranges))
    assert all(begin < end for begin, end in ranges)
    assert all(sum(tokens[a:b]) <= limit for a, b in ranges if b - a > 1)


def test_least_cost_prefers_a_cheap_boundary_to_the_even_one() -> None:
    tokens = [10] * 6
    assert cut_at_least_cost(tokens, [0.0] * 5, 40) == [(0, 3), (3, 6)]
    assert cut_at_least_cost(tokens, [1.0, 0.0, 1.0, 1.0, 1.0], 40) == [(0, 2), (2, 6)]


def test_least_cost_cuts_what_fits_only_where_that_is_worth_it() -> None:
    assert cut_at_least_cost([10, 10], [0.0], 40) == [(0, 2)]
    assert cut_at_least_cost([10, 10], [-1.0], 40) == [(0, 1), (1, 2)]


def test_least_cost_is_no_dearer_than_any_other_cut() -> None:
    tokens, costs, limit = [9, 4, 7, 8, 3, 6, 9, 2], [0.3, 0.9, 0.1, 0.7, 0.2, 0.5, 0.4], 20
    even = sum(tokens) / 3  # the least number of chunks at nine tenths of the limit

    def price(ranges: Sequence[tuple[int, int]]) -> float:
        shape = sum((sum(tokens[a:b]) / even - 1) ** 2 for a, b in ranges)
        return shape + sum(costs[a - 1] for a, _ in ranges if a)

    best = price(cut_at_least_cost(tokens, costs, limit))
    every = [[0, *[i for i in range(1, 8) if bits >> i & 1], 8] for bits in range(0, 256, 2)]
    fitting = [
        list(pairwise(bounds))
        for bounds in every
        if all(sum(tokens[a:b]) <= limit for a, b in pairwise(bounds))
    ]
    assert best == pytest.approx(min(map(price, fitting)))


def test_greedy_ends_a_chunk_below_the_threshold_or_when_full() -> None:
    assert cut_greedily(0.5)([10] * 5, [0.9, 0.4, 0.5, 0.9], 20) == [(0, 2), (2, 4), (4, 5)]


def test_full_chunks_take_no_heed_of_costs() -> None:
    assert cut_when_full([10] * 5, [9.0, 0.0, 9.0, 0.0], 20) == [(0, 2), (2, 4), (4, 5)]


def test_recursive_keeps_parts_that_fit_whole_and_divides_the_others() -> None:
    # Two paragraphs: one of two sentences, one of five that do not fit together.
    tokens, costs = [10] * 7, [0.4, 0.1, 0.4, 0.4, 0.4, 0.4]
    assert cut_recursively(tokens, costs, 30) == [(0, 3), (3, 6), (6, 7)]
    assert cut_recursively(tokens[:4], [0.4, 0.1, 0.4], 30) == [(0, 2), (2, 4)]
    assert cut_recursively(tokens[:3], [0.4, 0.1], 30) == [(0, 3)]


def test_recursive_divides_ten_thousand_units_without_depth() -> None:
    costs = [float(number) for number in range(9_999)]
    assert len(cut_recursively([10] * 10_000, costs, 20)) >= 5_000
