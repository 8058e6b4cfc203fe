import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from models.encoder import LENGTH_STEP
from models.next_sentence import (
    WINDOW,
    NextSentence,
    PairWindows,
    batch_of,
    load_network,
    published_next_sentence,
    trained_next_sentence,
)
from models.shared_trunk import SharedTrunk, read_tokenizer
from tests.models.tiny_trunk import write_tiny_trunk

PAIRS = [("The bell rings.", "It rings again."), ("Short", "No."), ("a" * 200, "b" * 300)]


@pytest.fixture(scope="module")
def trunk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_trunk(tmp_path_factory.mktemp("trunk"))


def weights_of(trunk: Path, path: Path, *, temperature: float = 1.0, layers: int = 1) -> Path:
    """Write the weights of an untrained network whose head tells pairs apart."""
    torch.manual_seed(5)
    network = load_network(trunk, layers)
    torch.nn.init.normal_(network.cls.seq_relationship.weight, std=3.0)
    names = ("bert.encoder", "bert.pooler", "cls")
    tensors = {
        f"{name}.{key}": value.contiguous()
        for name in names
        for key, value in network.get_submodule(name).state_dict().items()
    }
    facts = {"layers": layers, "temperature": temperature}
    save_file(tensors, path, metadata={key: json.dumps(value) for key, value in facts.items()})
    return path


@pytest.fixture(scope="module")
def scorer(trunk: Path, tmp_path_factory: pytest.TempPathFactory) -> NextSentence:
    folder = tmp_path_factory.mktemp("weights")
    return trained_next_sentence(trunk, weights_of(trunk, folder / "nsp.safetensors"))


def test_scores_are_probabilities_in_the_order_of_the_pairs(scorer: NextSentence) -> None:
    together = scorer.score_pairs(PAIRS)
    assert together.shape == (3,)
    assert ((together > 0) & (together < 1)).all()
    for pair, score in zip(PAIRS, together, strict=True):
        assert scorer.score_pairs([pair])[0] == pytest.approx(score, abs=0.02)
    assert together.std() > 1e-3


def test_scores_of_no_pairs_are_none(scorer: NextSentence) -> None:
    assert scorer.score_pairs([]).shape == (0,)


def test_scores_depend_only_on_what_is_near_the_boundary(scorer: NextSentence) -> None:
    (near,) = scorer.score_pairs([("x" * WINDOW, "y" * WINDOW)])
    (whole,) = scorer.score_pairs([("far" * 9 + "x" * WINDOW, "y" * WINDOW + "far" * 9)])
    assert near == pytest.approx(whole, abs=1e-6)


def test_scores_from_several_threads_mix_nothing_up(scorer: NextSentence) -> None:
    alone = [scorer.score_pairs([pair])[0] for pair in PAIRS]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda pair: scorer.score_pairs([pair])[0], PAIRS * 4))
    np.testing.assert_allclose(found, alone * 4, atol=1e-6)


def test_temperature_moves_probabilities_towards_even_odds(trunk: Path, tmp_path: Path) -> None:
    sharp = trained_next_sentence(trunk, weights_of(trunk, tmp_path / "a.safetensors"))
    mild = trained_next_sentence(
        trunk, weights_of(trunk, tmp_path / "b.safetensors", temperature=4.0)
    )
    logits = [np.log(p / (1 - p)) for p in (sharp.score_pairs(PAIRS), mild.score_pairs(PAIRS))]
    np.testing.assert_allclose(logits[0] / 4, logits[1], rtol=0.01)


def test_weights_of_another_trunk_are_refused(trunk: Path, tmp_path: Path) -> None:
    other = write_tiny_trunk(tmp_path / "other", width=64)
    weights = weights_of(other, tmp_path / "nsp.safetensors")
    with pytest.raises(ValueError, match=r"^nsp\.safetensors does not fit the encoder"):
        trained_next_sentence(trunk, weights)


def test_pair_reads_as_bert_does_and_is_padded_to_few_shapes(trunk: Path) -> None:
    windows = PairWindows(read_tokenizer(trunk), window=3)
    left, right = windows.encode(["abcd", "efgh"])
    ids, second = windows.pair(left, right)
    assert ids == [0, *left[1:], 1, *right[:3], 1]  # <s> bcd </s> efg </s>
    assert ids[second:] == [*right[:3], 1]
    padded, mask, types = batch_of([(ids, second)])
    assert padded.shape == mask.shape == types.shape == (1, LENGTH_STEP)
    assert (mask.sum().item(), types.sum().item()) == (len(ids), 4)


def test_published_model_scores_with_its_own_tokenizer(trunk: Path, tmp_path: Path) -> None:
    load_network(trunk, 1).save_pretrained(tmp_path)
    PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_file(str(trunk / "tokenizer.json")),
        model_max_length=8,
        pad_token="<pad>",
    ).save_pretrained(tmp_path)
    scorer = published_next_sentence(str(tmp_path), temperature=1e4)
    assert scorer.score_pairs(PAIRS) == pytest.approx(0.5, abs=1e-3)
    assert published_next_sentence(str(tmp_path)).score_pairs(PAIRS).std() > 1e-6


def test_trunk_may_be_one_that_is_loaded(trunk: Path, tmp_path: Path) -> None:
    weights = weights_of(trunk, tmp_path / "nsp.safetensors")
    words = load_network(trunk, 1).bert.embeddings.word_embeddings
    parts = SharedTrunk(words, read_tokenizer(trunk))
    shared = trained_next_sentence(trunk, weights, shared=parts)
    alone = trained_next_sentence(trunk, weights).score_pairs(PAIRS)
    np.testing.assert_array_equal(shared.score_pairs(PAIRS), alone)
    torch.nn.init.normal_(words.weight)
    assert not np.allclose(shared.score_pairs(PAIRS), alone)


def test_published_model_without_the_head_is_refused(trunk: Path) -> None:
    with pytest.raises(ValueError, match="has no head for next-sentence prediction"):
        published_next_sentence(str(trunk))


def test_damaged_weights_are_refused(trunk: Path, tmp_path: Path) -> None:
    weights = weights_of(trunk, tmp_path / "nsp.safetensors")
    weights.write_bytes(weights.read_bytes()[:-9])
    with pytest.raises(ValueError, match=r"^nsp\.safetensors is damaged"):
        trained_next_sentence(trunk, weights)
    load_network(trunk, 1).save_pretrained(tmp_path / "model")
    published = tmp_path / "model" / "model.safetensors"
    published.write_bytes(published.read_bytes()[:-9])
    with pytest.raises(ValueError, match="is damaged"):
        published_next_sentence(str(tmp_path / "model"))
