from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from models.pair_scorer import PairScorer
from tests.models.tiny_trunk import write_tiny_trunk

QUESTION = "Where is the bell?"
PASSAGES = ["The bell hangs in the north tower.", "Short.", "Nobody rings it on 30 May. " * 9, ""]


@pytest.fixture(scope="module")
def trunk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_trunk(tmp_path_factory.mktemp("trunk"))


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(3)
    module = "encoder.layer.1.attention.self.query"
    tensors = {
        "head.weight": torch.randn(1, 32),
        "head.bias": torch.randn(1),
        f"{module}.lora_A": torch.randn(4, 32),
        f"{module}.lora_B": torch.randn(32, 4),
    }
    path = tmp_path_factory.mktemp("adapter") / "reranker.safetensors"
    save_file(tensors, path, metadata={"lora": '{"rank": 4, "scale": 2.0}'})
    return path


def test_score_pairs_gives_a_logit_for_every_passage_in_order(trunk: Path, adapter: Path) -> None:
    scorer = PairScorer(trunk, adapter)
    scores = scorer.score_pairs(QUESTION, PASSAGES)
    assert scores.shape == (len(PASSAGES),)
    assert np.isfinite(scores).all()
    assert len({round(float(score), 3) for score in scores}) > 1
    for passage, score in zip(PASSAGES, scores, strict=True):
        np.testing.assert_allclose(scorer.score_pairs(QUESTION, [passage]), [score], atol=0.1)


def test_score_pairs_without_passages_is_empty(trunk: Path, adapter: Path) -> None:
    assert PairScorer(trunk, adapter).score_pairs(QUESTION, []).shape == (0,)


def test_score_pairs_reads_no_more_than_max_tokens(trunk: Path, adapter: Path) -> None:
    scorer = PairScorer(trunk, adapter, max_tokens=48)
    first, second = scorer.score_pairs(QUESTION, ["a" * 100, "a" * 40 + "b" * 60])
    assert first == pytest.approx(second, abs=1e-6)


@pytest.mark.parametrize("question", ["", " ", "why " * 500, "为什么" * 600])
def test_score_pairs_question_of_any_length_leaves_room_for_the_passage(
    trunk: Path, adapter: Path, question: str
) -> None:
    one, other = PairScorer(trunk, adapter).score_pairs(question, ["a" * 20, "zyx"])
    assert one != other


def test_score_pairs_from_several_threads_mixes_nothing_up(trunk: Path, adapter: Path) -> None:
    scorer = PairScorer(trunk, adapter)
    expected = [float(scorer.score_pairs(QUESTION, [passage])[0]) for passage in PASSAGES]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda p: float(scorer.score_pairs(QUESTION, [p])[0]), PASSAGES * 4))
    assert found == expected * 4
