"""What a reader says of a passage, apart from the reader: this needs no PyTorch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SpanLogits:
    """What the reader says of one passage.

    offsets: (tokens, 2), half-open code points in the passage. start, end: (tokens,), the logits
    of an answer that starts or ends with that token. none: the logit of "not in this passage", to
    be compared with the sum of a start and an end.
    """

    offsets: NDArray[np.int64]
    start: NDArray[np.float32]
    end: NDArray[np.float32]
    none: float
