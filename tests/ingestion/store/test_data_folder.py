import os
import threading
import time
from pathlib import Path

import pytest

from ingestion.errors import CatalogUnavailable, DataInUse
from ingestion.store import data_folder
from ingestion.store.catalog import Catalog
from ingestion.store.data_folder import BUILDING, READY, held_alone, open_shared, replace_content


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "catalog.sqlite"


def build(folder: Path) -> None:
    (folder / "sources").mkdir(parents=True)
    (folder / "sources" / "new").write_bytes(b"new")
    (folder / "catalog.sqlite").write_bytes(b"new")


def fill(path: Path) -> None:
    (path.parent / "sources").mkdir(parents=True)
    (path.parent / "indexes").mkdir()
    (path.parent / "models").mkdir()
    (path.parent / "sources" / "old").write_bytes(b"old")
    path.write_bytes(b"old")
    path.with_name("catalog.sqlite-wal").write_bytes(b"old")


def assert_new(path: Path) -> None:
    assert path.read_bytes() == b"new"
    assert sorted(entry.name for entry in path.parent.iterdir()) == [
        "catalog.sqlite",
        "models",
        "sources",
    ]
    assert [entry.name for entry in (path.parent / "sources").iterdir()] == ["new"]


def test_folder_that_is_open_cannot_be_held_alone(path: Path) -> None:
    handles = [open_shared(path), open_shared(path)]
    with pytest.raises(DataInUse), held_alone(path):
        pass
    for handle in handles:
        os.close(handle)
    with held_alone(path), pytest.raises(DataInUse), held_alone(path):
        pass


def test_folder_that_is_held_alone_opens_when_that_ends(path: Path) -> None:
    opened = threading.Event()

    def wait() -> None:
        os.close(open_shared(path))
        opened.set()

    with held_alone(path):
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.1)
        assert not opened.is_set()
    waiting.join(10)
    assert opened.is_set()


def test_folder_that_is_held_alone_for_long_is_unavailable(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_folder, "_PATIENCE_SECONDS", 0.05)
    with held_alone(path), pytest.raises(CatalogUnavailable):
        open_shared(path)


def test_catalog_opened_alone_keeps_others_out_until_it_is_closed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_folder, "_PATIENCE_SECONDS", 0.05)
    alone = Catalog(path, alone=True)
    with pytest.raises(CatalogUnavailable, match="embedded anew"):
        Catalog(path)
    with pytest.raises(DataInUse):
        Catalog(path, alone=True)
    alone.close()
    shared = Catalog(path)
    with pytest.raises(DataInUse):
        Catalog(path, alone=True)
    shared.close()
    Catalog(path, alone=True).close()


def test_replacement_takes_the_place_of_all_that_is_of_the_catalog(path: Path) -> None:
    fill(path)
    with held_alone(path):
        build(path.parent / BUILDING)
        replace_content(path)
    assert_new(path)


def test_replacement_left_ready_is_carried_out_at_the_next_opening(path: Path) -> None:
    fill(path)
    build(path.parent / READY)
    os.close(open_shared(path))
    assert_new(path)


def test_replacement_left_half_built_is_dropped_at_the_next_opening(path: Path) -> None:
    fill(path)
    build(path.parent / BUILDING)
    os.close(open_shared(path))
    assert path.read_bytes() == b"old"
    assert not (path.parent / BUILDING).exists()
