import json
import random
from pathlib import Path

import pytest
import torch

from tests.training.interrupted import run_until
from training.timed_run import TimedSettings, batches, rate_at, train_for


@pytest.mark.parametrize(("count", "size"), [(1, 4), (50, 4), (150, 8), (7, 1)])
def test_batches_hold_every_sample_once(count: int, size: int) -> None:
    samples = [[n] * (1 + n % 9) for n in range(count)]
    found = list(batches(samples, len, size, random.Random(2)))
    assert sorted(s[0] for batch in found for s in batch) == list(range(count))
    assert all(1 <= len(batch) <= size for batch in found)


def test_batches_are_of_similar_length_and_seeded() -> None:
    samples = [[n] * (1 + n % 16) for n in range(64)]
    found = list(batches(samples, len, 4, random.Random(2)))
    assert all(len({len(sample) for sample in batch}) == 1 for batch in found)
    assert found == list(batches(samples, len, 4, random.Random(2)))
    assert found != list(batches(samples, len, 4, random.Random(3)))


def test_rate_warms_up_and_falls_to_zero_when_the_time_is_up() -> None:
    settings = TimedSettings(learning_rate=1.0, warmup_steps=4)
    assert [rate_at(step, 0.0, settings) for step in (0, 1, 3, 9)] == [0.25, 0.5, 1.0, 1.0]
    assert rate_at(50, 0.5, settings) == pytest.approx(0.5)
    assert rate_at(50, 1.0, settings) == rate_at(50, 1.7, settings) == pytest.approx(0.0)


def test_train_for_lowers_the_loss_and_resumes_where_it_was(tmp_path: Path) -> None:
    def run(until: int, weight: torch.nn.Parameter) -> None:
        def loss_of(batch: list[float]) -> torch.Tensor:
            return sum(((weight - number) ** 2).sum() for number in batch) / len(batch)

        def save(folder: Path) -> None:
            torch.save(weight.detach(), folder / "weight.pt")

        settings = TimedSettings(
            learning_rate=0.05, warmup_steps=1, batch_size=2, minutes=600, save_every_steps=10
        )
        items = [2.0, 2.1, 1.9, 2.2, 1.8]
        run_until(
            until,
            lambda report: train_for(
                [weight], items, int, loss_of, save, tmp_path, settings, report
            ),
        )

    run(30, torch.nn.Parameter(torch.zeros(1)))
    saved = torch.nn.Parameter(torch.load(tmp_path / "weight.pt"))
    assert 0 < saved.item() < 2
    run(60, saved)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [*range(1, 31), *range(21, 61)]
    assert lines[-1]["loss"] < 0.2 < lines[0]["loss"]
    assert not (tmp_path / "partial").exists()
