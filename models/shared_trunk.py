"""What models on the same trunk have in common: one table of word embeddings, one tokenizer.

Of a small multilingual encoder these are nine tenths of the memory, and fine-tuning leaves them
alone.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Encoding, Tokenizer
from transformers import PreTrainedModel


class PlainTokenizer:
    """A tokenizer that neither pads nor cuts, even where somebody else has it do so in between.

    Padding and cutting are part of a tokenizer's state; all who share it hold its lock.
    """

    def __init__(self, tokenizer: Tokenizer, lock: threading.Lock) -> None:
        self._tokenizer = tokenizer
        self._lock = lock

    def encode(
        self, texts: Sequence[str] | Sequence[tuple[str, str]], *, special: bool = True
    ) -> list[Encoding]:
        """Return each text, or pair of texts, in tokens. special: with the model's special ones."""
        with self._lock:
            self._tokenizer.no_padding()
            self._tokenizer.no_truncation()
            return self._tokenizer.encode_batch(list(texts), add_special_tokens=special)


@dataclass(frozen=True, slots=True)
class SharedTrunk:
    """Parts of a loaded model that another one on the same trunk can use."""

    words: torch.nn.Embedding
    tokenizer: PlainTokenizer


def read_tokenizer(folder: Path) -> PlainTokenizer:
    """Return the tokenizer of a model's folder."""
    # Without transformers' wrapper, which takes three times as long to load the same file.
    return PlainTokenizer(Tokenizer.from_file(str(folder / "tokenizer.json")), threading.Lock())


def share_words(network: PreTrainedModel, words: torch.nn.Embedding) -> None:
    """Let a network look its words up in a table that is loaded already.

    Raises ValueError if the table is of another shape or type than its own.
    """
    own = network.get_input_embeddings().weight
    if own.shape != words.weight.shape or own.dtype != words.weight.dtype:
        raise ValueError(f"no words for this network: {tuple(words.weight.shape)}")
    network.set_input_embeddings(words)
