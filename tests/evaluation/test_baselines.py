"""The plain systems find what they should and keep to their formulas."""

import random

import numpy as np
import pytest
from rank_bm25 import BM25Okapi

from evaluation.baselines import (
    WINDOW_TOKENS,
    PlainBm25,
    PlainDense,
    Windows,
    embed_windows,
    fuse_plain,
    plain_windows,
    words,
)
from evaluation.datasets import CorpusDocument


def _quiet(_done: int, _total: int) -> None:
    pass


def test_plain_windows_cover_every_text_within_the_limit(encoder) -> None:
    documents = [CorpusDocument(f"d{n}", "标题", "字" * n) for n in (0, 1, 253, 254, 1000)]
    windows = plain_windows(documents, encoder)
    ends = [*windows.starts[1:], len(windows.texts)]
    for document, start, end in zip(documents, windows.starts, ends, strict=True):
        assert "".join(windows.texts[start:end]) == document.full_text
    assert max(map(len, windows.texts)) <= WINDOW_TOKENS
    assert windows.starts == (0, 1, 2, 3, 5)


def test_plain_windows_empty_document_keeps_its_place(encoder) -> None:
    windows = plain_windows([CorpusDocument("a", "", ""), CorpusDocument("b", "", "x")], encoder)
    assert windows == Windows(("", "x"), (0, 1))


def test_embed_windows_rows_are_in_document_order(encoder) -> None:
    windows = Windows(("一二三四", "五", "六七"), (0, 1, 2))
    seen: list[tuple[int, int]] = []
    vectors = embed_windows(windows, encoder, lambda done, total: seen.append((done, total)))
    np.testing.assert_array_equal(vectors, encoder.embed_queries(windows.texts))
    assert encoder.embedded == [["五", "六七", "一二三四"]]
    assert seen == [(0, 3), (3, 3)]


def test_plain_dense_document_scores_as_its_best_window() -> None:
    vectors = np.array([[0.8, 0.6], [0, 1], [0.6, 0.8]], dtype=np.float32)
    dense = PlainDense(["a", "b"], Windows(("", "", ""), (0, 2)), vectors)
    found = dense.search(np.array([0, 1], dtype=np.float32), 5)
    assert [name for name, _ in found] == ["a", "b"]
    assert [score for _, score in found] == pytest.approx([1.0, 0.8])


def test_plain_dense_tie_at_the_cut_breaks_by_id() -> None:
    vectors = np.ones((5, 1), dtype=np.float32)
    dense = PlainDense(list("badec"), Windows(("",) * 5, tuple(range(5))), vectors)
    found = dense.search(np.ones(1, dtype=np.float32), 2)
    assert [name for name, _ in found] == ["e", "d"]


def test_words_are_lower_case_without_marks() -> None:
    assert words("合同法，Windows 10！") == ["合同法", "windows", "10"]


def test_plain_bm25_order_of_one_word_equals_rank_bm25() -> None:
    generator = random.Random(2)
    vocabulary = [f"w{number}" for number in range(40)]
    texts = [" ".join(generator.choices(vocabulary, k=generator.randint(5, 25))) for _ in range(80)]
    ours = PlainBm25([CorpusDocument(f"d{n:02}", "", t) for n, t in enumerate(texts)], _quiet)
    theirs = BM25Okapi([text.split() for text in texts], k1=1.5, b=0.75)
    for word in vocabulary[:10]:
        assert sum(word in text.split() for text in texts) < 40  # else Okapi's idf is negative
        scores = theirs.get_scores([word])
        best = [n for n in range(80) if scores[n] > 0]
        best.sort(key=lambda n: (round(scores[n], 9), f"d{n:02}"), reverse=True)
        assert [name for name, _ in ours.search(word, 10)] == [f"d{n:02}" for n in best[:10]]


def test_plain_bm25_question_without_known_word_finds_nothing() -> None:
    index = PlainBm25([CorpusDocument("a", "", "企鹅"), CorpusDocument("b", "", "骆驼")], _quiet)
    assert index.search("！？", 5) == []
    assert index.search("狐狸", 5) == []
    assert [name for name, _ in index.search("骆驼", 5)] == ["b"]


def test_fuse_plain_known_ranks_are_as_computed_by_hand() -> None:
    fused = fuse_plain([[("a", 9.0), ("b", 8.0)], [("b", 0.2), ("c", 0.1)]], 2)
    assert fused == [("b", 1 / 62 + 1 / 61), ("a", 1 / 61)]
