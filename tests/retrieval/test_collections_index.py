import os
from pathlib import Path

import pytest

from ingestion.store.index_files import IndexFiles
from retrieval.collections_index import CollectionsIndex
from tests.retrieval.catalog_fake import DIMENSION, FakeCatalog
from tests.retrieval.snapshot_samples import followed


def test_refresh_new_revision_replaces_all_rows_of_the_old_one() -> None:
    catalog = FakeCatalog()
    catalog.put("d1", "年假", ["旧的规定", "另一条"])
    indexes = CollectionsIndex(catalog, DIMENSION)
    indexes.refresh()
    catalog.put("d1", "年假", ["新的规定"])
    assert indexes.refresh() == 2
    collection = indexes.collection("c")
    assert collection is not None
    assert len(collection.keys) == 1
    assert len(collection.summaries) == 1
    assert collection.keys.search_words(["旧"], {"body": 1.0}, 9, None) == []


def test_refresh_removed_document_leaves_nothing() -> None:
    catalog = FakeCatalog()
    catalog.put("d1", "t", ["alpha"])
    catalog.put("d2", "t", ["beta"])
    indexes = CollectionsIndex(catalog, DIMENSION)
    indexes.refresh()
    catalog.remove("d1")
    indexes.refresh()
    collection = indexes.collection("c")
    assert collection is not None
    assert (len(collection.keys), len(collection.summaries)) == (1, 1)
    assert list(collection.numbers) == ["d2"]


def test_refresh_added_and_removed_between_two_calls_is_skipped() -> None:
    catalog = FakeCatalog()
    catalog.put("d1", "t", ["alpha"])
    catalog.remove("d1")
    indexes = CollectionsIndex(catalog, DIMENSION)
    indexes.refresh()
    collection = indexes.collection("c")
    assert collection is not None
    assert len(collection.keys) == 0


def test_collection_other_name_never_shares_rows() -> None:
    catalog = FakeCatalog()
    catalog.put("d1", "t", ["alpha"], collection="a")
    catalog.put("d2", "t", ["alpha"], collection="b")
    indexes = CollectionsIndex(catalog, DIMENSION)
    indexes.refresh()
    collection = indexes.collection("a")
    assert collection is not None
    assert set(collection.numbers) == {"d1"}
    assert indexes.collection("unknown") is None


def test_refresh_gives_rows_in_the_order_of_changes() -> None:
    catalog = FakeCatalog()
    for name in ("d3", "d1", "d2", "d3"):
        catalog.put(name, "t", ["alpha"])
    indexes = CollectionsIndex(catalog, DIMENSION)
    indexes.refresh()
    collection = indexes.collection("c")
    assert collection is not None
    assert list(collection.documents.values()) == ["d1", "d2", "d3"]


def test_build_leaves_other_collections_out(tmp_path: Path) -> None:
    catalog = FakeCatalog()
    catalog.put("d1", "t", ["alpha"], collection="a")
    catalog.put("d2", "t", ["alpha"], collection="b")
    indexes, steps = CollectionsIndex(catalog, DIMENSION), list[int]()
    indexes.build("b", steps.append)
    collection = indexes.collection("b")
    assert collection is not None
    assert collection.keys.search_words(["alpha"], {"body": 1.0}, 9, None)
    assert (indexes.collection("a"), indexes.sequence, steps) == (None, 2, [2])


def test_save_without_snapshots_does_nothing() -> None:
    catalog = FakeCatalog()
    catalog.put("d1", "t", ["alpha"])
    indexes = CollectionsIndex(catalog, DIMENSION)
    indexes.load()
    assert indexes.save("c") is None
    assert indexes.unsaved() == {}


def test_load_disk_that_fills_up_goes_on_without_snapshots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    catalog = FakeCatalog()
    catalog.put("d1", "t", ["alpha"])
    indexes = followed(catalog, tmp_path)
    catalog.put("d2", "t", ["beta"])
    collection = indexes.collection("c")
    assert collection is not None
    assert collection.journal is not None
    with open(os.devnull, "rb") as unwritable:
        whole, collection.journal._fresh = collection.journal._fresh, unwritable
        indexes.refresh()
    whole.close()
    assert "Snapshots of the indexes stop" in caplog.text
    assert len(collection.keys.search_words(["beta"], {"body": 1.0}, 9, None)) == 1
    assert indexes.save("c") is None
    indexes.close()


def test_load_folder_that_cannot_be_made_goes_on_without_snapshots(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    catalog = FakeCatalog()
    catalog.put("d1", "t", ["alpha"])
    (tmp_path / "indexes").write_text("in the way")
    indexes = followed(catalog, tmp_path)
    collection = indexes.collection("c")
    assert collection is not None
    assert len(collection.keys.search_words(["alpha"], {"body": 1.0}, 9, None)) == 1
    assert "There will be no snapshots" in caplog.text
    assert IndexFiles(tmp_path / "indexes").snapshots("c") == []
    indexes.close()


def test_load_sweeps_what_killed_processes_left(tmp_path: Path) -> None:
    catalog = FakeCatalog()
    catalog.put("d1", "t", ["alpha"])
    catalog.put("o1", "t", ["secret"], collection="other")
    indexes = followed(catalog, tmp_path)
    for name in ("c", "other"):
        indexes.save(name)
    indexes.close()
    files = IndexFiles(tmp_path / "indexes")
    (files.home("c") / ".new-abc").mkdir()
    catalog.remove("o1")  # By a process that was killed before it removed the snapshot.
    followed(catalog, tmp_path).close()
    assert not files.home("other").exists()
    assert list(files.home("c").iterdir()) == files.snapshots("c") != []
