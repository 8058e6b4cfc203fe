"""Vectors as the database keeps them: little-endian float32, one after the other."""

import numpy as np
from numpy.typing import NDArray

_LITTLE_ENDIAN_FLOAT = np.dtype("<f4")


def to_blob(vector: NDArray[np.float32]) -> bytes:
    """Return a vector, (d,), as bytes."""
    return np.ascontiguousarray(vector, dtype=_LITTLE_ENDIAN_FLOAT).tobytes()


def of_blob(blob: bytes) -> NDArray[np.float32]:
    """Return the vector of `to_blob`, (d,), read-only."""
    vector = np.frombuffer(blob, dtype=_LITTLE_ENDIAN_FLOAT)
    return vector.astype(np.float32, copy=False)
