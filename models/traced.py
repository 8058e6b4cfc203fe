"""One text at a time through a sentence-transformers model, as a recorded graph.

A short text is little arithmetic; most of its time goes into Python and dispatch, and a TorchScript
trace takes 40 % of it away (docs/benchmarks.md). PyTorch calls TorchScript deprecated; what it
recommends instead, `torch.compile`, needs a C++ compiler and half a minute on every start.
"""

import logging
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from torch.jit._trace import TracerWarning

Features = dict[str, Any]
Run = Callable[[Features], NDArray[np.float32]]  # features of one text → (1, d)

_EXAMPLE, _OTHER = "短", "A text of another length, 用来核对记录下来的计算。" * 4
_TOLERANCE = 0.01  # of a unit vector's components; bf16 has 8 bits

logger = logging.getLogger(__name__)


def trace_for_single_texts(
    model: SentenceTransformer, features: Callable[[Sequence[str]], Features]
) -> Run | None:
    """Return what runs the model on one text as `model.encode` does, without normalising.

    features: what the model is given of texts. None where that is no gain (not on a CPU) or the
    recorded graph would not be the same.
    """
    if model.device.type != "cpu":
        return None
    example = features([_EXAMPLE])
    names = [name for name, value in example.items() if torch.is_tensor(value)]
    others = {name: value for name, value in example.items() if name not in names}

    def tensors(found: Features) -> tuple[torch.Tensor, ...]:
        return tuple(found[name] for name in names)

    def forward(*inputs: torch.Tensor) -> torch.Tensor:
        embedding: torch.Tensor = model(dict(zip(names, inputs, strict=True)) | others)[
            "sentence_embedding"
        ]
        return embedding

    try:
        # Of branches that were recorded one way: what they decide is checked below. For the whole
        # process: a filter for one block would be another thread's as well, and end with either.
        warnings.filterwarnings("ignore", category=TracerWarning)
        warnings.filterwarnings("ignore", "`torch.jit.*deprecated", DeprecationWarning)
        with torch.inference_mode():
            model.requires_grad_(requires_grad=False)
            graph = torch.jit.trace(  # type: ignore[no-untyped-call]  # torch: untyped
                forward, tensors(example), check_trace=False
            )
            other = tensors(features([_OTHER]))
            is_same = torch.allclose(graph(*other), forward(*other), atol=_TOLERANCE)
    except Exception:  # any model may be named in the settings, and this one is only slower
        logger.warning("single texts are embedded without a recorded graph", exc_info=True)
        return None
    if not is_same:
        logger.warning("single texts are embedded without a recorded graph: it is not exact")
        return None

    def run(found: Features) -> NDArray[np.float32]:
        with torch.inference_mode():
            return np.asarray(graph(*tensors(found)).float().numpy(), dtype=np.float32)

    return run
