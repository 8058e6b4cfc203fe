from collections.abc import Iterator

import numpy as np
import pytest
from rank_bm25 import BM25Okapi

from retrieval.bm25 import Entry, LexicalIndex

_TEXTS = [
    "the cat sat on the mat".split(),
    "a dog and a cat".split(),
    "birds fly over the sea at dawn".split(),
    "the sea is deep and the sea is cold".split(),
    "mats are sold by the dozen".split(),
    "nothing here concerns animals at all".split(),
]


def _index() -> LexicalIndex:
    index = LexicalIndex(("body", "key"))
    index.add(
        Entry(row, row // 2, {"body": " ".join(text), "key": text[0]})
        for row, text in enumerate(_TEXTS)
    )
    return index


@pytest.mark.parametrize("query", [["sea"], ["cat", "mat"], ["the", "deep", "sea"], ["dozen"]])
def test_search_body_only_ranks_as_rank_bm25_does(query: list[str]) -> None:
    oracle = BM25Okapi(_TEXTS, k1=1.2, b=0.75, epsilon=0)
    # rank-bm25 uses the idf without the +1 that Lucene and tantivy add inside the logarithm.
    size, frequency = len(_TEXTS), {term: sum(term in text for text in _TEXTS) for term in query}
    oracle.idf = {t: np.log(1 + (size - n + 0.5) / (n + 0.5)) for t, n in frequency.items()}
    expected = oracle.get_scores(query)
    found = dict(_index().search(query, {"body": 1.0}, 10))
    # The oracle's numerator has the constant factor k1 + 1; it does not change any order.
    for row, score in enumerate(expected):
        assert found.get(row, 0.0) == pytest.approx(score, abs=1e-4)


def test_search_within_documents_gives_only_their_rows() -> None:
    assert {row for row, _ in _index().search(["the"], {"body": 1.0}, 10, [1])} == {2, 3}


def test_search_no_documents_or_no_terms_gives_nothing() -> None:
    index = _index()
    assert index.search(["the"], {"body": 1.0}, 10, []) == []
    assert index.search([], {"body": 1.0}, 10) == []


def test_search_key_field_weight_adds_its_score() -> None:
    index = _index()
    alone = dict(index.search(["birds"], {"body": 1.0, "key": 0.0}, 10))[2]
    assert dict(index.search(["birds"], {"body": 1.0, "key": 2.0}, 10))[2] > alone


def test_remove_document_then_search_no_longer_finds_it() -> None:
    index = _index()
    index.remove_document(1)
    assert index.search(["sea"], {"body": 1.0}, 10) == []
    assert index.search(["cat"], {"body": 1.0}, 10)


def test_search_term_with_query_syntax_is_only_a_term() -> None:
    assert _index().search(["body:cat", "*", '"', "AND"], {"body": 1.0}, 10) == []


def test_highest_score_is_never_reached_and_nearly_so_by_repetition() -> None:
    index = _index()
    asked = "the sea is cold".split()
    highest = index.highest_score(asked, {"body": 1.0})
    assert all(score < highest for _, score in index.search(asked, {"body": 1.0}, 10))
    again = LexicalIndex(("body",))
    again.add([Entry(0, 0, {"body": " ".join(["cold"] * 500)}), Entry(1, 1, {"body": "warm"})])
    [(_, score)] = again.search(["cold"], {"body": 1.0}, 1)
    assert score == pytest.approx(again.highest_score(["cold"], {"body": 1.0}), rel=0.02)


def test_highest_score_of_unknown_terms_is_nothing() -> None:
    weights = {"body": 1.0, "key": 0.3}
    assert _index().highest_score(["unicorn"], weights) == _index().highest_score([], weights) == 0


def test_highest_score_counts_a_term_that_only_another_field_has() -> None:
    index = LexicalIndex(("body", "key"))
    index.add([Entry(0, 0, {"body": "a", "key": "title"}), Entry(1, 1, {"body": "b"})])
    weights = {"body": 1.0, "key": 0.3}
    [(_, score)] = index.search(["title"], weights, 2)
    assert 0 < score <= index.highest_score(["title"], weights)


def test_highest_score_stays_above_nothing_when_most_rows_were_removed() -> None:
    index = LexicalIndex(("body",))
    index.add(Entry(row, row, {"body": "sea"}) for row in range(9))
    for document in range(8):
        index.remove_document(document)
    assert len(index.search(["sea"], {"body": 1.0}, 9)) == 1
    assert index.highest_score(["sea"], {"body": 1.0}) > 0


def test_adding_that_fails_adds_nothing_and_can_be_tried_again() -> None:
    index = LexicalIndex(("body",))

    def entries() -> Iterator[Entry]:
        yield Entry(0, 0, {"body": "sea"})
        raise KeyError

    with pytest.raises(KeyError):
        index.add(entries())
    assert index.search(["sea"], {"body": 1.0}, 9) == []
    index.add([Entry(0, 0, {"body": "sea"})])
    assert len(index.search(["sea"], {"body": 1.0}, 9)) == 1


def test_holding_counts_rows_with_a_term_of_a_field() -> None:
    index = LexicalIndex(["body", "above"])
    index.add([Entry(0, 0, {"body": "a b a"}), Entry(1, 1, {"body": "a", "above": "b"})])
    holding = index.holding("body")
    assert [holding(term) for term in ("a", "b", "c", "")] == [2, 1, 0, 0]


def test_highest_score_counts_unknown_terms_as_rarest_only_where_asked() -> None:
    index = LexicalIndex(["body"])
    index.add([Entry(0, 0, {"body": "a"}), Entry(1, 1, {"body": "b"})])
    known = index.highest_score(["a"], {"body": 1.0})
    assert index.highest_score(["a", "zz"], {"body": 1.0}) == known
    assert index.highest_score(["a", "zz"], {"body": 1.0}, unknown=True) > 2 * known
    assert LexicalIndex(["body"]).highest_score(["zz"], {"body": 1.0}, unknown=True) == 0.0
