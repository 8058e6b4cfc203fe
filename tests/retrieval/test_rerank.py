from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.ports import Scores
from retrieval.records import Passage
from retrieval.rerank import WINDOW, best_window, rerank


class LastLetterScorer:
    """Implements `PairScorer`: the later the last letter in the alphabet, the better."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def score_pairs(self, question: str, passages: Sequence[str]) -> Scores:
        self.read += passages
        return np.array([ord(text[-1]) - ord("m") for text in passages], dtype=np.float32)


def _passage(name: str, score: float) -> Passage:
    return Passage(
        chunk_id=name,
        document_id="d",
        revision="r",
        title="Title",
        heading_path=("Head",),
        page=None,
        start=0,
        end=len(name),
        text=name,
        score=score,
        scores={"fused": score},
    )


PASSAGES = [_passage("a", 0.9), _passage("z", 0.5), _passage("n", 0.4), _passage("y", 0.3)]


def _rerank(depth: int, weight: float) -> list[Passage]:
    return rerank("q", PASSAGES, LastLetterScorer(), depth=depth, weight=weight)


def test_rerank_blends_logits_with_the_fused_score_and_notes_them() -> None:
    best, *_ = _rerank(4, 0.1)
    assert best.chunk_id == "z"
    assert best.score == pytest.approx(0.5 + 0.1 * 13)
    assert best.scores == {"fused": 0.5, "rerank": 13.0}


def test_rerank_light_weight_keeps_what_is_far_ahead() -> None:
    assert [one.chunk_id for one in _rerank(4, 0.001)] == ["a", "z", "n", "y"]


def test_rerank_what_is_not_read_stays_behind_what_is() -> None:
    ranked = _rerank(3, 1.0)
    assert [one.chunk_id for one in ranked] == ["z", "n", "a", "y"]
    assert "rerank" not in ranked[-1].scores
    scores = [one.score for one in ranked]
    assert scores == sorted(scores, reverse=True)


def test_rerank_reads_a_passage_below_its_title_and_headings() -> None:
    scorer = LastLetterScorer()
    rerank("q", PASSAGES, scorer, depth=1, weight=1.0)
    assert scorer.read == ["Title > Head\na"]


@pytest.mark.parametrize(("passages", "depth"), [([], 3), (PASSAGES, 0)])
def test_rerank_nothing_to_read_asks_nobody(passages: list[Passage], depth: int) -> None:
    scorer = LastLetterScorer()
    assert rerank("q", passages, scorer, depth=depth, weight=1.0) == passages
    assert scorer.read == []


@pytest.mark.parametrize(
    ("question", "needle"),
    [
        ("试用期最长多久？", "试用期最长不得超过六个月"),
        ("When is tea served?", "tea is served at four"),
    ],
)
def test_best_window_holds_what_the_question_asks_about(question: str, needle: str) -> None:
    for before in (0, 37, 500, 999):
        text = "无关文字。" * (before // 5) + needle + "别的内容，" * 150
        assert needle in best_window(question, text)


@given(st.text(max_size=60), st.text(max_size=900))
def test_best_window_is_a_piece_of_the_text_of_the_wanted_length(question: str, text: str) -> None:
    window = best_window(question, text)
    assert window in text
    assert len(window) == min(len(text), WINDOW)
