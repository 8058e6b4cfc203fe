"""Pieces of a model's work side by side, one to a core.

Two batches on one core each take less time than one after the other on both: nothing has to be
handed from core to core inside a layer, and a lone short text takes half the time on one core
(docs/benchmarks.md).
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

Piece = TypeVar("Piece")
Result = TypeVar("Result")


class Cores:
    """Threads for a model's work. Calls from several threads share them, turn by turn."""

    def __init__(self, threads: int = 0) -> None:
        """threads: 0 is one a core. On a GPU there is one, whatever is asked for."""
        self.count = 1 if torch.cuda.is_available() else threads or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(
            self.count, thread_name_prefix="model", initializer=torch.set_num_threads, initargs=(1,)
        )

    def map(self, work: Callable[[Piece], Result], pieces: Sequence[Piece]) -> list[Result]:
        """Return what `work` makes of every piece, in order. Raises what it raises first."""
        return list(self._results(work, pieces))

    def _results(
        self, work: Callable[[Piece], Result], pieces: Sequence[Piece]
    ) -> Iterator[Result]:
        """Keep no more pieces waiting than there are threads, so that other calls come between."""
        under_way: deque[Future[Result]] = deque()
        try:
            for piece in pieces:
                if len(under_way) == self.count:
                    yield under_way.popleft().result()
                under_way.append(self._pool.submit(work, piece))
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()
