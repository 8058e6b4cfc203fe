import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import faiss
import numpy as np
import pytest

from retrieval.dense import DenseIndex


def _filled() -> DenseIndex:
    index = DenseIndex(4)
    index.add([10, 11, 12, 13], np.eye(4, dtype=np.float32))
    return index


def test_search_exact_vector_comes_first() -> None:
    assert _filled().search(np.eye(4, dtype=np.float32)[2], 2)[0] == (12, 1.0)


def test_search_within_gives_only_those() -> None:
    found = _filled().search(np.eye(4, dtype=np.float32)[2], 4, [10, 13])
    assert {row for row, _ in found} == {10, 13}


def test_search_k_over_size_gives_all() -> None:
    assert len(_filled().search(np.ones(4, dtype=np.float32), 99)) == 4


def test_search_empty_index_or_nothing_allowed_gives_nothing() -> None:
    query = np.ones(4, dtype=np.float32)
    assert DenseIndex(4).search(query, 3) == []
    assert _filled().search(query, 3, []) == []


def test_remove_unknown_and_known_ids_leaves_the_rest() -> None:
    index = _filled()
    index.remove([12, 999])
    assert len(index) == 3
    assert 12 not in {row for row, _ in index.search(np.ones(4, dtype=np.float32), 4)}


@contextmanager
def searched(index: DenseIndex) -> Iterator[None]:
    """Search an index from three threads meanwhile; none of them may fail."""
    failures, done = list[Exception](), threading.Event()

    def ask() -> None:
        try:
            while not done.is_set():
                index.search(np.ones(4, dtype=np.float32), 3)
        except Exception as exc:  # noqa: BLE001 whatever it is must reach the test
            failures.append(exc)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not failures


def test_search_while_adding_never_fails() -> None:
    index = _filled()
    with searched(index):
        for number in range(200):
            index.add([100 + number], np.ones((1, 4), dtype=np.float32))
    assert len(index) == 204


def test_search_while_the_last_row_goes_never_fails() -> None:
    index = DenseIndex(4)
    with searched(index):
        for _ in range(2000):
            index.add([1], np.ones((1, 4), dtype=np.float32))
            index.remove([1])


def test_search_cosines_are_those_of_single_precision() -> None:
    rows = np.random.default_rng(5).normal(size=(300, 384)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    index = DenseIndex(384)
    index.add(range(300), rows)
    for row, score in index.search(rows[7], 300):
        assert abs(score - float(rows[row] @ rows[7])) < 0.0002


def test_add_file_gives_the_vectors_that_were_written_other_ids(tmp_path: Path) -> None:
    index = _filled()
    index.add([20], np.full((1, 4), 1 / 3, dtype=np.float32))
    index.remove([11])
    index.write(tmp_path / "v")
    other = DenseIndex(4)
    other.add([1], np.ones((1, 4), dtype=np.float32))
    other.add_file(tmp_path / "v", [5, 6, 7, 8])
    query = np.array([0.1, 0.2, 0.3, 0.5], dtype=np.float32)
    renamed = {10: 5, 12: 6, 13: 7, 20: 8}
    expected = [(renamed[row], score) for row, score in index.search(query, 4)]
    assert other.search(query, 4, [5, 6, 7, 8]) == expected
    other.remove([6])
    assert len(other) == 4


@pytest.mark.parametrize(
    ("dimension", "count"), [(4, 3), (8, 4)], ids=["other count", "other dimension"]
)
def test_add_file_that_does_not_fit_raises(tmp_path: Path, dimension: int, count: int) -> None:
    _filled().write(tmp_path / "v")
    with pytest.raises(ValueError, match="does not hold"):
        DenseIndex(dimension).add_file(tmp_path / "v", range(count))


def test_add_file_of_another_kind_raises(tmp_path: Path) -> None:
    faiss.write_index(faiss.IndexFlatIP(4), str(tmp_path / "v"))
    with pytest.raises(ValueError, match="does not hold"):
        DenseIndex(4).add_file(tmp_path / "v", [])
    (tmp_path / "v").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="no index"):
        DenseIndex(4).add_file(tmp_path / "v", [])


def test_write_where_nothing_can_be_raises(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot be written"):
        _filled().write(tmp_path / "missing" / "v")


def clustered(rows: int, dimension: int = 32) -> np.ndarray:
    """Return unit vectors in some forty clumps, as those of texts are."""
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(40, dimension))
    found = centres[rng.integers(0, 40, rows)] + 0.4 * rng.normal(size=(rows, dimension))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    return clustered(3000)


def parted(vectors: np.ndarray) -> DenseIndex:
    """Return an index that has moved into inverted lists on its way."""
    index = DenseIndex(32, exact_rows=1000)
    for start in range(0, len(vectors), 500):
        index.add(list(range(start, start + 500)), vectors[start : start + 500])
    return index


def test_search_of_many_rows_finds_nearly_what_looking_at_all_finds(vectors: np.ndarray) -> None:
    exact = DenseIndex(32)
    exact.add(list(range(len(vectors))), vectors)
    index = parted(vectors)
    assert len(index) == len(vectors)
    kept = []
    for query in clustered(60):
        best = {row for row, _ in exact.search(query, 10)}
        kept.append(len(best & {row for row, _ in index.search(query, 10)}) / 10)
    assert np.mean(kept) > 0.85


def test_search_of_many_rows_within_a_few_is_exact(vectors: np.ndarray) -> None:
    index, allowed = parted(vectors), list(range(5, 3000, 40))
    for query in clustered(20):
        scores = vectors[allowed] @ query
        expected = [allowed[at] for at in np.argsort(-scores)[:5]]
        assert [row for row, _ in index.search(query, 5, allowed)] == expected


def test_search_of_many_rows_within_many_gives_only_those(vectors: np.ndarray) -> None:
    allowed = list(range(0, 3000, 2))
    found = parted(vectors).search(vectors[7], 50, allowed)
    assert len(found) == 50
    assert all(row % 2 == 0 for row, _ in found)


def test_remove_from_many_rows_leaves_the_rest(vectors: np.ndarray) -> None:
    index = parted(vectors)
    index.remove([*range(0, 3000, 3), 99_999])
    assert len(index) == 2000
    assert all(row % 3 for row, _ in index.search(vectors[0], 100))
    assert index.search(vectors[1], 1)[0][0] == 1


def test_write_of_many_rows_is_what_one_exact_index_writes(
    vectors: np.ndarray, tmp_path: Path
) -> None:
    exact = DenseIndex(32)
    exact.add(list(range(len(vectors))), vectors)
    for name, index in (("exact", exact), ("parted", parted(vectors))):
        index.remove(list(range(100, 200)))
        index.write(tmp_path / name)
    assert (tmp_path / "exact").read_bytes() == (tmp_path / "parted").read_bytes()
    again = DenseIndex(32, exact_rows=1000)
    again.add_file(tmp_path / "parted", [*range(100), *range(200, 3000)])
    assert len(again) == 2900
    assert again.search(vectors[250], 1)[0][0] == 250
