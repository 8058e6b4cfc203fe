from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModel

from models.lora import merge_lora, read_adapter
from tests.models.tiny_trunk import write_tiny_trunk
from tests.training.interrupted import run_until
from training.data.ranking import Ranking
from training.embedder import EmbedderSettings, contrastive_loss, embed, encode_triples, train

WORDS = ["oak", "elm", "fig", "yew", "ash", "fir", "bay", "box"]
RANKINGS = [Ranking(f"Where is {word}?", f"{word} hill", ("a hill", "no hill")) for word in WORDS]
SETTINGS = EmbedderSettings(
    rank=4, alpha=8, layers=2, learning_rate=0.02, warmup_steps=1, batch_size=8, minutes=600.0,
    save_every_steps=10,
)  # fmt: skip


@pytest.fixture(scope="module")
def trunk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_trunk(tmp_path_factory.mktemp("trunk"))


def tokenizer_of(trunk: Path) -> Tokenizer:
    return Tokenizer.from_file(str(trunk / "tokenizer.json"))


def model_of(trunk: Path) -> torch.nn.Module:
    return AutoModel.from_pretrained(trunk, add_pooling_layer=False).float().eval()


def test_encode_reads_as_e5_does_and_needs_a_wrong_passage(trunk: Path) -> None:
    tokenizer = tokenizer_of(trunk)
    encoded = encode_triples([*RANKINGS, Ranking("a", "b", ())], tokenizer, SETTINGS)
    assert len(encoded) == len(RANKINGS)
    assert encoded[0].question == tokenizer.encode("query: Where is oak?").ids
    assert encoded[0].right == tokenizer.encode("passage: oak hill").ids


def test_embed_rows_are_unit_means_whatever_the_padding(trunk: Path) -> None:
    model = model_of(trunk)
    together = embed(model, [[0, 5, 6, 1], [0, 9, 1]])
    torch.testing.assert_close(together.norm(dim=1), torch.ones(2))
    torch.testing.assert_close(embed(model, [[0, 9, 1]])[0], together[1], atol=1e-4, rtol=1e-3)


def test_contrastive_loss_spares_a_right_passage_that_two_questions_share(trunk: Path) -> None:
    model, tokenizer = model_of(trunk), tokenizer_of(trunk)
    shared = [Ranking("one", "same", ("x",)), Ranking("two", "same", ("y",))]
    batch = encode_triples(shared, tokenizer, SETTINGS)
    questions = embed(model, [one.question for one in batch])
    passages = embed(model, [batch[0].right, batch[0].wrong, batch[1].wrong])
    logits = questions @ passages.T / SETTINGS.temperature
    expected = torch.nn.functional.cross_entropy(logits, torch.zeros(2, dtype=torch.long))
    found = contrastive_loss(model, batch, SETTINGS.temperature)
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)


def test_train_brings_questions_to_their_passages_and_goes_on(trunk: Path, tmp_path: Path) -> None:
    def run(step: int) -> list[str]:
        return run_until(step, lambda report: train(trunk, RANKINGS, tmp_path, SETTINGS, report))

    run(60)
    assert run(70)[0].split()[1] == "60"  # where the last checkpoint was written
    plain, tuned = model_of(trunk), model_of(trunk)
    merge_lora(tuned, *read_adapter(tmp_path / "embedder.safetensors"))
    encoded = encode_triples(RANKINGS, tokenizer_of(trunk), replace(SETTINGS, seed=1))
    losses = [
        contrastive_loss(model, encoded, SETTINGS.temperature).item() for model in (plain, tuned)
    ]
    assert losses[1] < 0.5 * losses[0]
