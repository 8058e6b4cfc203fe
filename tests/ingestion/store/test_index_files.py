from pathlib import Path

import pytest

from ingestion.store.index_files import IndexFiles


@pytest.fixture
def files(tmp_path: Path) -> IndexFiles:
    return IndexFiles(tmp_path / "indexes")


def placed(files: IndexFiles, sequence: int, collection: str = "c") -> Path:
    with files.writing() as is_ours:
        assert is_ours
        folder = files.begin(collection)
        (folder / "data").write_text(f"text {sequence}")
        return files.place(folder, sequence)


def test_home_tells_no_name_and_keeps_collections_apart(files: IndexFiles) -> None:
    assert files.home("../秘密").parent == files.folder
    assert "秘密" not in files.home("../秘密").name
    assert files.home("a") != files.home("b")


def test_place_shows_the_snapshot_and_removes_older_ones(files: IndexFiles) -> None:
    placed(files, 3)
    newest = placed(files, 12)
    assert files.snapshots("c") == [newest]
    assert list(files.home("c").iterdir()) == [newest]
    assert (newest / "data").read_text() == "text 12"


def test_place_removes_one_that_was_ahead(files: IndexFiles) -> None:
    placed(files, 99)
    newest = placed(files, 12)
    assert files.snapshots("c") == [newest]


def test_begin_unfinished_is_no_snapshot_and_is_swept_afterwards(files: IndexFiles) -> None:
    with files.writing():
        folder = files.begin("c")
        assert files.snapshots("c") == []
    assert not folder.exists()


def test_writing_twice_at_once_is_refused(files: IndexFiles) -> None:
    with files.writing() as first, files.writing() as second:
        assert (first, second) == (True, False)
    with files.writing(wait=True) as again:
        assert again


def test_writing_refused_leaves_what_the_other_writes(files: IndexFiles) -> None:
    with files.writing():
        folder = files.begin("c")
        with files.writing():
            pass
        assert folder.exists()


def test_forget_removes_everything_of_one_collection(files: IndexFiles) -> None:
    placed(files, 1)
    other = placed(files, 1, "other")
    files.forget("c")
    files.forget("never seen")
    assert not files.home("c").exists()
    assert files.snapshots("other") == [other]


def test_forget_before_a_change_keeps_a_later_snapshot(files: IndexFiles) -> None:
    kept = placed(files, 7)
    files.forget("c", before=7)
    assert files.snapshots("c") == [kept]
    files.forget("c", before=8)
    assert files.snapshots("c") == []


def test_forget_sweeps_what_a_killed_process_left(files: IndexFiles) -> None:
    left = files.home("c") / ".new-abc"
    left.mkdir(parents=True)
    (files.home("c") / ".gone-0001-abc").mkdir()
    files.forget("c")
    assert not files.home("c").exists()


def test_strays_are_folders_of_unknown_collections(files: IndexFiles) -> None:
    placed(files, 1)
    placed(files, 1, "other")
    assert files.strays(["c"]) == [files.home("other")]
    with files.writing():
        files.remove_strays(["c"])
    assert files.strays([]) == [files.home("c")]


def test_nothing_is_made_by_looking(files: IndexFiles) -> None:
    assert files.snapshots("c") == []
    assert files.strays([]) == []
    files.forget("c")
    assert not files.folder.exists()
