"""A published cross-encoder, such as bge-reranker-v2-m3, as sentence-transformers loads it."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import CrossEncoder

from models.encoder import fast_dtype, return_freed_memory
from models.quiet import quiet_loading

MAX_TOKENS = 512
_BATCH = 8


class PublishedPairScorer:
    """A loaded cross-encoder. Calls from several threads take turns inside PyTorch."""

    def __init__(self, model: str, *, max_tokens: int = MAX_TOKENS) -> None:
        """model: a Hugging Face name or folder whose head gives one logit.

        Raises OSError where there is none, ValueError where its head is another.
        """
        with quiet_loading():
            self._model = CrossEncoder(
                model,
                num_labels=1,
                max_length=max_tokens,
                activation_fn=torch.nn.Identity(),
                model_kwargs={"dtype": fast_dtype()},
            )
        return_freed_memory()

    def score_pairs(self, question: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Return one logit per passage, (n,), higher is better. O(tokens of all passages)."""
        if not passages:
            return np.zeros(0, dtype=np.float32)
        pairs = [(question, passage) for passage in passages]
        found = self._model.predict(
            pairs, batch_size=_BATCH, show_progress_bar=False, convert_to_tensor=True
        )
        scores: NDArray[np.float32] = found.float().cpu().numpy()
        return scores
