"""Who uses a data directory, and how one takes the place of another.

Every open catalog holds the folder's shared lock; whoever replaces its content, or all its vectors,
holds it alone. A
replacement is built beside what it replaces and made ready by one rename. After that it is only
carried out: by who began it or, if that one was killed, by the next to open the folder.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingestion.errors import CatalogUnavailable, DataInUse
from ingestion.store.fault_points import FaultPoint, reach

BUILDING = ".restore-building"
READY = ".restore-ready"
SOURCES = "sources"
STAGING = "staging"
# What is derived from the catalog and would not fit another one.
DERIVED = ("indexes",)
_PATIENCE_SECONDS = 5.0
_POLL_SECONDS = 0.02


def open_shared(catalog: Path) -> int:
    """Make the folder of a catalog and say that it is in use, until the handle is closed.

    Carries out a replacement that a killed process left ready. Raises CatalogUnavailable while
    somebody holds the folder alone.
    """
    folder = catalog.parent
    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        handle = os.open(folder, os.O_RDONLY)
        left_over = (folder / READY).exists() or (folder / BUILDING).exists()
        if _lock(handle, fcntl.LOCK_EX if left_over else fcntl.LOCK_SH):
            if not left_over:
                return handle
            finish_replacement(catalog)
        os.close(handle)
        if time.monotonic() > deadline:
            raise CatalogUnavailable("its data is being restored from a backup or embedded anew")
        time.sleep(_POLL_SECONDS)


def open_alone(catalog: Path) -> int:
    """Make the folder of a catalog and keep everybody else from it, until the handle is closed.

    Raises DataInUse when somebody has it open.
    """
    folder = catalog.parent
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        if not _lock(handle, fcntl.LOCK_EX):
            raise DataInUse(str(folder))
        finish_replacement(catalog)
    except BaseException:
        os.close(handle)
        raise
    return handle


@contextmanager
def held_alone(catalog: Path) -> Iterator[None]:
    """Keep everybody else from a catalog's folder. Raises DataInUse when somebody has it open."""
    handle = open_alone(catalog)
    try:
        yield
    finally:
        os.close(handle)


def replace_content(catalog: Path) -> None:
    """Put what was built in BUILDING in place of the catalog and its sources, all or nothing.

    BUILDING holds a catalog of the same file name and SOURCES. Call while holding the folder alone.
    """
    folder = catalog.parent
    _sync_tree(folder / BUILDING)
    reach(FaultPoint.RESTORE_BUILT)
    (folder / BUILDING).rename(folder / READY)
    sync(folder)
    reach(FaultPoint.RESTORE_READY)
    finish_replacement(catalog)


def finish_replacement(catalog: Path) -> None:
    """Carry out a replacement that is ready, drop one that is not. Can be repeated at any point."""
    folder = catalog.parent
    shutil.rmtree(folder / BUILDING, ignore_errors=True)
    ready = folder / READY
    if not ready.exists():
        return
    if (ready / catalog.name).exists():
        _clear(catalog)
        reach(FaultPoint.RESTORE_CLEARED)
        if (ready / SOURCES).exists():
            (ready / SOURCES).rename(folder / SOURCES)
        reach(FaultPoint.RESTORE_SOURCES_MOVED)
        (ready / catalog.name).rename(catalog)
        sync(folder)
    reach(FaultPoint.RESTORE_MOVED)
    shutil.rmtree(ready, ignore_errors=True)
    reach(FaultPoint.RESTORE_DONE)


def sync(folder: Path) -> None:
    """Have the names in a folder outlast a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _clear(catalog: Path) -> None:
    # The new sources move last, all at once: while they are still in READY, those here are old.
    folder = catalog.parent
    stale = [STAGING, *DERIVED]
    stale += [SOURCES] if (folder / READY / SOURCES).exists() else []
    for name in stale:
        shutil.rmtree(folder / name, ignore_errors=True)
    for suffix in ("-wal", "-shm", ""):
        catalog.with_name(catalog.name + suffix).unlink(missing_ok=True)


def _lock(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: one process alone can use it safely
        return True
    return True


def _sync_tree(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_dir():
            sync(path)
    sync(folder)
