"""Texts to unit vectors, with any sentence-transformers model; bf16 on CPUs that compute in it."""

import ctypes
import sys
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import batch_to_device
from tokenizers import Tokenizer

from models.cores import Cores
from models.encoder_name import encoder_name
from models.lora import merge_lora, read_adapter
from models.quiet import quiet_loading
from models.shared_trunk import PlainTokenizer, SharedTrunk
from models.traced import Features, Run, trace_for_single_texts

Vectors = NDArray[np.float32]  # (n, d), unit rows

LENGTH_STEP = 32
"""Batches are padded to multiples of so many tokens: what oneDNN compiles and keeps for each shape
it meets costs more memory and time than the padding."""
_SMALLEST_BATCH = 4


class Encoder:
    """A loaded encoder. Calls from several threads share its cores, batch by batch."""

    def __init__(
        self,
        model: str | Path,
        *,
        adapter: Path | None = None,
        batch_size: int = 16,
        cores: Cores | None = None,
    ) -> None:
        """model: a name or folder. adapter: what training changed of it (`models.lora`).

        Raises ValueError if the adapter is damaged or for another model.
        """
        with quiet_loading():
            self._model = SentenceTransformer(str(model), model_kwargs={"dtype": fast_dtype()})
        self.name = encoder_name(model, adapter)
        if adapter is not None:
            self._adapt(adapter)
        self._model.eval()
        return_freed_memory()
        self._batch_size = batch_size
        self.cores = cores or Cores()
        self._tokenizing = threading.Lock()  # a tokenizer's padding is part of its state
        self.dimension = int(self._model.get_embedding_dimension() or 0)
        self.max_tokens = int(self._model.max_seq_length or 512)
        # Padding beyond the model's last position would be an error.
        step = LENGTH_STEP if self.max_tokens % LENGTH_STEP == 0 else None
        self._padding = {"text": {"pad_to_multiple_of": step}}
        self._run: Run | None = None
        self._is_traced = False
        self._tracing = threading.Lock()

    @property
    def shared(self) -> SharedTrunk:
        """Return what models on the same trunk can use of this one. Not for slow tokenizers."""
        trunk: Any = self._model[0]
        words: torch.nn.Embedding = trunk.auto_model.get_input_embeddings()
        tokenizer: Tokenizer = self._model.tokenizer.backend_tokenizer
        return SharedTrunk(words, PlainTokenizer(tokenizer, self._tokenizing))

    def _adapt(self, adapter: Path) -> None:
        trunk: Any = self._model[0]
        tensors, scale = read_adapter(adapter)
        try:
            merge_lora(trunk.auto_model, tensors, scale)
        except (KeyError, RuntimeError) as exc:
            raise ValueError(f"{adapter.name} does not fit the encoder: {exc}") from exc

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per question, (n, d). Longer than `max_tokens` is cut."""
        return self._embed(texts, "query")

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per passage, (n, d). Longer than `max_tokens` is cut."""
        return self._embed(texts, "passage")

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return each text's length in the encoder's tokens, special tokens left out."""
        if not texts:
            return []
        with self._tokenizing:
            encoded = self._model.tokenizer(list(texts), add_special_tokens=False, truncation=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def _embed(self, texts: Sequence[str], kind: str) -> Vectors:
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        # Texts of similar length share a batch, so that it carries little padding.
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]), reverse=True)
        share = -(-len(texts) // self.cores.count)
        size = min(max(share, _SMALLEST_BATCH), self._batch_size)
        batches = [order[first : first + size] for first in range(0, len(order), size)]

        def embed(batch: Sequence[int]) -> Vectors:
            return self._forward([texts[at] for at in batch], kind)

        for batch, vectors in zip(batches, self.cores.map(embed, batches), strict=True):
            rows[batch] = vectors
        if len(texts) >= self._batch_size:
            return_freed_memory()
        return _unit_rows(rows)

    def _forward(self, texts: Sequence[str], kind: str) -> Vectors:
        features = self._features(texts, kind)
        if len(texts) == 1 and (run := self._single_run()):
            return run(features)
        with torch.inference_mode():
            vectors: Vectors = self._model(features)["sentence_embedding"].float().cpu().numpy()
        return vectors

    def _features(self, texts: Sequence[str], kind: str) -> Features:
        prompt = self._model.prompts.get(kind)
        with self._tokenizing:
            features = self._model.preprocess(
                list(texts), prompt=prompt, processing_kwargs=self._padding
            )
        return batch_to_device(features, self._model.device)

    def _single_run(self) -> Run | None:
        with self._tracing:
            if not self._is_traced:
                self._is_traced = True
                self._run = trace_for_single_texts(self._model, partial(self._features, kind=""))
        return self._run


def _unit_rows(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)


def fast_dtype() -> torch.dtype:
    """bf16 on a GPU or a CPU with instructions for it (4 times float32 on AMX), else fp32."""
    if torch.cuda.is_available():
        return torch.bfloat16
    capabilities = torch.backends.cpu.get_cpu_capability()
    has_bf16 = torch.ops.mkldnn._is_mkldnn_bf16_supported() and "AVX512" in capabilities
    return torch.bfloat16 if has_bf16 else torch.float32


def return_freed_memory() -> None:
    """Give what was freed back to the system, where the C library is glibc; elsewhere do nothing.

    Loading a model and each size of batch leave freed blocks that glibc keeps for itself: without
    this a long document takes twice the memory.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
