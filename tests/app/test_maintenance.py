"""The maintenance commands as a user calls them. No model is needed."""

import os
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from app.cli import main
from ingestion.store.catalog import Catalog
from tests.ingestion.catalog_samples import ROOT, add

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


@pytest.fixture
def of_the_published_encoder(
    tmp_path: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Two documents as they were stored before names of encoders were, and one of another."""
    folder = tmp_path / "mixed"
    for name, encoder in (("甲.txt", ""), ("乙.txt", ""), ("丙.txt", "multilingual-e5-small-1")):
        catalog = Catalog(folder / CATALOG, encoder=encoder)
        add(catalog, name, name.encode(), "hr" if encoder else "law")
        catalog.close()
    monkeypatch.setenv("YOUJU_DATA_DIR", str(folder))
    monkeypatch.setenv("YOUJU_MODELS_DIR", str(models_dir))
    monkeypatch.setenv("YOUJU_ENCODER", "bundled")
    return folder


@pytest.mark.parametrize(
    "command", [["search", "?"], ["ask", "?"], ["ingest", "nothing"], ["rebuild"], ["serve"]]
)
def test_commands_that_embed_refuse_documents_of_another_encoder_in_one_line(
    of_the_published_encoder: Path, command: list[str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", *command],
        cwd=ROOT,
        env={**os.environ, "YOUJU_PORT": str(free_port())},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert "2 by one that was not noted, 1 by multilingual-e5-small-1. Run `youju reembed`" in line


def test_reembed_makes_documents_of_another_encoder_searchable(
    of_the_published_encoder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("fsck") == 1
    assert "encoders_mixed  unknown  2 documents" in capsys.readouterr().out
    busy = Catalog(of_the_published_encoder / CATALOG)
    assert call("reembed") == 1
    assert "is in use by a running service" in capsys.readouterr().err
    busy.close()
    assert call("reembed", "--collection", "nowhere") == 1
    assert "nothing is in collection nowhere" in capsys.readouterr().err
    assert call("reembed", "--collection", "law") == 0
    assert "2 documents were embedded by multilingual-e5-small-1+" in capsys.readouterr().err
    assert call("search", "试用期", "-c", "law") == 1  # one of another collection is left
    capsys.readouterr()
    assert call("reembed") == 0
    said = capsys.readouterr().err
    assert "1/1 documents" in said
    assert "1 documents were embedded by multilingual-e5-small-1+" in said
    assert call("reembed") == 0
    assert "0 documents were embedded" in capsys.readouterr().err
    assert call("fsck") == 0
    assert call("search", "试用期不得超过几个月", "-c", "law") == 0
    assert "劳动合同期限" in capsys.readouterr().out


def test_reembed_without_a_catalog_makes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YOUJU_DATA_DIR", str(tmp_path / "none"))
    assert call("reembed") == 1
    assert not (tmp_path / "none").exists()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
