from collections.abc import Sequence

import pytest

from retrieval.bm25 import Entry, LexicalIndex
from retrieval.wordings import Scored, find_wordings, highest_of

FIELDS = {"body": 1.0}


def _index(*texts: str) -> LexicalIndex:
    index = LexicalIndex(["body"])
    index.add(Entry(row, row, {"body": text}) for row, text in enumerate(texts))
    return index


def _find(index: LexicalIndex, own: str, *others: str, k: int = 10) -> Scored:
    return find_wordings(
        own.split(),
        [other.split() for other in others],
        k,
        lambda words: index.search(words, FIELDS, k),
        lambda words, unknown: index.highest_score(words, FIELDS, unknown=unknown),
    )


def _highest(index: LexicalIndex, own: str, *others: str) -> float:
    return highest_of(
        own.split(),
        [other.split() for other in others],
        lambda words, unknown: index.highest_score(words, FIELDS, unknown=unknown),
    )


def test_find_wordings_without_others_is_the_plain_search() -> None:
    index = _index("pay day", "pay", "rest")
    assert _find(index, "pay day") == index.search(["pay", "day"], FIELDS, 10)
    assert _highest(index, "pay day") == index.highest_score(["pay", "day"], FIELDS)


def test_find_wordings_leaves_scores_of_the_own_words_as_they_are() -> None:
    index = _index("pay day", "salary day", "salary", "day off")
    plain = dict(index.search(["pay", "day"], FIELDS, 10))
    found = dict(_find(index, "pay day", "salary day"))
    assert found[0] == pytest.approx(plain[0])
    assert found[1] > plain[1]
    assert _highest(index, "pay day", "salary day") == _highest(index, "pay day")


def test_find_wordings_puts_equals_in_the_own_words_first() -> None:
    index = _index("salary day", "pay day", "rest")
    assert [row for row, _ in _find(index, "pay day", "salary day")][:2] == [1, 0]


def test_find_wordings_with_an_own_word_that_no_row_has_prefers_the_other_word() -> None:
    index = _index("day day day", "salary day", "rest", "day off")
    found = _find(index, "wage day", "salary day")
    assert found[0][0] == 1
    assert found[0][1] <= _highest(index, "wage day", "salary day")


def test_find_wordings_finds_by_another_word_alone() -> None:
    index = _index("salary", "rest")
    assert [row for row, _ in _find(index, "wage", "salary")] == [0]
    assert _highest(index, "wage", "salary") == 1.0


@pytest.mark.parametrize("others", [(), ("income",)])
def test_find_wordings_of_unknown_words_finds_nothing(others: Sequence[str]) -> None:
    index = _index("salary", "rest")
    assert _find(index, "wage", *others) == []
    assert _highest(index, "wage", *others) == 0.0


def test_find_wordings_gives_no_more_than_k_rows() -> None:
    index = _index("pay", "salary", "pay salary")
    assert len(_find(index, "pay", "salary", k=2)) == 2
