"""A circuit breaker: stop asking a server that keeps failing, and try it again after a while."""

import threading
import time
from collections.abc import Callable


class CircuitBreaker:
    """Closed at first; opens after `failures` failures in a row; half-open after `open_seconds`.

    Half-open it lets one caller through as a probe: its success closes the circuit, its failure
    opens it anew. Every admitted caller must report `succeeded`, `failed` or `gave_up` once.
    Thread-safe; `clock` returns seconds and never goes back.
    """

    def __init__(
        self,
        *,
        failures: int,
        open_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = failures
        self._open_seconds = open_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._opened_at: float | None = None
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Tell whether the last report opened the circuit; it stays so until a probe succeeds."""
        with self._lock:
            return self._opened_at is not None

    def admits(self) -> bool:
        """Tell whether a caller may go ahead now; in the half-open state only one may."""
        with self._lock:
            if self._opened_at is None:
                return True
            if self._probing or self._clock() - self._opened_at < self._open_seconds:
                return False
            self._probing = True
            return True

    def succeeded(self) -> None:
        """Report that the server answered: the circuit closes."""
        with self._lock:
            self._failed, self._opened_at, self._probing = 0, None, False

    def failed(self) -> None:
        """Report a failure of the server."""
        with self._lock:
            self._failed += 1
            if self._probing or (self._opened_at is None and self._failed >= self._limit):
                self._opened_at = self._clock()
            self._probing = False

    def gave_up(self) -> None:
        """Report that the caller left before the server showed either."""
        with self._lock:
            self._probing = False
