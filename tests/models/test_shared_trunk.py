import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModel

from models.bundled import ENCODER_FOLDER
from models.encoder import Encoder
from models.shared_trunk import PlainTokenizer, read_tokenizer, share_words
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


def test_plain_tokenizer_neither_pads_nor_cuts_whatever_others_set(tmp_path: Path) -> None:
    folder = write_tiny_trunk(tmp_path)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    plain = PlainTokenizer(tokenizer, threading.Lock())
    alone = read_tokenizer(folder)
    tokenizer.enable_padding(length=20)
    tokenizer.enable_truncation(3)
    texts = ["abcdef", "a"]
    assert [one.ids for one in plain.encode(texts)] == [one.ids for one in alone.encode(texts)]
    pair = [("abcdef", "ghi")]
    assert plain.encode(pair)[0].ids == alone.encode(pair)[0].ids
    bare = plain.encode(texts, special=False)
    assert [len(one.ids) for one in bare] == [len(one.ids) - 2 for one in plain.encode(texts)]


def test_encoder_and_reader_on_one_tokenizer_disturb_each_other_never(models_dir: Path) -> None:
    encoder = Encoder(models_dir / ENCODER_FOLDER)
    plain = encoder.shared.tokenizer
    texts = ["试用期最长多久？", "How long may probation last, at most?", "短"] * 3
    vectors = encoder.embed_queries(texts)
    ids = [one.ids for one in plain.encode(texts)]
    counts = encoder.count_tokens(texts)

    def embeds(_number: int) -> bool:
        return bool(np.allclose(encoder.embed_queries(texts), vectors, atol=0.02))

    def reads(_number: int) -> bool:
        return [one.ids for one in plain.encode(texts)] == ids

    def counted(_number: int) -> bool:
        return encoder.count_tokens(texts) == counts

    with ThreadPoolExecutor(6) as pool:
        results = [pool.submit(work, n) for n in range(8) for work in (embeds, reads, counted)]
        assert all(result.result() for result in results)
