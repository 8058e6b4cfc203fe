"""Fidelity of text: hand-computed values, and parity with the textbook's table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.text_fidelity import (
    bag_f1,
    common_length,
    document_words,
    folded,
    ordered_f1,
    plain_markdown,
)
from ingestion.parse import parse


def table_of_lengths(first: str, second: str) -> int:
    above = [0] * (len(second) + 1)
    for left in first:
        row = [0]
        for at, right in enumerate(second):
            row.append(above[at] + 1 if left == right else max(above[at + 1], row[-1]))
        above = row
    return above[-1]


@given(st.text("ab中", max_size=30), st.text("ab中", max_size=30))
def test_common_length_equals_the_textbook_table(first: str, second: str) -> None:
    assert common_length(first, second) == table_of_lengths(first, second)


def test_ordered_f1_counts_what_moved_and_bag_f1_does_not() -> None:
    assert bag_f1("cdab", "ab cd") == 1.0
    assert ordered_f1("cdab", "ab cd") == 0.5
    assert ordered_f1("ab", "abcd") == pytest.approx(2 / 3)
    assert ordered_f1("", "") == 1.0
    assert ordered_f1("", "a") == 0.0


def test_folded_makes_compatibility_forms_one_and_drops_white_space() -> None:
    assert folded("ＡＢ１\u3000①\n ﬁ") == "AB11fi"


def test_plain_markdown_keeps_words_only() -> None:
    marked = "# Head\n\n| a | **b** |\n| --- | :-: |\n| 1 |  |\n\n- item [link](x.html)\n-5 `code`"
    assert plain_markdown(marked).split() == "Head a b 1 item link -5 code".split()


def test_document_words_drops_the_bars_of_tables_only() -> None:
    document = parse(b"# A | B\n\n| c | d |\n|---|---|\n| 1 | 2 |\n", "a.md")
    assert document_words(document) == "A | B\nc d\n1 2"
