"""Train the reader: a LoRA (Hu et al. 2021) on the encoder's trunk and a head for answer spans.

The passages of a question compete with each other and with "not here" in one softmax (shared
normalisation, Clark and Gardner 2018), so that spans of different passages can be compared.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file

from models.reader import PairTokenizer, SpanNetwork, load_network
from training.data.reading import PASSAGES, Reading
from training.lora import adapted, load_adapter, save_adapter, trained
from training.timed_run import TimedSettings, train_for

_WEIGHTS = "reader.safetensors"


@dataclass(frozen=True, slots=True)
class ReaderSettings(TimedSettings):
    """Hyperparameters. batch_size counts questions, each with its passages.

    layers: how many of the trunk's layers are trained, from the top; those below cost a third.
    """

    learning_rate: float = 1e-3
    rank: int = 32
    alpha: int = 64
    layers: int = 8
    max_tokens: int = 384


@dataclass(frozen=True, slots=True)
class EncodedReading:
    """Token ids per passage, their first passage tokens; span: (passage, first, last token)."""

    ids: list[list[int]]
    firsts: list[int]
    span: tuple[int, int, int] | None

    @property
    def tokens(self) -> int:
        """Return how many tokens the sample fills in a batch."""
        return len(self.ids) * max(map(len, self.ids))


def encode_readings(
    readings: Sequence[Reading], tokenizer: PairTokenizer, max_tokens: int
) -> list[EncodedReading]:
    """Tokenise; samples whose answer is beyond `max_tokens` are left out."""
    encoded = []
    for reading in readings:
        pairs = tokenizer.encode(reading.question, reading.passages, max_tokens)
        span = None
        if reading.span is not None:
            passage, start, end = reading.span
            _, first, offsets = pairs[passage]
            after = [i for i, (_, stop) in enumerate(offsets) if stop >= end]
            if not after:
                continue
            begin = max(i for i, (left, _) in enumerate(offsets) if left <= start)
            span = (passage, first + begin, first + max(begin, after[0]))
        encoded.append(EncodedReading([p[0] for p in pairs], [p[1] for p in pairs], span))
    return encoded


def reading_loss(
    network: SpanNetwork, tokenizer: PairTokenizer, batch: Sequence[EncodedReading]
) -> torch.Tensor:
    """Return the mean negative log-likelihood of the right start and the right end.

    Without an answer, every passage's first token is right.
    """
    rows = [ids for reading in batch for ids in reading.ids]
    ids, mask = tokenizer.pad(rows)
    device = next(network.parameters()).device
    logits = network(ids.to(device), mask.to(device))
    allowed = mask.bool()
    for row, first in enumerate(first for reading in batch for first in reading.firsts):
        allowed[row, 1:first] = False
        allowed[row, len(rows[row]) - 1 :] = False
    logits = logits.masked_fill(~allowed.to(device).unsqueeze(-1), float("-inf"))
    longest = ids.shape[1]
    logs = torch.log_softmax(logits.reshape(len(batch), PASSAGES * longest, 2), dim=1)
    losses = []
    for number, reading in enumerate(batch):
        if reading.span is None:
            nowhere = logs[number, torch.arange(PASSAGES) * longest]
            losses.append(-nowhere.logsumexp(0).mean())
        else:
            passage, first, last = reading.span
            start = logs[number, passage * longest + first, 0]
            losses.append(-(start + logs[number, passage * longest + last, 1]) / 2)
    return torch.stack(losses).mean()


def train(
    base: Path,
    readings: Sequence[Reading],
    out: Path,
    settings: ReaderSettings,
    report: Callable[[str], None],
    begin: Path | None = None,
) -> Path:
    """Train and save `reader.safetensors` below `out`; returns that file.

    base: Hugging Face folder of the encoder. begin: a reader of the same rank and layers to go on
    from (None: a fresh one). An interrupted run resumes from its last checkpoint when called again
    with the same `out`.
    """
    torch.manual_seed(settings.seed)
    tokenizer = PairTokenizer(base)
    encoded = encode_readings(readings, tokenizer, settings.max_tokens)
    network = load_network(base)
    network.trunk = adapted(
        network.trunk, rank=settings.rank, alpha=settings.alpha, layers=settings.layers
    )
    parameters = trained(network)
    if (out / _WEIGHTS).exists():
        load_adapter(parameters, load_file(out / _WEIGHTS))
    elif begin is not None:
        load_adapter(parameters, load_file(begin))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    # Evaluation mode: dropout would double the time of a step, and no sample is seen often.
    network.to(device).eval()

    def loss_of(batch: Sequence[EncodedReading]) -> torch.Tensor:
        with torch.autocast(device, dtype=torch.bfloat16):
            return reading_loss(network, tokenizer, batch)

    train_for(
        list(parameters.values()),
        encoded,
        lambda reading: reading.tokens,
        loss_of,
        lambda folder: save_adapter(
            parameters, folder / _WEIGHTS, rank=settings.rank, alpha=settings.alpha
        ),
        out,
        settings,
        report,
    )
    return out / _WEIGHTS
