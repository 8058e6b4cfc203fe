from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from models.reader import PairTokenizer, Reader, load_network
from tests.models.tiny_trunk import write_tiny_trunk
from tests.training.interrupted import run_until
from training.data.reading import Reading
from training.reader import (
    EncodedReading,
    ReaderSettings,
    encode_readings,
    reading_loss,
    train,
)

WORDS = ["oak", "elm", "fig", "yew", "ash", "fir", "bay", "box"]
READINGS = [
    Reading("Which?", (f"a {word} here", "none there"), (0, 2, 5))
    if number % 4
    else Reading("Which?", ("none there", "or here"), None)
    for number, word in enumerate(WORDS)
]
SETTINGS = ReaderSettings(
    rank=4, alpha=8, layers=2, learning_rate=0.02, warmup_steps=1, batch_size=4, minutes=600.0
)


@pytest.fixture(scope="module")
def trunk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_trunk(tmp_path_factory.mktemp("trunk"))


def run_to(step: int, trunk: Path, out: Path, settings: ReaderSettings) -> list[str]:
    return run_until(step, lambda report: train(trunk, READINGS, out, settings, report))


def test_encode_span_covers_the_answers_tokens(trunk: Path) -> None:
    encoded = encode_readings(READINGS, PairTokenizer(trunk), 384)
    assert len(encoded) == len(READINGS)
    assert encoded[0].span is None
    span = encoded[1].span
    assert span is not None
    passage, first, last = span
    assert last - first == 2  # three letters, one token each
    assert first == encoded[1].firsts[passage] + 2


def test_encode_answer_beyond_the_limit_is_left_out(trunk: Path) -> None:
    assert encode_readings(READINGS[1:2], PairTokenizer(trunk), 12) == []


def test_reading_loss_is_one_softmax_over_all_passages(trunk: Path) -> None:
    network, tokenizer = load_network(trunk).float(), PairTokenizer(trunk)
    network.eval()
    (known,) = encode_readings(READINGS[1:2], tokenizer, 384)
    logs = []
    for side in (0, 1):
        columns = []
        for ids, first in zip(known.ids, known.firsts, strict=True):
            logits = network(torch.tensor([ids]), torch.ones(1, len(ids)))[0, :, side]
            columns.append(torch.cat([logits[:1], logits[first:-1]]))
        logs.append(torch.log_softmax(torch.cat(columns), dim=0))
    assert known.span is not None
    at = known.span[1] - known.firsts[0] + 1
    expected = -(logs[0][at] + logs[1][at + 2]) / 2
    torch.testing.assert_close(reading_loss(network, tokenizer, [known]), expected)

    unknown = EncodedReading(known.ids, known.firsts, None)
    other = len(known.ids[0]) - 1 - known.firsts[0] + 1
    nowhere = -sum(torch.logaddexp(one[0], one[other]) for one in logs) / 2
    torch.testing.assert_close(reading_loss(network, tokenizer, [unknown]), nowhere)
    both = reading_loss(network, tokenizer, [known, unknown])
    torch.testing.assert_close(both, (expected + nowhere) / 2)


@pytest.fixture(scope="module")
def trained(trunk: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    out = tmp_path_factory.mktemp("trained")
    return out, run_to(60, trunk, out, replace(SETTINGS, save_every_steps=30))


def test_train_some_steps_lowers_the_loss(trained: tuple[Path, list[str]]) -> None:
    losses = [float(line.split("loss ")[1].split()[0]) for line in trained[1]]
    assert losses[-1] < 0.5 * losses[0]


def test_train_saved_reader_finds_what_it_was_taught(
    trunk: Path, trained: tuple[Path, list[str]]
) -> None:
    reader = Reader(trunk, trained[0] / "reader.safetensors")
    found = 0
    for reading in READINGS:
        read = reader.read(reading.question, reading.passages)
        best = max(range(2), key=lambda n: read[n].start.max() + read[n].end.max() - read[n].none)
        if reading.span is not None:
            found += (best, int(read[best].start.argmax())) == reading.span[:2]
    assert found >= 5


def test_train_resumed_starts_from_the_saved_weights(
    trunk: Path, trained: tuple[Path, list[str]]
) -> None:
    lines = run_to(70, trunk, trained[0], SETTINGS)
    first = float(lines[0].split("loss ")[1].split()[0])
    begun = float(trained[1][0].split("loss ")[1].split()[0])
    assert lines[0].startswith("step 40 ")
    assert first < begun


def test_train_can_begin_where_another_reader_ended(trunk: Path, tmp_path: Path) -> None:
    run_to(20, trunk, tmp_path / "first", replace(SETTINGS, save_every_steps=10))
    first = tmp_path / "first" / "reader.safetensors"
    settings = replace(SETTINGS, minutes=1e-9)
    again = train(trunk, READINGS, tmp_path / "again", settings, lambda _line: None, begin=first)
    begun = load_file(again)
    assert all(torch.equal(begun[name], tensor) for name, tensor in load_file(first).items())


def test_train_lower_layers_stay_as_they_are(trunk: Path, tmp_path: Path) -> None:
    from safetensors import safe_open

    settings = replace(SETTINGS, layers=1, minutes=1e-9)
    file = train(trunk, READINGS, tmp_path / "out", settings, lambda _line: None)
    with safe_open(file, "pt") as tensors:
        layers = {name.split(".")[2] for name in tensors.keys() if "lora" in name}  # noqa: SIM118
    assert layers == {"1"}
