"""Calls that may hang, under a deadline and bounded in number."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Overran(Exception):
    """A call took longer than it may."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"It took longer than {seconds:g} s.")
        self.seconds = seconds


class Crowded(Exception):
    """Too many calls are under way, those that overran included."""


class ThreadEnded(Exception):
    """A call ended its thread instead of returning."""


class _Ended(Generic[Result]):
    """How a call ended: with a result, or with an error. One of the two."""

    def __init__(self, call: Callable[[], Result]) -> None:
        self.error: Exception | None = None
        try:
            self.results = [call()]
        except Exception as error:  # noqa: BLE001  # raised again where the caller waits
            self.error = error


class Bounded:
    """Runs calls in threads of their own. Safe to share between threads.

    A thread can't be stopped: one that overruns is left behind, and dies with the process.
    seconds: longest a call may take. at_once: calls under way together, those that overran
    included; beyond it a call waits as long and is then refused, so that threads cannot pile up.
    """

    def __init__(self, seconds: float, at_once: int = 32, name: str = "bounded") -> None:
        self._seconds = seconds
        self._slots = threading.BoundedSemaphore(at_once)
        self._name = name

    def call(self, call: Callable[[], Result]) -> Result:
        """Return what a call returns. Raises what it raises, or Overran, Crowded, ThreadEnded."""
        if not self._slots.acquire(timeout=self._seconds):
            raise Crowded
        ends: SimpleQueue[_Ended[Result] | None] = SimpleQueue()

        def work() -> None:
            ended: _Ended[Result] | None = None
            try:
                ended = _Ended(call)
            finally:
                self._slots.release()
                ends.put(ended)

        try:
            threading.Thread(target=work, name=self._name, daemon=True).start()
        except RuntimeError as exc:  # the process has no thread left
            self._slots.release()
            raise Crowded from exc
        try:
            ended = ends.get(timeout=self._seconds)
        except Empty:
            raise Overran(self._seconds) from None
        if ended is None:
            raise ThreadEnded
        if ended.error is not None:
            raise ended.error
        return ended.results[0]
