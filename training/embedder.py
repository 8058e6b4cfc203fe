"""Tune the embedder: a LoRA on the encoder, so that questions come nearer to what answers them.

Each question's right passage competes with one that only looks right and with those of all other
questions of the batch (InfoNCE, van den Oord et al. 2018), by cosine.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import AutoModel

from models.encoder import LENGTH_STEP, fast_dtype
from models.quiet import quiet_loading
from training.data.ranking import Ranking
from training.lora import adapted, load_adapter, save_adapter, trained
from training.timed_run import TimedSettings, train_for

_WEIGHTS = "embedder.safetensors"
_QUERY, _PASSAGE = "query: ", "passage: "  # what E5 reads before a text


@dataclass(frozen=True, slots=True)
class EmbedderSettings(TimedSettings):
    """Hyperparameters. batch_size counts questions.

    layers: how many of the encoder's are trained, from the top. temperature: divides cosines.
    """

    learning_rate: float = 3e-4
    batch_size: int = 48
    rank: int = 32
    alpha: int = 64
    layers: int = 8
    temperature: float = 0.02
    max_tokens: int = 160


@dataclass(frozen=True, slots=True)
class EncodedTriple:
    """Token ids of a question, its right passage and a wrong one; `key` tells passages apart."""

    question: list[int]
    right: list[int]
    wrong: list[int]
    key: str

    @property
    def tokens(self) -> int:
        """Return how many tokens the sample fills in a batch."""
        return len(self.question) + 2 * max(len(self.right), len(self.wrong))


def encode_triples(
    rankings: Sequence[Ranking], tokenizer: Tokenizer, settings: EmbedderSettings
) -> list[EncodedTriple]:
    """Tokenise, with one wrong passage drawn for each question; without any, it is left out."""
    rng = random.Random(settings.seed)
    tokenizer.enable_truncation(settings.max_tokens)
    encoded = []
    for ranking in rankings:
        if not ranking.wrong:
            continue
        wrong = rng.choice(ranking.wrong)
        texts = [_QUERY + ranking.question, _PASSAGE + ranking.right, _PASSAGE + wrong]
        question, right, other = (one.ids for one in tokenizer.encode_batch(texts))
        encoded.append(EncodedTriple(question, right, other, ranking.right))
    return encoded


def contrastive_loss(
    trunk: torch.nn.Module, batch: Sequence[EncodedTriple], temperature: float
) -> torch.Tensor:
    """Return the mean negative log-likelihood of the right passage among all of the batch.

    Where two questions have one right passage, neither has to keep away from the other's.
    """
    questions = embed(trunk, [one.question for one in batch])
    passages = embed(trunk, [one.right for one in batch] + [one.wrong for one in batch])
    logits = questions @ passages.T / temperature
    same = [[a.key == b.key and a is not b for b in batch] for a in batch]
    mask = torch.zeros_like(logits, dtype=torch.bool)
    mask[:, : len(batch)] = torch.tensor(same)
    logits = logits.masked_fill(mask, float("-inf"))
    return torch.nn.functional.cross_entropy(logits, torch.arange(len(batch), device=logits.device))


def embed(trunk: torch.nn.Module, rows: Sequence[Sequence[int]]) -> torch.Tensor:
    """Return unit vectors in float32, (n, d): the mean over each row's tokens."""
    device = next(trunk.parameters()).device
    longest = -(-max(map(len, rows)) // LENGTH_STEP) * LENGTH_STEP
    ids, mask = torch.zeros((2, len(rows), longest), dtype=torch.long)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = torch.tensor(row)
        mask[number, : len(row)] = 1
    ids, mask = ids.to(device), mask.to(device)
    hidden = trunk(input_ids=ids, attention_mask=mask).last_hidden_state.float()
    weights = mask.unsqueeze(-1).float()
    means = (hidden * weights).sum(dim=1) / weights.sum(dim=1)
    return torch.nn.functional.normalize(means, dim=1)


def train(
    base: Path,
    rankings: Sequence[Ranking],
    out: Path,
    settings: EmbedderSettings,
    report: Callable[[str], None],
) -> Path:
    """Train and save `embedder.safetensors` below `out`; returns that file.

    base: Hugging Face folder of the encoder. An interrupted run resumes from its last checkpoint
    when called again with the same `out`.
    """
    torch.manual_seed(settings.seed)
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    encoded = encode_triples(rankings, tokenizer, settings)
    with quiet_loading():
        plain = AutoModel.from_pretrained(base, dtype=fast_dtype(), add_pooling_layer=False)
    trunk = adapted(plain, rank=settings.rank, alpha=settings.alpha, layers=settings.layers)
    parameters = trained(trunk, trunk="")
    if (out / _WEIGHTS).exists():
        load_adapter(parameters, load_file(out / _WEIGHTS))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    # Evaluation mode: dropout would double the time of a step, and no sample is seen often.
    trunk.to(device).eval()

    def loss_of(batch: Sequence[EncodedTriple]) -> torch.Tensor:
        with torch.autocast(device, dtype=torch.bfloat16):
            return contrastive_loss(trunk, batch, settings.temperature)

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
