"""Train for a stated time: the learning rate warms up, then a cosine takes it down to zero."""

import json
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import torch

Item = TypeVar("Item")
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TimedSettings:
    """Hyperparameters that every run has. `minutes` bounds it, over all its resumptions."""

    learning_rate: float = 4e-4
    weight_decay: float = 0.01
    warmup_steps: int = 40
    batch_size: int = 8
    minutes: float = 60.0
    save_every_steps: int = 50
    seed: int = 7


def train_for(
    parameters: Sequence[torch.nn.Parameter],
    items: Sequence[Item],
    tokens_of: Callable[[Item], int],
    loss_of: Callable[[Sequence[Item]], torch.Tensor],
    save_weights: Callable[[Path], None],
    out: Path,
    settings: TimedSettings,
    report: Report,
) -> None:
    """Take optimiser steps until the time is up; save weights and state below `out`.

    items come in batches of similar `tokens_of`, over and over; a run that goes on skips what it
    has seen. save_weights: writes the weights' files into the folder it is given; the caller has
    restored those of an interrupted run already. Progress goes to `out/log.jsonl` and, every ten
    steps, to `report`.
    """
    optimiser = torch.optim.AdamW(
        parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    step, spent, seen = _restore(out, optimiser)
    out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()

    def save() -> None:
        state = (step, spent + time.monotonic() - started, seen)
        _save(save_weights, optimiser, out, state)

    with (out / "log.jsonl").open("a") as log:
        for batch in islice(_endless(items, tokens_of, settings), step, None):
            share = (spent + time.monotonic() - started) / (60 * settings.minutes)
            if share >= 1:
                break
            loss = _step(parameters, optimiser, loss_of(batch), rate_at(step, share, settings))
            step, seen = step + 1, seen + len(batch)
            line = {"step": step, "samples": seen, "tokens": sum(map(tokens_of, batch))}
            log.write(json.dumps({**line, "loss": round(loss, 4), "share": round(share, 4)}) + "\n")
            if step % 10 == 0:
                report(
                    f"step {step}  samples {seen}/{len(items)}  loss {loss:.3f}  "
                    f"{100 * share:.0f}% of {settings.minutes:.0f} min"
                )
            if step % settings.save_every_steps == 0:
                log.flush()
                save()
    save()


def batches(
    items: Sequence[Item], tokens_of: Callable[[Item], int], size: int, rng: random.Random
) -> Iterator[list[Item]]:
    """Yield one epoch of batches of similar length, in random order."""
    shuffled = list(items)
    rng.shuffle(shuffled)
    groups: list[list[Item]] = []
    for start in range(0, len(shuffled), size * 16):
        pool = sorted(shuffled[start : start + size * 16], key=tokens_of)
        groups.extend(pool[i : i + size] for i in range(0, len(pool), size))
    rng.shuffle(groups)
    yield from groups


def rate_at(step: int, share: float, settings: TimedSettings) -> float:
    """Return the learning rate of a step, `share` (0 to 1) of the time into the run."""
    warm = min(1.0, (step + 1) / settings.warmup_steps)
    return settings.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))


def _endless(
    items: Sequence[Item], tokens_of: Callable[[Item], int], settings: TimedSettings
) -> Iterator[list[Item]]:
    rng = random.Random(settings.seed)
    while items:
        yield from batches(items, tokens_of, settings.batch_size, rng)


def _step(
    parameters: Sequence[torch.nn.Parameter],
    optimiser: torch.optim.Optimizer,
    loss: torch.Tensor,
    rate: float,
) -> float:
    for group in optimiser.param_groups:
        group["lr"] = rate
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return loss.item()


def _save(
    save_weights: Callable[[Path], None],
    optimiser: torch.optim.Optimizer,
    out: Path,
    state: tuple[int, float, int],
) -> None:
    # Each file appears whole: a run killed while it saves can still resume.
    partial = out / "partial"
    partial.mkdir(exist_ok=True)
    save_weights(partial)
    torch.save({"optimiser": optimiser.state_dict(), "state": state}, partial / "state.pt")
    for file in sorted(partial.iterdir()):
        file.replace(out / file.name)
    partial.rmdir()


def _restore(out: Path, optimiser: torch.optim.Optimizer) -> tuple[int, float, int]:
    if not (out / "state.pt").exists():
        return 0, 0.0, 0
    saved = torch.load(out / "state.pt", weights_only=True)
    optimiser.load_state_dict(saved["optimiser"])
    step, spent, seen = saved["state"]
    return int(step), float(spent), int(seen)
