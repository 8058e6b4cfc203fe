"""Nearest neighbours by inner product on FAISS, with deletion and search within a subset.

Up to `EXACT_ROWS` every vector is looked at; beyond, they lie in inverted lists around centroids
(IVF, Jegou et al. 2011), of which a search looks at the nearest ones. Each vector is kept in half
precision, which changes a cosine by less than 0.0002 and takes half the memory and, at 20,000
chunks, less than half the time of single precision.
"""

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import faiss
import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]  # (n, d), unit rows
EXACT_ROWS = 150_000
"""Rows up to which looking at all of them takes a few milliseconds (docs/benchmarks.md)."""

_HALF = faiss.ScalarQuantizer.QT_fp16
_LISTS_LOOKED_AT = 1 / 12
_SMALL_SHARE = 0.1
"""A search within fewer rows than this share looks at all of them, wherever they lie."""
_TRAINED_ON = 40  # vectors a list
_SLICE = 50_000


class DenseIndex:
    """Vectors under integer ids, each higher than all before. Safe to use from several threads."""

    def __init__(self, dimension: int, *, exact_rows: int = EXACT_ROWS) -> None:
        """exact_rows: up to how many rows a search looks at every one."""
        self._exact_rows = exact_rows
        self._index = _flat(dimension)
        self._lists: faiss.IndexIVFScalarQuantizer | None = None
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return int((self._lists or self._index).ntotal)

    def add(self, ids: Sequence[int], vectors: Vectors) -> None:
        """Add rows under ids that are not in use. vectors: (len(ids), d)."""
        rows = np.ascontiguousarray(vectors, dtype=np.float32)
        with self._lock:
            (self._lists or self._index).add_with_ids(rows, np.asarray(ids, dtype=np.int64))
            self._part_when_large()

    def remove(self, ids: Sequence[int]) -> None:
        """Remove rows; unknown ids are ignored. O(n), in inverted lists O(ids)."""
        gone = np.asarray(ids, dtype=np.int64)
        with self._lock:
            if self._lists is None:
                self._index.remove_ids(faiss.IDSelectorBatch(gone))
            else:
                self._lists.remove_ids(faiss.IDSelectorArray(gone))

    def write(self, path: Path) -> None:
        """Write the vectors to a file in the order in which they were added, without their ids.

        Searches go on meanwhile; adding and removing must not. Raises OSError.
        """
        flat = self._index.index if self._lists is None else _in_order(self._lists)
        try:
            faiss.write_index(flat, str(path))
        except RuntimeError as exc:
            raise OSError(f"{path.name} cannot be written") from exc

    def add_file(self, path: Path, ids: Sequence[int]) -> None:
        """Add vectors that `write` wrote, under ids that are not in use.

        Raises ValueError when the file is damaged, or of another dimension or number of vectors.
        """
        try:
            stored = faiss.read_index(str(path))
        except RuntimeError as exc:
            raise ValueError(f"{path.name} is no index of vectors") from exc
        if (
            not isinstance(stored, faiss.IndexScalarQuantizer)
            or stored.sq.qtype != _HALF
            or (stored.d, stored.ntotal) != (self._index.d, len(ids))
        ):
            raise ValueError(f"{path.name} does not hold the vectors that it should")
        codes = faiss.vector_to_array(stored.codes).reshape(len(ids), -1)
        with self._lock:
            if self._lists is None:
                self._index.add_sa_codes(codes, np.asarray(ids, dtype=np.int64))
                self._part_when_large()
                return
        self.add(ids, stored.sa_decode(codes))

    def search(
        self, query: NDArray[np.float32], k: int, within: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """Return up to k (id, inner product), best first. query: (d,). within: only these ids."""
        if k < 1 or (within is not None and not len(within)):
            return []
        row = np.ascontiguousarray(query, dtype=np.float32).reshape(1, -1)
        with self._lock:
            # Counted under the lock: another thread may remove the last row.
            if not len(self):
                return []
            index = self._lists or self._index
            with _one_thread():
                scores, ids = index.search(row, min(k, len(self)), params=self._parameters(within))
        return [
            (int(i), float(score)) for i, score in zip(ids[0], scores[0], strict=True) if i >= 0
        ]

    def _parameters(self, within: Sequence[int] | None) -> faiss.SearchParameters | None:
        # faiss adds keyword arguments at import time; its stubs do not know them.
        selector = None
        if within is not None:
            selector = faiss.IDSelectorBatch(np.asarray(within, dtype=np.int64))
        if self._lists is None:
            if selector is None:
                return None
            return faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        lists = self._lists.nlist
        is_small = within is not None and len(within) < _SMALL_SHARE * len(self)
        probed = lists if is_small else max(1, math.ceil(lists * _LISTS_LOOKED_AT))
        return faiss.SearchParametersIVF(sel=selector, nprobe=probed)  # type: ignore[call-arg]

    def _part_when_large(self) -> None:
        """Move all vectors into inverted lists once there are too many to look at each."""
        rows = int(self._index.ntotal)
        if self._lists is not None or rows <= self._exact_rows:
            return
        flat, ids = self._index.index, faiss.vector_to_array(self._index.id_map)
        count = 2 ** round(math.log2(4 * math.sqrt(rows)))
        quantizer = faiss.IndexFlatIP(flat.d)
        lists = faiss.IndexIVFScalarQuantizer(
            quantizer, flat.d, count, _HALF, faiss.METRIC_INNER_PRODUCT, False
        )
        chosen = np.random.default_rng(7).permutation(rows)[: _TRAINED_ON * count]
        lists.train(np.stack([flat.reconstruct(int(row)) for row in np.sort(chosen)]))
        # The stubs lack this enumeration.
        lists.set_direct_map_type(faiss.DirectMap.Hashtable)  # type: ignore[attr-defined]
        for start in range(0, rows, _SLICE):
            size = min(_SLICE, rows - start)
            lists.add_with_ids(flat.reconstruct_n(start, size), ids[start : start + size])
        self._lists, self._index = lists, _flat(flat.d)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let FAISS use the calling thread only: of one query the others do nothing but are waited for.

    The number belongs to the calling thread.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _flat(dimension: int) -> faiss.IndexIDMap2:
    half = faiss.IndexScalarQuantizer(dimension, _HALF, faiss.METRIC_INNER_PRODUCT)
    return faiss.IndexIDMap2(half)


def _in_order(lists: faiss.IndexIVFScalarQuantizer) -> faiss.IndexScalarQuantizer:
    """Return the vectors of inverted lists one after the other, by id."""
    found_ids, found_codes = [], []
    inverted = cast(faiss.InvertedLists, lists.invlists)  # None only before it is trained
    for number in range(lists.nlist):
        size = inverted.list_size(number)
        if size:
            found_ids.append(faiss.rev_swig_ptr(inverted.get_ids(number), size).copy())
            codes = faiss.rev_swig_ptr(inverted.get_codes(number), size * lists.code_size)
            found_codes.append(codes.reshape(size, -1).copy())
    flat = faiss.IndexScalarQuantizer(lists.d, _HALF, faiss.METRIC_INNER_PRODUCT)
    if found_ids:
        order = np.argsort(np.concatenate(found_ids))
        flat.add_sa_codes(np.concatenate(found_codes)[order])
    return flat
