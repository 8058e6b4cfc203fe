"""Folders for half-written files, each locked by the process that fills it.

The kernel gives a lock up when its process ends, however it ends. So what a killed process left
is known for certain, at once and also across containers, where process ids say nothing.
"""

import fcntl
import os
import shutil
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from ingestion.store.fault_points import FaultPoint, reach


class Staging:
    """A process's own folder below `parent`, made when first asked for."""

    def __init__(self, parent: Path) -> None:
        self._parent = parent
        self._lock = threading.Lock()
        self._held: tuple[Path, int] | None = None

    def folder(self) -> Path:
        """Return the folder. It is there, and nobody else's, until `close` or the process ends."""
        with self._lock:
            if self._held is None:
                self._held = _locked_folder(self._parent)
            return self._held[0]

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        with self._lock:
            if self._held is not None:
                folder, handle = self._held
                shutil.rmtree(folder, ignore_errors=True)
                os.close(handle)
                self._held = None


def abandoned(parent: Path) -> list[Path]:
    """Return the folders below `parent` whose process is gone."""
    try:
        entries = list(parent.iterdir())
    except FileNotFoundError:
        return []
    return [entry for entry in entries if _is_abandoned(entry)]


def sweep_abandoned(parent: Path) -> int:
    """Remove the folders of processes that are gone. Returns how many files were in them."""
    removed = 0
    for folder in abandoned(parent):
        removed += sum(1 for path in folder.rglob("*") if path.is_file())
        reach(FaultPoint.STRAY_SWEEPING)
        shutil.rmtree(folder, ignore_errors=True)
        reach(FaultPoint.STRAY_SWEPT)
    return removed


def _locked_folder(parent: Path) -> tuple[Path, int]:
    parent.mkdir(parents=True, exist_ok=True)
    while True:
        folder = Path(tempfile.mkdtemp(dir=parent))
        # Until it is locked, a sweeper takes it for abandoned; then another one is made.
        with suppress(FileNotFoundError):
            handle = os.open(folder, os.O_RDONLY)
            with suppress(OSError):  # a file system without locks: nobody will sweep it either
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if folder.exists():
                return folder, handle
            os.close(handle)


def _is_abandoned(folder: Path) -> bool:
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
