import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.settings import Settings
from app.worker_process import WorkerProcess, worker_environment
from tests.ingestion.catalog_samples import ROOT

PATIENCE = 30.0
# Stand-ins for a worker: they say what happens to them in the file OUT.
OBEDIENT = """
import os, signal, sys, time
log = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
def end(*_):
    os.write(log, b"asked to stop\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
os.write(log, (" ".join(["started", *sys.argv[2:]]) + "\\n").encode())
time.sleep(60)
"""
STUBBORN = OBEDIENT.replace("sys.exit(0)", "pass").replace(
    "time.sleep(60)", "[time.sleep(.1) for _ in range(600)]"
)
DYING = "import sys; print('started', file=open(sys.argv[1], 'a')); sys.exit(3)"


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def process_running(script: str, log: Path, *, grace_seconds: float = PATIENCE) -> WorkerProcess:
    log.touch()
    return WorkerProcess(
        Settings(),
        command=(sys.executable, "-c", script, str(log)),
        grace_seconds=grace_seconds,
        first_delay=0.01,
        longest_delay=0.05,
    )


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines()


def test_worker_process_is_told_its_parent_and_asked_to_stop(tmp_path: Path) -> None:
    log = tmp_path / "log"
    worker = process_running(OBEDIENT, log)
    before = worker.pid
    worker.start()
    assert eventually(lambda: len(lines(log)) == 1)
    during = worker.pid
    worker.stop()
    assert before is None
    assert during is not None
    assert lines(log) == [f"started --parent {os.getpid()}", "asked to stop"]
    assert worker.pid is None
    assert worker.deaths == 0


def test_killed_worker_is_replaced(tmp_path: Path) -> None:
    log = tmp_path / "log"
    worker = process_running(OBEDIENT, log)
    worker.start()
    assert eventually(lambda: len(lines(log)) == 1)
    first = worker.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: len(lines(log)) == 2)
    assert worker.pid not in {None, first}
    assert worker.deaths == 1
    worker.stop()


def test_worker_that_keeps_dying_is_tried_again_and_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    worker = process_running(DYING, log)
    worker.start()
    assert eventually(lambda: len(lines(log)) >= 3)
    assert worker.deaths >= 2
    worker.stop()
    ended = len(lines(log))
    time.sleep(0.3)
    assert len(lines(log)) == ended


def test_worker_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    worker = process_running(STUBBORN, log, grace_seconds=0.2)
    worker.start()
    assert eventually(lambda: len(lines(log)) == 1)
    pid = worker.pid
    assert pid is not None
    worker.stop()
    assert lines(log)[-1] == "asked to stop"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_worker_that_cannot_be_started_is_no_error_of_the_parent(tmp_path: Path) -> None:
    worker = WorkerProcess(Settings(), command=(str(tmp_path / "none"),), first_delay=0.01)
    worker.start()
    assert eventually(lambda: worker.deaths >= 2)
    worker.stop()


def test_stop_before_start_returns() -> None:
    WorkerProcess(Settings()).stop()


PARENT = """
import os, sys, time
from app.settings import Settings
from app.worker_process import WorkerProcess
worker = WorkerProcess(Settings(), command=(sys.executable, "-c", sys.argv[1]))
worker.start()
while worker.pid is None:
    time.sleep(0.01)
print(worker.pid, flush=True)
time.sleep(60)
"""
ORPHAN = """
import sys, time, types
bootstrap = types.ModuleType("app.bootstrap")
def build_worker(settings):
    print("built", flush=True)
    time.sleep(60)
bootstrap.build_worker = build_worker
sys.modules["app.bootstrap"] = bootstrap
from app import worker
worker.STOP_GRACE_SECONDS = 0.1
worker.main()
"""


def test_worker_ends_when_its_parent_is_killed_even_while_it_loads() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, ORPHAN], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert parent.stdout.readline() == "built\n"
    assert _runs(pid)
    parent.kill()
    parent.communicate()
    assert eventually(lambda: not _runs(pid))


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_worker_environment_carries_exactly_the_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("YOUJU_MODELS_DIR", "/elsewhere")
    monkeypatch.setenv("UNRELATED", "kept")
    settings = Settings(data_dir=tmp_path / "资料", models_dir=None, workers=3, lease_seconds=7.5)
    environment = worker_environment(settings)
    assert environment["UNRELATED"] == "kept"
    assert "YOUJU_MODELS_DIR" not in environment
    for name in [name for name in os.environ if name.startswith("YOUJU_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings
