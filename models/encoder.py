"""Texts to unit vectors, with any sentence-transformers model; bf16 on CPUs that compute in it."""

import ctypes
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from transformers.utils import logging as noise

from models.traced import Embed, trace_for_single_texts

Vectors = NDArray[np.float32]  # (n, d), unit rows

LENGTH_STEP = 32
"""Batches are padded to multiples of so many tokens: what oneDNN compiles and keeps for each shape
it meets costs more memory and time than the padding."""


class Encoder:
    """A loaded encoder. Calls from several threads take turns: the model uses all its cores."""

    def __init__(self, model: str | Path, *, batch_size: int = 16, threads: int = 0) -> None:
        if threads:
            torch.set_num_threads(threads)
        # Loading takes two seconds; a bar for it would stand in every command's output.
        noise.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers: untyped
        self._model = SentenceTransformer(str(model), model_kwargs={"dtype": fast_dtype()})
        self._model.eval()
        return_freed_memory()
        self._batch_size = batch_size
        self._lock = threading.Lock()
        self._prompts = set(self._model.prompts)
        self.name = Path(str(model)).name
        self.dimension = int(self._model.get_embedding_dimension() or 0)
        self.max_tokens = int(self._model.max_seq_length or 512)
        # Padding beyond the model's last position would be an error.
        step = LENGTH_STEP if self.max_tokens % LENGTH_STEP == 0 else None
        self._padding = {"text": {"pad_to_multiple_of": step}}
        self._embed_one: Embed | None = None
        self._is_traced = False

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per question, (n, d). Longer than `max_tokens` is cut."""
        if len(texts) == 1:
            with self._lock:
                if not self._is_traced:
                    self._is_traced = True
                    name = "query" if "query" in self._prompts else None
                    self._embed_one = trace_for_single_texts(self._model, name, self._padding)
                if self._embed_one is not None:
                    return _unit_rows(self._embed_one(texts[0])[None])
        return self._embed(texts, "query")

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per passage, (n, d). Longer than `max_tokens` is cut."""
        return self._embed(texts, "passage")

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return each text's length in the encoder's tokens, special tokens left out."""
        if not texts:
            return []
        encoded = self._model.tokenizer(list(texts), add_special_tokens=False, truncation=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def _embed(self, texts: Sequence[str], kind: str) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        with self._lock, torch.inference_mode():
            # encode() sorts by length itself, so that a batch carries little padding.
            rows = self._model.encode(
                list(texts),
                prompt_name=kind if kind in self._prompts else None,
                batch_size=self._batch_size,
                convert_to_numpy=True,
                normalize_embeddings=True,
                show_progress_bar=False,
                processing_kwargs=self._padding,
            )
        if len(texts) >= self._batch_size:
            return_freed_memory()
        return _unit_rows(np.asarray(rows, dtype=np.float32))


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
