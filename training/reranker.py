"""Train the reranker: a LoRA on the encoder's trunk and one logit for question and passage.

The right passage of a question competes with wrong ones in one softmax. It can begin where the
reader ended, which has learnt to hold a passage against a question already.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file

from models.lora import read_adapter
from models.pair_scorer import PairNetwork, load_network
from models.reader import PairTokenizer
from training.data.ranking import Ranking
from training.lora import adapted, load_adapter, save_adapter, trained
from training.timed_run import TimedSettings, train_for

_WEIGHTS = "reranker.safetensors"


@dataclass(frozen=True, slots=True)
class RerankerSettings(TimedSettings):
    """Hyperparameters. batch_size counts questions, each with its passages.

    wrong: passages beside the right one. layers: how many of the trunk's layers are trained, from
    the top. begin: an adapter of the same rank and layers to go on from, relative to the data
    folder or whole; empty: none.
    """

    learning_rate: float = 5e-4
    rank: int = 32
    alpha: int = 64
    layers: int = 8
    wrong: int = 4
    max_tokens: int = 160


@dataclass(frozen=True, slots=True)
class EncodedRanking:
    """Token ids of a question with each of its passages, the right one first."""

    rows: list[list[int]]

    @property
    def tokens(self) -> int:
        """Return how many tokens the sample fills in a batch."""
        return len(self.rows) * max(map(len, self.rows))


def encode_rankings(
    rankings: Sequence[Ranking], tokenizer: PairTokenizer, settings: RerankerSettings
) -> list[EncodedRanking]:
    """Tokenise; questions with fewer wrong passages than wanted are left out."""
    rng = random.Random(settings.seed)
    encoded = []
    for ranking in rankings:
        if len(ranking.wrong) < settings.wrong:
            continue
        passages = [ranking.right, *rng.sample(ranking.wrong, settings.wrong)]
        pairs = tokenizer.encode(ranking.question, passages, settings.max_tokens)
        encoded.append(EncodedRanking([ids for ids, _, _ in pairs]))
    return encoded


def ranking_loss(
    network: PairNetwork, tokenizer: PairTokenizer, batch: Sequence[EncodedRanking]
) -> torch.Tensor:
    """Return the mean negative log-likelihood of the right passage among a question's passages."""
    ids, mask = tokenizer.pad([row for one in batch for row in one.rows])
    device = next(network.parameters()).device
    logits = network(ids.to(device), mask.to(device)).reshape(len(batch), -1)
    right = torch.zeros(len(batch), dtype=torch.long, device=logits.device)
    return torch.nn.functional.cross_entropy(logits, right)


def train(
    base: Path,
    rankings: Sequence[Ranking],
    out: Path,
    settings: RerankerSettings,
    report: Callable[[str], None],
    begin: Path | None = None,
) -> Path:
    """Train and save `reranker.safetensors` below `out`; returns that file.

    base: Hugging Face folder of the encoder. begin: an adapter of the same rank and layers to begin
    from (None: a fresh one). An interrupted run resumes when called again with the same `out`.
    """
    torch.manual_seed(settings.seed)
    tokenizer = PairTokenizer(base)
    encoded = encode_rankings(rankings, tokenizer, settings)
    network = load_network(base)
    network.trunk = adapted(
        network.trunk, rank=settings.rank, alpha=settings.alpha, layers=settings.layers
    )
    parameters = trained(network)
    if (out / _WEIGHTS).exists():
        load_adapter(parameters, load_file(out / _WEIGHTS))
    elif begin is not None:
        _begin(network, begin)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    # Evaluation mode: dropout would double the time of a step, and no sample is seen often.
    network.to(device).eval()

    def loss_of(batch: Sequence[EncodedRanking]) -> torch.Tensor:
        with torch.autocast(device, dtype=torch.bfloat16):
            return ranking_loss(network, tokenizer, batch)

    train_for(
        list(parameters.values()),
        encoded,
        lambda one: one.tokens,
        loss_of,
        lambda folder: save_adapter(
            parameters, folder / _WEIGHTS, rank=settings.rank, alpha=settings.alpha
        ),
        out,
        settings,
        report,
    )
    return out / _WEIGHTS


def _begin(network: PairNetwork, adapter: Path) -> None:
    """Take over a reader's LoRA; the head begins as the reader's doubt, turned round."""
    tensors, _ = read_adapter(adapter)
    parameters = trained(network)
    load_adapter(
        {name: one for name, one in parameters.items() if not name.startswith("head.")}, tensors
    )
    with torch.no_grad():
        network.head.weight.copy_(-tensors["head.weight"].sum(dim=0, keepdim=True))
        network.head.bias.copy_(-tensors["head.bias"].sum().reshape(1))
