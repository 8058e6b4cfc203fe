"""Bounded worker threads for blocking calls, so that overload is refused and never piles up."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Generic, TypeVar

from anyio import CancelScope, CapacityLimiter, to_thread

from app.errors import Overloaded

Item = TypeVar("Item")
Result = TypeVar("Result")

RETRY_AFTER_SECONDS = 5


class Admission:
    """A pool of worker threads with a waiting room.

    parallel: calls under way at once. waiting: calls that may wait for a thread; the next one
    raises Overloaded at once. None: nobody is refused.
    """

    def __init__(self, parallel: int, waiting: int | None) -> None:
        self._threads = CapacityLimiter(parallel)
        self._places = None if waiting is None else parallel + waiting
        self._taken = 0

    @property
    def taken(self) -> int:
        """Return how many calls are under way or wait for a thread."""
        return self._taken

    async def run(self, call: Callable[[], Result]) -> Result:
        """Return what `call` returns, from a worker thread. Raises Overloaded, or what it raises.

        Cancelled while waiting, the call never starts. Once started it keeps its place to its end.
        """
        self._take()
        try:
            return await to_thread.run_sync(call, limiter=self._threads)
        finally:
            self._release()

    def feed(self, start: Callable[[], Iterator[Item]]) -> "Feed[Item]":
        """Return the items of a blocking iterator as they come. Raises Overloaded at once.

        `start` and every step of the iterator run in one worker thread, which is held to the end.
        """
        self._take()
        return Feed(start, self._threads, self._release)

    def _take(self) -> None:
        if self._places is not None and self._taken >= self._places:
            raise Overloaded(RETRY_AFTER_SECONDS)
        self._taken += 1

    def _release(self) -> None:
        self._taken -= 1


class Feed(AsyncIterator[Item], Generic[Item]):
    """A blocking iterator read by one worker thread, whether or not anybody listens.

    Iterating raises what the iterator raised. `close` makes the thread close the iterator after the
    step it is in, or never start it.
    """

    def __init__(
        self,
        start: Callable[[], Iterator[Item]],
        threads: CapacityLimiter,
        release: Callable[[], None],
    ) -> None:
        self._start = start
        self._threads = threads
        self._loop = asyncio.get_running_loop()
        # Items are wrapped, so that the None at the end cannot be mistaken for one.
        self._items: asyncio.Queue[tuple[Item] | None] = asyncio.Queue()
        self._stop = threading.Event()
        self._scope = CancelScope()
        self._work = self._loop.create_task(self._read())
        # A task that is cancelled before its first step runs no `finally`, but always this.
        self._work.add_done_callback(lambda _: self._ended(release))

    @property
    def closed(self) -> bool:
        """Tell whether `close` was called."""
        return self._stop.is_set()

    def close(self) -> None:
        """Stop as soon as possible. Safe to call at any time, also twice."""
        self._stop.set()
        self._scope.cancel()

    async def __anext__(self) -> Item:
        """Return the next item. Raises StopAsyncIteration at the end, or the iterator's error."""
        entry = await self._items.get()
        if entry is None:
            self._items.put_nowait(None)
            self._work.result()
            raise StopAsyncIteration
        return entry[0]

    async def _read(self) -> None:
        with self._scope:
            await to_thread.run_sync(self._drain, limiter=self._threads)

    def _drain(self) -> None:
        items = self._start()
        try:
            for item in items:
                self._loop.call_soon_threadsafe(self._items.put_nowait, (item,))
                if self._stop.is_set():
                    break
        finally:
            if isinstance(items, Generator):
                items.close()

    def _ended(self, release: Callable[[], None]) -> None:
        release()
        self._items.put_nowait(None)
