import os
from pathlib import Path

import pytest

from app.file_walk import FoundFile, NoFile, walk_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    for name in ("b.txt", "a.txt", "deep/a.txt", ".hidden.txt", ".git/config.txt"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return folder


def names(*paths: Path) -> list[str]:
    return [found.name for found in walk_files(paths) if isinstance(found, FoundFile)]


def reasons(*paths: Path) -> dict[Path, str]:
    return {found.path: found.reason for found in walk_files(paths) if isinstance(found, NoFile)}


def test_walk_leaves_hidden_files_out_and_keeps_the_way(folder: Path) -> None:
    assert list(walk_files([folder])) == [
        FoundFile(folder / "a.txt", "a.txt", "a.txt/"),
        FoundFile(folder / "b.txt", "b.txt", "b.txt/"),
        FoundFile(folder / "deep/a.txt", "deep/a.txt", "deep/a.txt/"),
    ]


def test_walk_hidden_file_that_is_named_is_taken(folder: Path) -> None:
    hidden = folder / ".hidden.txt"
    assert list(walk_files([hidden])) == [FoundFile(hidden, ".hidden.txt", "")]


def test_walk_missing_path_is_told_and_the_others_are_found(folder: Path) -> None:
    missing = folder / "none"
    assert names(missing, folder / "a.txt") == ["a.txt"]
    assert reasons(missing) == {missing: "there is no such file or folder"}


def test_walk_links_to_files_are_read_and_loops_are_not_followed(folder: Path) -> None:
    (folder / "link.txt").symlink_to(folder / "a.txt")
    (folder / "loop").symlink_to(folder)
    (folder / "nowhere.txt").symlink_to(folder / "none")
    (folder / "itself").symlink_to(folder / "itself")
    assert names(folder) == ["a.txt", "b.txt", "link.txt", "deep/a.txt"]
    told = reasons(folder)
    assert set(told) == {folder / name for name in ("loop", "nowhere.txt", "itself")}
    assert "link to a folder" in told[folder / "loop"]
    assert "nowhere" in told[folder / "nowhere.txt"]


def test_walk_pipes_and_devices_are_told_and_never_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert names(folder) == ["a.txt", "b.txt", "deep/a.txt"]
    assert "pipe" in reasons(folder)[folder / "pipe"]
    assert reasons(Path("/dev/zero"))[Path("/dev/zero")].startswith("is a pipe, socket or device")
