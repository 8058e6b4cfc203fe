"""The maintenance commands as a user calls them. No model is needed."""

import zipfile
from pathlib import Path

import pytest

from app.cli import main
from ingestion.store.catalog import Catalog
from tests.ingestion.catalog_samples import add

CATALOG = "catalog.sqlite3"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    catalog = Catalog(folder / CATALOG)
    add(catalog, "甲.txt", b"one")
    catalog.close()
    monkeypatch.setenv("YOUJU_DATA_DIR", str(folder))
    return folder


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def test_fsck_of_a_whole_directory_says_so(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("fsck") == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "database: done",
        "documents: done",
        "sources: done",
        "nothing is wrong",
    ]


def test_fsck_prints_findings_and_counts_and_changes_nothing(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (source,) = (data / "sources").iterdir()
    source.write_bytes(b"another")
    strays = [data / "sources" / f"{number:064x}" for number in range(25)]
    for stray in strays:
        stray.write_bytes(b"stray")
    assert call("fsck") == 1
    said = capsys.readouterr()
    assert said.out.count("source_unnamed") == 20
    assert f"source_damaged  {source.name}" in said.out
    assert "26 findings: source_unnamed 25, source_damaged 1" in said.err
    assert all(stray.exists() for stray in strays)


def test_fsck_repair_mends_what_a_start_mends(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stray = data / "sources" / ("0" * 64)
    stray.write_bytes(b"stray")
    assert call("fsck", "--repair") == 0
    assert not stray.exists()
    assert "1 files were removed" in capsys.readouterr().err


def test_fsck_without_a_catalog_makes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YOUJU_DATA_DIR", str(tmp_path / "none"))
    assert call("fsck") == 1
    assert not (tmp_path / "none").exists()


def test_backup_goes_round_through_restore(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "back.zip"
    assert call("backup", str(file)) == 0
    assert call("backup", str(file)) == 1  # it is there already
    monkeypatch.setenv("YOUJU_DATA_DIR", str(tmp_path / "other"))
    assert call("restore", str(file)) == 0
    assert call("fsck") == 0
    assert call("restore", str(file)) == 1
    assert call("restore", str(file), "--replace") == 0


def test_backup_without_a_source_says_so(data: Path, tmp_path: Path) -> None:
    (source,) = (data / "sources").iterdir()
    source.unlink()
    assert call("backup", str(tmp_path / "back.zip")) == 1
    with zipfile.ZipFile(tmp_path / "back.zip") as archive:
        assert archive.namelist() == [CATALOG, "manifest.json"]


def test_fsck_tells_of_wrong_snapshots_and_repair_removes_them(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog = Catalog(data / CATALOG)
    [collection] = catalog.collections()
    left = [catalog.index_files.home(name) / "0001-a" for name in (collection, "gone")]
    catalog.close()
    for folder in left:
        folder.mkdir(parents=True)
    assert call("fsck") == 1
    said = capsys.readouterr().out
    assert "snapshot_wrong  0001-a  a file is missing: manifest.json" in said
    assert "its collection holds no documents any more" in said
    assert call("fsck", "--repair") == 0
    assert not any(folder.parent.exists() for folder in left)


def test_rebuild_of_an_unknown_collection_says_so(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("rebuild", "--collection", "nowhere") == 1
    assert "nothing is in collection nowhere" in capsys.readouterr().err
