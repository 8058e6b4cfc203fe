"""How well one text follows another: BERT's next-sentence prediction (Devlin et al. 2019).

The network is transformers' `BertForNextSentencePrediction`: the first layers of the encoder's
trunk as they were trained for this, with pooler and head, in one safetensors file with the
temperature of its probabilities.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from transformers import AutoTokenizer, BertForNextSentencePrediction

from models.cores import Cores
from models.encoder import LENGTH_STEP, fast_dtype, return_freed_memory
from models.quiet import quiet_loading
from models.shared_trunk import PlainTokenizer, SharedTrunk, read_tokenizer, share_words

WINDOW = 46
"""Tokens looked at on either side of a boundary, those nearest to it."""
_BATCH = 32
_HEAD = ("bert.pooler.dense", "cls.seq_relationship")


class PairWindows:
    """Texts as token ids, and pairs of them as BERT reads them: <s> left </s> right </s>."""

    def __init__(self, tokenizer: PlainTokenizer, window: int = WINDOW) -> None:
        """tokenizer: the model's own, which frames a text with two special tokens."""
        self._tokenizer = tokenizer
        whole = self._tokenizer.encode([""])[0].ids
        self._first, self._last = whole[0], whole[-1]
        self.window = window

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text, without special ones."""
        return [one.ids for one in self._tokenizer.encode(texts, special=False)]

    def pair(self, left: Sequence[int], right: Sequence[int]) -> tuple[list[int], int]:
        """Return a pair's ids, left cut at its start and right at its end; where right begins."""
        begin = [self._first, *left[-self.window :], self._last]
        return [*begin, *right[: self.window], self._last], len(begin)


def load_network(trunk: Path, layers: int) -> BertForNextSentencePrediction:
    """Return the trunk's first layers with an untrained pooler and head, both in float32."""
    with quiet_loading():
        network: Any = BertForNextSentencePrediction.from_pretrained(
            trunk, dtype=fast_dtype(), num_hidden_layers=layers
        )
    for name in _HEAD:
        network.get_submodule(name).float()
    # The head is in float32, which the last layer's numbers have to meet.
    network.bert.pooler.register_forward_pre_hook(lambda _pooler, given: (given[0].float(),))
    return cast("BertForNextSentencePrediction", network)


def batch_of(
    pairs: Sequence[tuple[list[int], int]],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return ids, mask and types, all (pairs, longest), the longest rounded up to `LENGTH_STEP`."""
    longest = -(-max(len(ids) for ids, _ in pairs) // LENGTH_STEP) * LENGTH_STEP
    ids, mask, types = torch.zeros((3, len(pairs), longest), dtype=torch.long)
    for row, (tokens, second) in enumerate(pairs):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        mask[row, : len(tokens)] = 1
        types[row, second : len(tokens)] = 1
    return ids, mask, types


class NextSentence:
    """A loaded scorer. Calls from several threads share its cores, batch by batch."""

    def __init__(
        self,
        windows: PairWindows,
        network: BertForNextSentencePrediction,
        temperature: float = 1.0,
        cores: Cores | None = None,
    ) -> None:
        """temperature: what logits are divided by, so that probabilities are what they say."""
        self._windows = windows
        self._network = network
        self._network.requires_grad_(requires_grad=False).eval()  # type: ignore[no-untyped-call]  # transformers: untyped
        self._temperature = temperature
        self._cores = cores or Cores()

    def score_pairs(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """Return the probability that each pair's second text follows its first, (pairs,).

        Of the first its end is read, of the second its beginning: `WINDOW` tokens each.
        """
        texts = dict.fromkeys(text for pair in pairs for text in pair)
        ids = dict(zip(texts, self._windows.encode(list(texts)), strict=True))
        windows = [self._windows.pair(ids[first], ids[second]) for first, second in pairs]
        # Pairs of similar length share a batch, so that it carries little padding.
        order = sorted(range(len(windows)), key=lambda at: len(windows[at][0]))
        batches = [order[at : at + _BATCH] for at in range(0, len(order), _BATCH)]

        def follows(batch: Sequence[int]) -> NDArray[np.float32]:
            ids, mask, types = batch_of([windows[at] for at in batch])
            with torch.inference_mode():
                logits = self._network(
                    input_ids=ids, attention_mask=mask, token_type_ids=types
                ).logits.float()
                found: NDArray[np.float32] = torch.softmax(logits / self._temperature, dim=1)[
                    :, 0
                ].numpy()
            return found

        scores = np.zeros(len(pairs), dtype=np.float32)
        for batch, found in zip(batches, self._cores.map(follows, batches), strict=True):
            scores[batch] = found
        if len(pairs) >= _BATCH:
            return_freed_memory()
        return scores


def trained_next_sentence(
    trunk: Path,
    weights: Path,
    *,
    shared: SharedTrunk | None = None,
    cores: Cores | None = None,
) -> NextSentence:
    """Return what training made of an encoder's trunk.

    trunk: folder of the encoder. weights: the file that training wrote. shared: parts of the trunk
    that are loaded already; training leaves them as they are. Raises ValueError if the weights are
    damaged or for another trunk.
    """
    try:
        with safe_open(weights, "pt") as file:
            facts = {key: json.loads(value) for key, value in file.metadata().items()}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as exc:
        raise ValueError(f"{weights.name} is damaged: {exc}") from exc
    network = load_network(trunk, facts["layers"])
    if shared is not None:
        share_words(network, shared.words)
    set_weights(network, tensors, weights.name)
    del tensors
    return_freed_memory()
    tokenizer = shared.tokenizer if shared else read_tokenizer(trunk)
    return NextSentence(PairWindows(tokenizer), network, float(facts["temperature"]), cores)


def published_next_sentence(
    model: str, *, temperature: float = 1.0, cores: Cores | None = None
) -> NextSentence:
    """Return a Hugging Face model or folder for next-sentence prediction, e.g. bert-base-chinese.

    Raises OSError where there is none, ValueError where it is damaged or no such model.
    """
    with quiet_loading():
        try:
            loaded: Any = BertForNextSentencePrediction.from_pretrained(
                model, output_loading_info=True
            )
            network, loading = loaded
        except SafetensorError as exc:
            raise ValueError(f"{model} is damaged: {exc}") from exc
        if loading["missing_keys"]:
            raise ValueError(f"{model} has no head for next-sentence prediction")
        tokenizer = AutoTokenizer.from_pretrained(model).backend_tokenizer
    windows = PairWindows(PlainTokenizer(tokenizer, threading.Lock()))
    return NextSentence(windows, network, temperature, cores)


def set_weights(
    network: BertForNextSentencePrediction, tensors: Mapping[str, torch.Tensor], name: str
) -> None:
    """Put trained weights into the network. name: of their file, for the error.

    Raises ValueError where they do not fit.
    """
    weights = dict(network.named_parameters())
    try:
        with torch.no_grad():
            for key, tensor in tensors.items():
                weights[key].copy_(tensor)
    except (KeyError, RuntimeError) as exc:
        raise ValueError(f"{name} does not fit the encoder: {exc}") from exc
