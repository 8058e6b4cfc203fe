from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.fusion_weights import FusionWeights
from retrieval.records import Passage
from retrieval.rerank import WINDOW, best_window, rerank


class WordScorer:
    """Gives a text the number of times it says "gold", less two."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def score_pairs(self, question: str, passages: Sequence[str]) -> np.ndarray:
        self.read.extend(passages)
        return np.array([text.count("gold") - 2.0 for text in passages], dtype=np.float32)


def passage(text: str, score: float, title: str = "") -> Passage:
    return Passage(text, "d", "1", title, (), None, 0, len(text), text, score, {"fused": score})


def test_rerank_orders_by_fused_score_and_logit_and_notes_the_logit() -> None:
    given_ = [passage("lead", 0.9), passage("gold gold gold", 0.8), passage("gold", 0.7)]
    found = rerank("?", given_, WordScorer(), FusionWeights(rerank=0.5))
    assert [one.text for one in found] == ["gold gold gold", "gold", "lead"]
    assert [one.score for one in found] == pytest.approx([0.8 + 0.5, 0.7 - 0.5, 0.9 - 1.0])
    assert found[0].scores == {"fused": 0.8, "rerank": 1.0}


def test_rerank_reads_only_its_depth_and_scores_never_rise_down_the_list() -> None:
    given_ = [passage(f"{'gold ' * (n % 4)}x{n}", 1 - n / 10) for n in range(8)]
    scorer = WordScorer()
    found = rerank("?", given_, scorer, FusionWeights(rerank=0.3, rerank_depth=5))
    assert scorer.read == [one.text for one in given_[:5]]
    assert [one.text for one in found[5:]] == [one.text for one in given_[5:]]
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    assert all("rerank" not in one.scores for one in found[5:])


def test_rerank_shows_the_title_above_the_text() -> None:
    scorer = WordScorer()
    rerank("?", [passage("body", 0.5, title="Rules")], scorer, FusionWeights())
    assert scorer.read == ["Rules\nbody"]


def test_rerank_without_passages_asks_nobody() -> None:
    scorer = WordScorer()
    assert rerank("?", [], scorer, FusionWeights()) == []
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
