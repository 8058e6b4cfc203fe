"""Where in a passage a question's answer may stand: a span reader on the encoder's trunk.

The head of Devlin et al. 2019 (section 4.2): two logits per token, the answer's start and its end,
and those of the first token for "not in this passage". The trunk is any BERT-like encoder; what was
trained on it, a LoRA and the head, is one safetensors file.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Encoding
from transformers import AutoModel, PreTrainedModel

from models.cores import Cores
from models.encoder import LENGTH_STEP, fast_dtype, return_freed_memory
from models.lora import set_adapter
from models.quiet import quiet_loading
from models.shared_trunk import PlainTokenizer, SharedTrunk, read_tokenizer, share_words
from models.span_logits import SpanLogits

MAX_TOKENS = 384
_QUESTION_TOKENS = 128  # leaves most of the window to the passage
_BATCH = 4


class SpanNetwork(torch.nn.Module):
    """An encoder trunk with a head of two logits per token, kept in float32."""

    def __init__(self, trunk: torch.nn.Module, width: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = torch.nn.Linear(width, 2)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return logits, (n, tokens, 2), for token ids and their mask, both (n, tokens)."""
        hidden = self.trunk(input_ids=ids, attention_mask=mask).last_hidden_state
        logits: torch.Tensor = self.head(hidden.float())
        return logits


class PairTokenizer:
    """Questions with passages as token ids; a passage too long for the trunk is cut."""

    def __init__(self, folder: Path, tokenizer: PlainTokenizer | None = None) -> None:
        """folder: of the trunk. tokenizer: the trunk's, where it is loaded already."""
        self._tokenizer = tokenizer or read_tokenizer(folder)

    def encode(
        self, question: str, passages: Sequence[str], max_tokens: int = MAX_TOKENS
    ) -> list[tuple[list[int], int, NDArray[np.int64]]]:
        """Return, per passage: ids, the index of its first token, offsets of its tokens.

        A question is cut after 128 tokens.
        """
        asked = self._tokenizer.encode([question], special=False)[0].offsets
        if len(asked) > _QUESTION_TOKENS:
            question = question[: asked[_QUESTION_TOKENS - 1][1]]
        pairs = [(question, passage) for passage in passages]
        return [_cut(pair, max_tokens) for pair in self._tokenizer.encode(pairs)]

    def pad(self, rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return ids and mask, both (rows, longest), the longest rounded up to `LENGTH_STEP`."""
        longest = -(-max(map(len, rows)) // LENGTH_STEP) * LENGTH_STEP
        ids = torch.zeros((len(rows), longest), dtype=torch.long)
        mask = torch.zeros((len(rows), longest), dtype=torch.long)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = torch.tensor(row)
            mask[number, : len(row)] = 1
        return ids, mask


_Encoded = tuple[list[int], int, NDArray[np.int64]]


def _cut(pair: Encoding, max_tokens: int) -> _Encoded:
    """Leave out the passage's last tokens where there are too many; the closing token stays."""
    ids = pair.ids if len(pair) <= max_tokens else [*pair.ids[: max_tokens - 1], pair.ids[-1]]
    inside = [at for at, side in enumerate(pair.sequence_ids[: len(ids) - 1]) if side == 1]
    offsets = np.array([pair.offsets[at] for at in inside], dtype=np.int64).reshape(-1, 2)
    return ids, inside[0] if inside else len(ids), offsets


class Reader:
    """A loaded reader. Calls from several threads share its cores, batch by batch."""

    def __init__(
        self,
        trunk: Path,
        adapter: Path,
        cores: Cores | None = None,
        shared: SharedTrunk | None = None,
    ) -> None:
        """trunk: folder of the encoder. adapter: the file that training wrote for it.

        shared: parts of the trunk that are loaded already, most of its memory. Raises ValueError if
        the adapter is for another trunk.
        """
        self._tokens = PairTokenizer(trunk, shared.tokenizer if shared else None)
        self._network = load_network(trunk)
        if shared is not None:
            share_words(cast(PreTrainedModel, self._network.trunk), shared.words)
        set_adapter(self._network.trunk, self._network.head, adapter)
        self._network.eval()
        return_freed_memory()
        self._cores = cores or Cores()

    def read(self, question: str, passages: Sequence[str]) -> list[SpanLogits]:
        """Return what stands where, one entry per passage. O(tokens of all passages)."""
        if not passages:
            return []
        encoded = self._tokens.encode(question, passages)
        # Passages of similar length share a batch, so that it carries little padding.
        order = sorted(range(len(encoded)), key=lambda index: len(encoded[index][0]))
        batches = [order[at : at + _BATCH] for at in range(0, len(order), _BATCH)]

        def logits(batch: Sequence[int]) -> NDArray[np.float32]:
            with torch.inference_mode():
                rows = self._network(*self._tokens.pad([encoded[at][0] for at in batch]))
            found: NDArray[np.float32] = rows.numpy()
            return found

        found: dict[int, SpanLogits] = {}
        for batch, rows in zip(batches, self._cores.map(logits, batches), strict=True):
            for index, row in zip(batch, rows, strict=True):
                found[index] = _span_logits(row, encoded[index])
        return [found[index] for index in range(len(encoded))]


def load_network(trunk: Path) -> SpanNetwork:
    """Return the trunk with an untrained head."""
    with quiet_loading():
        model = AutoModel.from_pretrained(trunk, dtype=fast_dtype(), add_pooling_layer=False)
    return SpanNetwork(model, int(model.config.hidden_size))


def _span_logits(logits: NDArray[np.float32], encoded: _Encoded) -> SpanLogits:
    _, first, offsets = encoded
    inside = logits[first : first + len(offsets)]
    return SpanLogits(offsets, inside[:, 0].copy(), inside[:, 1].copy(), float(logits[0].sum()))
