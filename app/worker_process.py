"""Run an ingestion worker as a process of its own, and start another when it dies."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from app.settings import Settings

logger = logging.getLogger(__name__)

HEALTHY_SECONDS = 60.0


class WorkerProcess:
    """One supervised worker process.

    command: what to run; `--parent PID` is added. grace_seconds: between SIGTERM and SIGKILL.
    A worker that dies is replaced after `first_delay` seconds, twice as long for each further
    death in a row, at most `longest_delay`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        command: Sequence[str] = (sys.executable, "-m", "app.worker"),
        grace_seconds: float = 6.0,
        first_delay: float = 0.5,
        longest_delay: float = 30.0,
    ) -> None:
        self._environment = worker_environment(settings)
        self._command = [*command, "--parent", str(os.getpid())]
        self._grace_seconds = grace_seconds
        self._first_delay = first_delay
        self._longest_delay = longest_delay
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths = 0
        self._thread = threading.Thread(target=self._supervise, name="worker", daemon=True)

    @property
    def pid(self) -> int | None:
        """Return the id of the running process, None while there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def deaths(self) -> int:
        """Return how many workers in a row died early; 0 is healthy."""
        return self._deaths

    def start(self) -> None:
        """Start the worker and its supervision. Call once."""
        self._thread.start()

    def stop(self) -> None:
        """End the worker: ask first, kill after the grace period. Returns when it is gone."""
        with self._lock:
            self._stopping.set()
            process = self._process
        if process is not None:
            process.terminate()
            self._thread.join(self._grace_seconds)
            if self._thread.is_alive():
                process.kill()
        if self._thread.ident is not None:
            self._thread.join()

    def _supervise(self) -> None:
        while True:
            started = time.monotonic()
            ending = self._run_once()
            if self._stopping.is_set():
                return
            healthy = time.monotonic() - started >= HEALTHY_SECONDS
            self._deaths = 0 if healthy else self._deaths + 1
            delay = min(self._longest_delay, self._first_delay * 2 ** max(0, self._deaths - 1))
            logger.warning("the worker %s; starting another in %.1f s", ending, delay)
            if self._stopping.wait(delay):
                return

    def _run_once(self) -> str:
        try:
            with self._lock:
                if self._stopping.is_set():
                    return "was stopped"
                self._process = subprocess.Popen(  # noqa: S603 the command is ours, no shell
                    self._command, env=self._environment, stdin=subprocess.DEVNULL
                )
        except OSError as exc:
            return f"could not be started ({exc.strerror})"
        return f"ended with status {self._process.wait()}"


def worker_environment(settings: Settings) -> dict[str, str]:
    """Return the present environment with exactly these settings in it."""
    prefix = str(Settings.model_config["env_prefix"])
    kept = {key: value for key, value in os.environ.items() if not key.startswith(prefix)}
    values = settings.model_dump(mode="json", exclude_none=True)
    return kept | {
        f"{prefix}{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
    }
