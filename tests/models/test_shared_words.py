from pathlib import Path

import pytest
import torch
from transformers import AutoModel

from models.shared_words import share_words
from tests.models.tiny_trunk import write_tiny_trunk


def test_shared_words_are_one_table_and_change_nothing(tmp_path: Path) -> None:
    trunk = write_tiny_trunk(tmp_path)
    one, other = AutoModel.from_pretrained(trunk), AutoModel.from_pretrained(trunk)
    ids = torch.tensor([[1, 2, 3]])
    with torch.inference_mode():
        before = other(input_ids=ids).last_hidden_state
        share_words(other, one.get_input_embeddings())
        assert torch.equal(other(input_ids=ids).last_hidden_state, before)
    shared = other.get_input_embeddings().weight
    assert shared.data_ptr() == one.get_input_embeddings().weight.data_ptr()


@pytest.mark.parametrize(
    "words", [torch.nn.Embedding(260, 2), torch.nn.Embedding(260, 32, dtype=torch.float64)]
)
def test_words_of_another_network_are_refused(tmp_path: Path, words: torch.nn.Embedding) -> None:
    network = AutoModel.from_pretrained(write_tiny_trunk(tmp_path))
    with pytest.raises(ValueError, match="no words for this network"):
        share_words(network, words)
