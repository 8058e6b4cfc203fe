"""Where snapshots of the indexes lie on disk, who may write them, and how they go.

Each collection has a folder, named by a hash so that no path tells its name. A folder in it is one
snapshot: it appears complete, by a rename, and is renamed again before it is taken apart. Nothing
here is needed: indexes can always be built from the catalog.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ingestion.store.fault_points import FaultPoint, reach

UNFINISHED_PREFIX = ".new-"
DISCARDED_PREFIX = ".gone-"
_LOCK_NAME = ".lock"


class IndexFiles:
    """The folder of all snapshots of one data directory. It is made when something is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def home(self, collection: str) -> Path:
        """Return the folder of a collection's snapshots; it need not exist."""
        return self.folder / hashlib.sha256(collection.encode()).hexdigest()[:32]

    def snapshots(self, collection: str) -> list[Path]:
        """Return a collection's snapshots, newest first. They may go at any moment."""
        return _complete(self.home(collection))

    @contextmanager
    def writing(self, *, wait: bool = False) -> Iterator[bool]:
        """Be the only process that writes snapshots; gives False when another one is.

        wait: wait for the other one instead. What a killed writer left is removed first.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / _LOCK_NAME).open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            self._sweep_unfinished()
            try:
                yield True
            finally:
                self._sweep_unfinished()

    def begin(self, collection: str) -> Path:
        """Return a new folder to write a snapshot into. Call while `writing`."""
        home = self.home(collection)
        home.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=UNFINISHED_PREFIX, dir=home))
        reach(FaultPoint.SNAPSHOT_BEGUN)
        return folder

    def place(self, unfinished: Path, sequence: int) -> Path:
        """Make a snapshot visible whose files are on disk, then remove all others.

        Call while `writing`. Returns where it lies.
        """
        home = unfinished.parent
        older = _complete(home)
        name = f"{sequence:016d}-{unfinished.name.removeprefix(UNFINISHED_PREFIX)}"
        sync_folder(unfinished)
        reach(FaultPoint.SNAPSHOT_PLACING)
        placed = unfinished.rename(home / name)
        reach(FaultPoint.SNAPSHOT_RENAMED)
        sync_folder(home)
        sync_folder(self.folder)
        reach(FaultPoint.SNAPSHOT_PLACED)
        for snapshot in older:
            _discard(snapshot)
        return placed

    def forget(self, collection: str, *, before: int | None = None) -> None:
        """Remove a collection's snapshots, whoever is writing or reading.

        before: only those that have not followed up to this change. A snapshot that is being
        written meanwhile is its writer's affair: it looks afterwards whether the catalog has
        removed anything that it holds.
        """
        home = self.home(collection)
        for snapshot in _complete(home):
            if before is None or _sequence(snapshot) < before:
                _discard(snapshot)
        if home.is_dir():
            with self.writing():
                pass  # Sweeps what a killed writer left.
        with suppress(OSError):
            home.rmdir()

    def strays(self, collections: Iterable[str]) -> list[Path]:
        """Return folders of collections that are not among these."""
        known = {self.home(collection) for collection in collections}
        return [home for home in _folders(self.folder) if home not in known]

    def remove_strays(self, collections: Iterable[str]) -> None:
        """Remove the folders of collections that are not among these. Call while `writing`."""
        for home in self.strays(collections):
            _discard(home)

    def _sweep_unfinished(self) -> None:
        for folder in (self.folder, *_folders(self.folder)):
            for left in _folders(folder, hidden=True):
                shutil.rmtree(left, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder reach the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _complete(home: Path) -> list[Path]:
    return sorted(_folders(home), key=lambda path: path.name, reverse=True)


def _sequence(snapshot: Path) -> int:
    number, _, _ = snapshot.name.partition("-")
    return int(number) if number.isdecimal() else -1


def _folders(folder: Path, *, hidden: bool = False) -> list[Path]:
    try:
        return [
            path
            for path in folder.iterdir()
            if path.name.startswith(".") == hidden and path.is_dir()
        ]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _discard(folder: Path) -> None:
    """Take a folder out of sight at once, then apart. Another process may be faster."""
    aside = folder.with_name(f"{DISCARDED_PREFIX}{folder.name}")
    reach(FaultPoint.SNAPSHOT_DISCARDING)
    with suppress(FileNotFoundError):
        folder.rename(aside)
        reach(FaultPoint.SNAPSHOT_SET_ASIDE)
    shutil.rmtree(aside, ignore_errors=True)
    reach(FaultPoint.SNAPSHOT_DISCARDED)
