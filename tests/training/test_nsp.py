from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.next_sentence import PairWindows, trained_next_sentence
from models.shared_trunk import read_tokenizer
from tests.models.tiny_trunk import write_tiny_trunk
from tests.training.interrupted import run_until
from training.data.sentence_pairs import SentencePair
from training.nsp import NspSettings, encode_pairs, fit_temperature, train

PAIRS = [
    SentencePair("aaaa", "bbbb", "adjacent"),
    SentencePair("aaaa", "zzzz", "other_document"),
    SentencePair("cccc", "bbbb", "adjacent"),
    SentencePair("cccc", "zzzz", "same_document"),
] * 8
SETTINGS = NspSettings(
    layers=2, learning_rate=3e-3, warmup_steps=1, batch_size=8, minutes=600.0, window=8, easy=0.5
)


@pytest.fixture(scope="module")
def trunk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_trunk(tmp_path_factory.mktemp("trunk"))


def run_to(step: int, trunk: Path, out: Path, settings: NspSettings) -> list[str]:
    return run_until(step, lambda report: train(trunk, PAIRS, out, settings, report))


def test_encode_pairs_keeps_berts_labels(trunk: Path) -> None:
    encoded = encode_pairs(PAIRS[:2], PairWindows(read_tokenizer(trunk)))
    assert [label for _, _, label in encoded] == [0, 1]
    assert all(ids[second - 1] == ids[-1] == 1 for ids, second, _ in encoded)


def test_temperature_undoes_what_was_too_sure_or_too_shy() -> None:
    torch.manual_seed(1)
    honest = torch.randn(4000, 2)
    odds = torch.softmax(honest, dim=1)[:, 1]
    labels = torch.bernoulli(odds).long()
    for factor in (0.5, 1.0, 4.0):
        assert fit_temperature(factor * honest, labels) == pytest.approx(factor, rel=0.15)


def test_train_first_phase_lowers_the_loss_and_goes_on_after_an_interruption(
    trunk: Path, tmp_path: Path
) -> None:
    settings = replace(SETTINGS, save_every_steps=20)
    lines = run_to(40, trunk, tmp_path, settings)
    losses = [float(line.split("loss ")[1].split()[0]) for line in lines]
    assert losses[-1] < 0.7 * losses[0]
    again = run_to(60, trunk, tmp_path, settings)
    assert again[0].startswith("step 30 ")  # of the checkpoint after 20


def test_train_to_its_end_writes_a_scorer_with_its_temperature(trunk: Path, tmp_path: Path) -> None:
    said: list[str] = []
    file = train(trunk, PAIRS, tmp_path, replace(SETTINGS, minutes=0.1), said.append)
    assert said[-1].startswith("held out: accuracy ")
    follows, other = trained_next_sentence(trunk, file).score_pairs(
        [("aaaa", "bbbb"), ("aaaa", "zzzz")]
    )
    assert follows > other + 0.2
