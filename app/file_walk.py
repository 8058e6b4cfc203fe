"""The files that the paths of a command line mean, and what on the way is none."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file. name: what to store it under.

    inside: what goes before the names of the files in it where it is an archive.
    """

    path: Path
    name: str
    inside: str


@dataclass(frozen=True, slots=True)
class NoFile:
    """Something that is left out, and why."""

    path: Path
    reason: str


def walk_files(paths: Iterable[Path]) -> Iterator[FoundFile | NoFile]:
    """Yield all files in order, names relative to the given folder; hidden ones are left out.

    Links to files are read, links to folders are not followed: they may lead round in circles.
    """
    for path in paths:
        if path.is_dir():
            yield from _folder(path)
        else:
            yield _entry(path, path.name, "")


def _folder(root: Path) -> Iterator[FoundFile | NoFile]:
    closed: list[NoFile] = []

    def note(error: OSError) -> None:
        closed.append(NoFile(Path(error.filename), f"cannot be opened: {error.strerror}"))

    for folder, folders, names in os.walk(root, onerror=note):
        yield from closed
        closed.clear()
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            path = Path(folder, name)
            if path.is_symlink():
                yield NoFile(path, "is a link to a folder; name that folder to take it in")
        for name in sorted(name for name in names if not name.startswith(".")):
            path = Path(folder, name)
            stored = path.relative_to(root).as_posix()
            yield _entry(path, stored, f"{stored}/")
    yield from closed


def _entry(path: Path, name: str, inside: str) -> FoundFile | NoFile:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        reason = (
            "is a link that leads nowhere"
            if path.is_symlink()
            else "there is no such file or folder"
        )
        return NoFile(path, reason)
    except OSError as exc:
        return NoFile(path, f"cannot be opened: {exc.strerror}")
    if not stat.S_ISREG(mode):
        return NoFile(path, "is a pipe, socket or device and no file")
    return FoundFile(path, name, inside)
