"""Tiny files in the wheel's format, byte by byte."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

HIDDEN, LAYERS, HEADS, FFN, VOCABULARY, POSITIONS, TYPES = 4, 2, 2, 32, 8, 6, 2
PIECES = [
    ("<s>", 0.0),
    ("<pad>", 0.0),
    ("</s>", 0.0),
    ("<unk>", 0.0),
    ("▁有据", -1.5),
    ("a", -2.0),
    ("<mask>", 0.0),
]
FLOAT32, Q4_0 = 0, 1
_MATRICES = {
    "q": (HIDDEN, HIDDEN),
    "k": (HIDDEN, HIDDEN),
    "v": (HIDDEN, HIDDEN),
    "ao": (HIDDEN, HIDDEN),
    "fi": (FFN, HIDDEN),
    "fo": (HIDDEN, FFN),
}


@dataclass
class Directory:
    """Tensors of a file: name → (kind, number of values, bytes)."""

    entries: dict[str, tuple[int, int, bytes]] = field(default_factory=dict)

    def floats(self, name: str, values: Sequence[float] | np.ndarray) -> None:
        data = np.asarray(values, dtype="<f4").reshape(-1)
        self.entries[name] = (FLOAT32, data.size, data.tobytes())

    def blocks(self, name: str, count: int, data: bytes) -> None:
        self.entries[name] = (Q4_0, count, data)


def trunk_shapes() -> dict[str, tuple[int, ...]]:
    """Every tensor that the tiny encoder needs, with its shape."""
    shapes: dict[str, tuple[int, ...]] = {
        "emb.word": (VOCABULARY, HIDDEN),
        "emb.pos": (POSITIONS, HIDDEN),
        "emb.type": (TYPES, HIDDEN),
        "emb.ln.w": (HIDDEN,),
        "emb.ln.b": (HIDDEN,),
    }
    for layer in range(LAYERS):
        for part, shape in _MATRICES.items():
            shapes[f"l{layer}.{part}.w"] = shape
            shapes[f"l{layer}.{part}.b"] = shape[:1]
        for part in ("aln", "oln"):
            shapes[f"l{layer}.{part}.w"] = shapes[f"l{layer}.{part}.b"] = (HIDDEN,)
    return shapes


def trunk_values() -> dict[str, np.ndarray]:
    """Every tensor with values of its own, so that no two can be exchanged unseen."""
    return {
        name: 100 * number + np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
        for number, (name, shape) in enumerate(trunk_shapes().items(), start=1)
    }


def wheel_bytes(
    tensors: Directory,
    *,
    magic: bytes = b"E5S1",
    block: int = 32,
    normalisation: Mapping[str, str] | None = None,
) -> bytes:
    """A whole file around the given tensors."""
    sizes = (HIDDEN, LAYERS, HEADS, FFN, VOCABULARY, POSITIONS, TYPES)
    head = magic + struct.pack("<I7ifi", 1, *sizes, 1e-12, block)
    texts = [piece.encode() for piece, _score in PIECES]
    offsets = np.cumsum([0, *map(len, texts)]).astype("<u4")
    scores = np.array([score for _piece, score in PIECES], dtype="<f4")
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, int(offsets[-1]))
    head += offsets.tobytes() + scores.tobytes() + b"".join(texts)
    folded = normalisation or {}
    entries = b"".join(
        struct.pack(f"<IB{len(target)}I", ord(source), len(target), *map(ord, target))
        for source, target in folded.items()
    )
    head += struct.pack("<iI", len(folded), len(entries)) + entries
    return head + _tensor_bytes(tensors, len(head))


def _tensor_bytes(tensors: Directory, start: int) -> bytes:
    entries = tensors.entries
    offset = start + 4 + sum(2 + len(name) + struct.calcsize("<BIQQ") for name in entries)
    directory, data = struct.pack("<i", len(entries)), b""
    for name, (kind, count, raw) in entries.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, count, offset + len(data), len(raw))
        data += raw
    return directory + data
