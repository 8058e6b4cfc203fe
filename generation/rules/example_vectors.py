"""Keep the vectors of example sentences on disk, so that a start need not embed them again."""

import hashlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from generation.rules.topics import Column

_FORMAT = 1


def load_vectors(path: Path, *, encoder: str, dimension: int) -> dict[str, Column]:
    """Return vectors by text, as this encoder made them; nothing where the file is not that."""
    try:
        with path.open("rb") as content, np.load(content, allow_pickle=False) as file:
            made, digest = str(file["made"]), str(file["digest"])
            texts, vectors = file["texts"], file["vectors"]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return {}
    if made != _made(encoder) or digest != _digest(texts.tolist(), vectors):
        return {}
    if vectors.shape != (len(texts), dimension):
        return {}
    return dict(zip(texts.tolist(), vectors, strict=True))


def save_vectors(path: Path, known: Mapping[str, Column], *, encoder: str) -> None:
    """Write vectors so that the file is whole or as before. Raises OSError."""
    texts, vectors = list(known), np.stack(list(known.values())).astype(np.float32)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
    try:
        with unfinished.open("wb") as file:
            np.savez(
                file,
                made=np.array(_made(encoder)),
                digest=np.array(_digest(texts, vectors)),
                texts=np.array(texts),
                vectors=vectors,
            )
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _made(encoder: str) -> str:
    return f"{_FORMAT} {encoder}"


def _digest(texts: list[str], vectors: np.ndarray) -> str:
    content = hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass"))
    content.update(np.ascontiguousarray(vectors).tobytes())
    return content.hexdigest()
