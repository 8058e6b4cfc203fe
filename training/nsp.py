"""Train next-sentence prediction: the trunk's first layers, with pooler and head."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import BertForNextSentencePrediction

from models.next_sentence import (
    WINDOW,
    PairWindows,
    batch_of,
    load_network,
    set_weights,
)
from models.shared_trunk import read_tokenizer
from training.data.sentence_pairs import SentencePair
from training.timed_run import TimedSettings, train_for

_WEIGHTS = "nsp.safetensors"
_NEXT, _NOT_NEXT = 0, 1  # BERT's own labels
_HELD_OUT = 1024


@dataclass(frozen=True, slots=True)
class NspSettings(TimedSettings):
    """Hyperparameters.

    layers: how many of the trunk's are kept, from below. easy: share of the time for pairs of two
    documents alone; with the others from the first step on, none are learnt for hundreds of steps.
    """

    learning_rate: float = 1e-4
    batch_size: int = 32
    layers: int = 6
    window: int = WINDOW
    easy: float = 0.15


Encoded = tuple[list[int], int, int]  # ids, where the second half begins, label


def train(
    base: Path,
    pairs: Sequence[SentencePair],
    out: Path,
    settings: NspSettings,
    report: Callable[[str], None],
) -> Path:
    """Train and save `nsp.safetensors` below `out`; returns that file.

    base: Hugging Face folder of the encoder. The last pairs are held out, for the temperature. An
    interrupted run resumes from its last checkpoint when called again with the same `out`.
    """
    torch.manual_seed(settings.seed)
    encoded = encode_pairs(pairs, PairWindows(read_tokenizer(base), settings.window))
    held_out, kept = encoded[-_HELD_OUT:], encoded[:-_HELD_OUT] or encoded
    easy = [one for one, pair in zip(kept, pairs, strict=False) if pair.kind != "same_document"]
    network = _trainable(load_network(base, settings.layers))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    # Evaluation mode: dropout would double the time of a step, and no sample is seen often.
    network.eval()  # type: ignore[no-untyped-call]  # transformers: untyped
    torch.nn.Module.to(network, device)

    def loss_of(batch: Sequence[Encoded]) -> torch.Tensor:
        labels = torch.tensor([label for _, _, label in batch], device=device)
        return torch.nn.functional.cross_entropy(_logits(network, batch), labels)

    for phase, items, share in (("easy", easy, settings.easy), ("all", kept, 1 - settings.easy)):
        if (out / phase / _WEIGHTS).exists():
            set_weights(network, load_file(out / phase / _WEIGHTS), _WEIGHTS)
        train_for(
            list(_trained(network).values()),
            items,
            lambda pair: len(pair[0]),
            loss_of,
            lambda folder: _save_weights(network, folder / _WEIGHTS, settings, 1.0),
            out / phase,
            replace(settings, minutes=share * settings.minutes),
            report,
        )
    logits, labels = _predicted(network, held_out, settings.batch_size)
    right = (logits.argmax(dim=1) == labels).float().mean().item()
    temperature = fit_temperature(logits, labels)
    report(f"held out: accuracy {right:.3f}, temperature {temperature:.2f}")
    _save_weights(network, out / _WEIGHTS, settings, temperature)
    return out / _WEIGHTS


def encode_pairs(pairs: Sequence[SentencePair], windows: PairWindows) -> list[Encoded]:
    """Return each pair's token ids, where its second half begins, and BERT's label."""
    first = windows.encode([pair.first for pair in pairs])
    second = windows.encode([pair.second for pair in pairs])
    return [
        (*windows.pair(left, right), _NEXT if pair.follows else _NOT_NEXT)
        for pair, left, right in zip(pairs, first, second, strict=True)
    ]


def fit_temperature(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the divisor of logits, (n, 2), that makes their softmax most likely (Guo et al. 2017).

    Between 0.1 and 10.
    """
    candidates = torch.logspace(-1, 1, 201)
    losses = [torch.nn.functional.cross_entropy(logits / value, labels) for value in candidates]
    return float(candidates[int(torch.stack(losses).argmin())])


def _logits(network: BertForNextSentencePrediction, batch: Sequence[Encoded]) -> torch.Tensor:
    device = next(network.parameters()).device
    ids, mask, types = batch_of([(tokens, second) for tokens, second, _ in batch])
    with torch.autocast(device.type, dtype=torch.bfloat16):
        logits: torch.Tensor = network(
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            token_type_ids=types.to(device),
        ).logits
    return logits.float()


def _predicted(
    network: BertForNextSentencePrediction, pairs: Sequence[Encoded], size: int
) -> tuple[torch.Tensor, torch.Tensor]:
    with torch.inference_mode():
        parts = [_logits(network, pairs[at : at + size]).cpu() for at in range(0, len(pairs), size)]
    return torch.cat(parts), torch.tensor([label for _, _, label in pairs])


def _trainable(network: BertForNextSentencePrediction) -> BertForNextSentencePrediction:
    # PyTorch's fused attention takes twice as long backwards on a CPU as the plain one.
    network.set_attn_implementation("eager")
    network.requires_grad_(requires_grad=False)
    for name in ("bert.encoder", "bert.pooler", "cls"):
        # Steps are smaller than what bf16 tells apart.
        network.get_submodule(name).float().requires_grad_(requires_grad=True)
    return network


def _trained(network: BertForNextSentencePrediction) -> dict[str, torch.nn.Parameter]:
    return {
        name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad
    }


def _save_weights(
    network: BertForNextSentencePrediction, path: Path, settings: NspSettings, temperature: float
) -> None:
    tensors = {
        name: parameter.detach().cpu().to(torch.float16).contiguous()
        for name, parameter in _trained(network).items()
    }
    facts: dict[str, object] = {
        "layers": settings.layers,
        "temperature": temperature,
    }
    save_file(tensors, path, metadata={key: json.dumps(value) for key, value in facts.items()})
