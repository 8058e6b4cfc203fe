from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

from models.published_pair_scorer import PublishedPairScorer
from tests.models.tiny_trunk import write_tiny_trunk

PASSAGES = ["The bell hangs in the north tower.", "Short.", "Nobody rings it. " * 80]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny cross-encoder as it would be published."""
    path = write_tiny_trunk(tmp_path_factory.mktemp("cross"))
    torch.manual_seed(4)
    config = BertConfig.from_pretrained(path, num_labels=1)
    BertForSequenceClassification(config).save_pretrained(path)
    return path


def test_score_pairs_gives_the_raw_logit_of_every_passage_in_order(folder: Path) -> None:
    scorer = PublishedPairScorer(str(folder), max_tokens=128)
    scores = scorer.score_pairs("Where?", PASSAGES)
    assert scores.dtype == np.float32
    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = BertForSequenceClassification.from_pretrained(folder).eval()
    for passage, score in zip(PASSAGES, scores, strict=True):
        pair = tokenizer("Where?", passage, truncation=True, max_length=128, return_tensors="pt")
        with torch.inference_mode():
            expected = network(**pair).logits.item()
        assert score == pytest.approx(expected, abs=0.05)


def test_score_pairs_without_passages_is_empty(folder: Path) -> None:
    assert PublishedPairScorer(str(folder)).score_pairs("Where?", []).shape == (0,)


def test_published_scorer_that_does_not_exist_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises((OSError, ValueError)):
        PublishedPairScorer(str(tmp_path / "nothing"))
