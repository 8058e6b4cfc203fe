"""How well a passage answers a question: a cross-encoder on the encoder's trunk.

Question and passage are read together, and a head on the first token gives one logit (Nogueira and
Cho 2019). The trunk is any BERT-like encoder; what was trained on it, a LoRA and the head, is one
safetensors file.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, PreTrainedModel

from models.cores import Cores
from models.encoder import fast_dtype, return_freed_memory
from models.lora import set_adapter
from models.quiet import quiet_loading
from models.reader import PairTokenizer
from models.shared_trunk import SharedTrunk, share_words

Scores = NDArray[np.float32]

MAX_TOKENS = 160
"""Of a question with its passage: what comes after rarely changes the order, and costs time."""
_BATCH = 4  # so that the passages read for a question are shared out between the cores


class PairNetwork(torch.nn.Module):
    """An encoder trunk with one logit on its first token, kept in float32."""

    def __init__(self, trunk: torch.nn.Module, width: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = torch.nn.Linear(width, 1)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return logits, (n,), for token ids and their mask, both (n, tokens)."""
        hidden = self.trunk(input_ids=ids, attention_mask=mask).last_hidden_state
        logits: torch.Tensor = self.head(hidden[:, 0].float())
        return logits.squeeze(-1)


class PairScorer:
    """A loaded cross-encoder. Calls from several threads share its cores, batch by batch."""

    def __init__(
        self,
        trunk: Path,
        adapter: Path,
        cores: Cores | None = None,
        shared: SharedTrunk | None = None,
        max_tokens: int = MAX_TOKENS,
    ) -> None:
        """trunk: folder of the encoder. adapter: the file that training wrote for it.

        shared: parts of the trunk that are loaded already. Raises ValueError if the adapter is for
        another trunk.
        """
        self._tokens = PairTokenizer(trunk, shared.tokenizer if shared else None)
        self._max_tokens = max_tokens
        self._network = load_network(trunk)
        if shared is not None:
            share_words(cast(PreTrainedModel, self._network.trunk), shared.words)
        set_adapter(self._network.trunk, self._network.head, adapter)
        self._network.eval()
        return_freed_memory()
        self._cores = cores or Cores()

    def score_pairs(self, question: str, passages: Sequence[str]) -> Scores:
        """Return one logit per passage, (n,), higher is better. O(tokens of all passages)."""
        rows = [ids for ids, _, _ in self._tokens.encode(question, passages, self._max_tokens)]
        # Passages of similar length share a batch, so that it carries little padding.
        order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
        batches = [order[at : at + _BATCH] for at in range(0, len(order), _BATCH)]

        def logits(batch: Sequence[int]) -> Scores:
            with torch.inference_mode():
                found: Scores = self._network(*self._tokens.pad([rows[at] for at in batch])).numpy()
            return found

        scores = np.zeros(len(rows), dtype=np.float32)
        for batch, found in zip(batches, self._cores.map(logits, batches), strict=True):
            scores[batch] = found
        return scores


def load_network(trunk: Path) -> PairNetwork:
    """Return the trunk with an untrained head."""
    with quiet_loading():
        model: Any = AutoModel.from_pretrained(trunk, dtype=fast_dtype(), add_pooling_layer=False)
    return PairNetwork(model, int(model.config.hidden_size))
