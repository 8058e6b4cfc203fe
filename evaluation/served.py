"""A service of its own for a measurement: started on an empty data directory, ended afterwards."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from app.settings import Settings
from app.worker_process import worker_environment

START_SECONDS = 300.0
_STOP_SECONDS = 30.0
_SERVE = "from app.cli import main; import sys; sys.argv = ['youju', 'serve']; main()"


class NotServed(Exception):
    """The service ended or did not answer in time."""

    def __init__(self, log: Path) -> None:
        super().__init__(f"The service did not start; see {log}.")
        self.log = log


@contextmanager
def served(settings: Settings, log: Path) -> Iterator[httpx.Client]:
    """Run the service with its workers on a free port; gives a client. Raises NotServed."""
    port = _free_port()
    chosen = settings.model_copy(update={"host": "127.0.0.1", "port": port})
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 the command is ours, no shell
            [sys.executable, "-c", _SERVE],
            env=worker_environment(chosen),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            _wait(client, process, log)
            yield client
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if client.get("/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise NotServed(log)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
