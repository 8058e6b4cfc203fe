from pathlib import Path

import numpy as np
import pytest

from generation.rules.example_vectors import load_vectors, save_vectors

KNOWN = {"甲": np.array([1, 0], np.float32), "b": np.array([0, 1], np.float32)}


def test_saved_vectors_are_loaded_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npz"
    save_vectors(path, KNOWN, encoder="e5")
    loaded = load_vectors(path, encoder="e5", dimension=2)
    assert list(loaded) == list(KNOWN)
    assert all((loaded[text] == KNOWN[text]).all() for text in KNOWN)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("encoder", "dimension"), [("other", 2), ("e5", 3)])
def test_vectors_of_another_encoder_are_not_loaded(
    tmp_path: Path, encoder: str, dimension: int
) -> None:
    path = tmp_path / "vectors.npz"
    save_vectors(path, KNOWN, encoder="e5")
    assert load_vectors(path, encoder=encoder, dimension=dimension) == {}


def test_vectors_of_a_damaged_file_are_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npz"
    assert load_vectors(path, encoder="e5", dimension=2) == {}
    save_vectors(path, KNOWN, encoder="e5")
    whole = path.read_bytes()
    for content in (b"", b"PK", whole[:-40], b"x" * 200, whole[: len(whole) // 2]):
        path.write_bytes(content)
        assert load_vectors(path, encoder="e5", dimension=2) == {}


def test_vectors_that_were_changed_are_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npz"
    save_vectors(path, KNOWN, encoder="e5")
    with np.load(path) as file:
        parts = dict(file)
    parts["vectors"] = parts["vectors"] * 0
    np.savez(path, **parts)
    assert load_vectors(path, encoder="e5", dimension=2) == {}
