"""Fine-tune the generator with LoRA (Hu et al. 2021) on grounded question answering.

Loss and logits are computed for response tokens only: with a vocabulary of 262k, logits for the
whole prompt would cost more than the network itself. Weights stay in bf16, adapters in fp32.
"""

import json
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoTokenizer, Gemma3ForCausalLM, PreTrainedTokenizerBase

from models.chat_form import END_OF_TURN, chat_prompt
from training.data.grounded_qa import Sample

PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


@dataclass(frozen=True, slots=True)
class SftSettings:
    """Hyperparameters. `minutes` bounds the run: the learning rate decays to zero by then.

    compile: let torch fuse the layers' small operations, which needs a C++ compiler on a CPU. It
    costs a minute at the start and then trains 1.5 times as fast there.
    """

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    learning_rate: float = 4e-4
    weight_decay: float = 0.01
    warmup_steps: int = 40
    batch_size: int = 8
    max_tokens: int = 900
    minutes: float = 60.0
    save_every_steps: int = 50
    seed: int = 7
    compile: bool = False


@dataclass(frozen=True, slots=True)
class EncodedSample:
    """Token ids of one sample and the index where its response starts."""

    ids: list[int]
    response_start: int


def encode_samples(
    samples: Sequence[Sample], tokenizer: PreTrainedTokenizerBase, max_tokens: int
) -> list[EncodedSample]:
    """Tokenise; samples longer than `max_tokens` are left out, never cut."""
    encoded = []
    for sample in samples:
        prompt = tokenizer.encode(chat_prompt(sample.prompt))
        response = tokenizer.encode(sample.response + END_OF_TURN, add_special_tokens=False)
        if len(prompt) + len(response) <= max_tokens:
            encoded.append(EncodedSample(prompt + response, len(prompt)))
    return encoded


def batches(
    samples: Sequence[EncodedSample], size: int, rng: random.Random
) -> Iterator[list[EncodedSample]]:
    """Yield one epoch of batches of similar length, in random order."""
    shuffled = list(samples)
    rng.shuffle(shuffled)
    groups: list[list[EncodedSample]] = []
    for start in range(0, len(shuffled), size * 16):
        pool = sorted(shuffled[start : start + size * 16], key=lambda sample: len(sample.ids))
        groups.extend(pool[i : i + size] for i in range(0, len(pool), size))
    rng.shuffle(groups)
    yield from groups


def response_loss(model: PeftModel, batch: Sequence[EncodedSample]) -> torch.Tensor:
    """Return the mean cross-entropy over the response tokens of a batch."""
    longest = max(len(sample.ids) for sample in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    rows: list[int] = []
    columns: list[int] = []
    for row, sample in enumerate(batch):
        ids[row, : len(sample.ids)] = torch.tensor(sample.ids)
        predicting = range(sample.response_start - 1, len(sample.ids) - 1)
        rows.extend([row] * len(predicting))
        columns.extend(predicting)
    device = next(model.parameters()).device
    causal: Any = model.get_base_model()
    # No mask: padding follows the sample, and causal attention never looks ahead.
    hidden = causal.model(input_ids=ids.to(device), use_cache=False)
    picked = hidden.last_hidden_state[rows, columns]
    targets = ids[rows, [column + 1 for column in columns]].to(device)
    return torch.nn.functional.cross_entropy(causal.lm_head(picked).float(), targets)


def _rate(step: int, elapsed_share: float, settings: SftSettings) -> float:
    warm = min(1.0, (step + 1) / settings.warmup_steps)
    return settings.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * min(1.0, elapsed_share)))


def train(
    base: Path,
    samples: Sequence[Sample],
    out: Path,
    settings: SftSettings,
    report: Callable[[str], None],
) -> Path:
    """Train an adapter and save it in PEFT form under `out`; returns that folder.

    base: Hugging Face folder of the generator. Progress goes to `out/log.jsonl` and, every ten
    steps, to `report`. An interrupted run resumes from its last checkpoint when called again with
    the same `out`.
    """
    torch.manual_seed(settings.seed)
    tokenizer = AutoTokenizer.from_pretrained(base)
    encoded = encode_samples(samples, tokenizer, settings.max_tokens)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = _adapted(Gemma3ForCausalLM.from_pretrained(base, dtype=torch.bfloat16), out, settings)
    model.to(device).train()
    if settings.compile:
        causal: Any = model.get_base_model()
        for layer in causal.model.layers:
            layer.compile(dynamic=True)
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(
        trainable, lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    step, spent, seen = _restore(out, optimiser)
    rng = random.Random(settings.seed)
    out.mkdir(parents=True, exist_ok=True)
    (out / "settings.json").write_text(json.dumps(asdict(settings), indent=1))
    started = time.monotonic()
    with (out / "log.jsonl").open("a") as log:
        # A resumed run goes on with the samples that it has not seen yet.
        for batch in islice(_endless(encoded, settings.batch_size, rng), step, None):
            share = (spent + time.monotonic() - started) / (60 * settings.minutes)
            if share >= 1:
                break
            loss = _learn(model, optimiser, batch, _rate(step, share, settings))
            step, seen = step + 1, seen + len(batch)
            tokens = sum(len(sample.ids) for sample in batch)
            line = {"step": step, "samples": seen, "tokens": tokens, "loss": round(loss, 4)}
            log.write(json.dumps({**line, "share": round(share, 4)}) + "\n")
            if step % 10 == 0:
                report(
                    f"step {step}  samples {seen}/{len(encoded)}  loss {loss:.3f}  "
                    f"{100 * share:.0f}% of {settings.minutes:.0f} min"
                )
            if step % settings.save_every_steps == 0:
                log.flush()
                _save(model, optimiser, out, (step, spent + time.monotonic() - started, seen))
    _save(model, optimiser, out, (step, spent + time.monotonic() - started, seen))
    return out


def _learn(
    model: PeftModel,
    optimiser: torch.optim.Optimizer,
    batch: Sequence[EncodedSample],
    rate: float,
) -> float:
    for group in optimiser.param_groups:
        group["lr"] = rate
    with torch.autocast(next(model.parameters()).device.type, dtype=torch.bfloat16):
        loss = response_loss(model, batch)
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    trained = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    torch.nn.utils.clip_grad_norm_(trained, 1.0)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return loss.item()


def _endless(
    encoded: Sequence[EncodedSample], size: int, rng: random.Random
) -> Iterator[list[EncodedSample]]:
    while encoded:
        yield from batches(encoded, size, rng)


def _adapted(model: Gemma3ForCausalLM, out: Path, settings: SftSettings) -> PeftModel:
    if (out / "adapter_config.json").exists():
        return PeftModel.from_pretrained(model, out, is_trainable=True)
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=PROJECTIONS,
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(model, config)
    for parameter in adapted.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    return adapted


def _save(
    model: PeftModel, optimiser: torch.optim.Optimizer, out: Path, state: tuple[int, float, int]
) -> None:
    # Each file appears whole: a run killed while it saves can still resume.
    partial = out / "partial"
    model.save_pretrained(str(partial))
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
