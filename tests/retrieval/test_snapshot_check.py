from pathlib import Path

from ingestion.store.index_files import IndexFiles
from retrieval.manifest import MANIFEST_NAME
from retrieval.snapshot_check import check_snapshots, rebuild_snapshots
from retrieval.snapshots import Snapshots
from tests.retrieval.catalog_fake import FakeCatalog
from tests.retrieval.snapshot_samples import IDENTITY, followed


def catalog() -> FakeCatalog:
    made = FakeCatalog()
    made.put("d1", "t", ["alpha"])
    made.put("d2", "t", ["beta", "gamma"])
    made.put("o1", "t", ["delta"], collection="other")
    return made


def problems(source: FakeCatalog, folder: Path) -> list[tuple[str | None, str | None]]:
    reports = check_snapshots(source, IndexFiles(folder / "indexes"))
    return [(report.collection, report.problem) for report in reports]


def saved(source: FakeCatalog, folder: Path) -> None:
    indexes = followed(source, folder)
    for name in source.collections():
        indexes.save(name)
    indexes.close()


def test_check_without_snapshots_finds_nothing(tmp_path: Path) -> None:
    assert problems(catalog(), tmp_path) == []


def test_check_snapshot_that_is_behind_is_in_order(tmp_path: Path) -> None:
    source = catalog()
    saved(source, tmp_path)
    source.put("d1", "t", ["alpha once more"])
    source.put("d3", "t", ["new"])
    assert problems(source, tmp_path) == [("c", None), ("other", None)]


def test_check_tells_of_deleted_wrong_and_stray_ones(tmp_path: Path) -> None:
    source = catalog()
    saved(source, tmp_path)
    source.documents["d2"] = ("c", "t", ["beta"])
    assert problems(source, tmp_path)[0] == ("c", "it holds other chunks of 1 documents")
    source.remove("d2")
    assert problems(source, tmp_path)[0] == ("c", "it holds 1 documents that were deleted since")
    source.remove("o1")
    assert problems(source, tmp_path)[1] == (None, "its collection holds no documents any more")


def test_check_tells_of_damage(tmp_path: Path) -> None:
    source = catalog()
    saved(source, tmp_path)
    [folder] = IndexFiles(tmp_path / "indexes").snapshots("c")
    (folder / "raw.faiss").write_bytes(b"")
    assert problems(source, tmp_path)[0] == ("c", "raw.faiss is damaged")
    (folder / MANIFEST_NAME).unlink()
    assert problems(source, tmp_path)[0][1] == "a file is missing: manifest.json"
    source.log.clear()
    assert problems(source, tmp_path)[1] == ("other", "it is ahead of the catalog")


def test_rebuild_twice_gives_the_manifest_of_following(tmp_path: Path) -> None:
    source = FakeCatalog()
    indexes = followed(source, tmp_path)
    source.put("d1", "t", ["alpha"])
    source.put("d2", "t", ["beta", "gamma"])
    indexes.refresh()
    source.put("d1", "t", ["alpha again"])
    source.put("o1", "t", ["delta"], collection="other")
    indexes.refresh()
    lived = {name: indexes.save(name) for name in ("c", "other")}
    indexes.close()
    snapshots = Snapshots(IndexFiles(tmp_path / "indexes"), IDENTITY)
    told: list[tuple[str, int, int]] = []

    def note(*step: *tuple[str, int, int]) -> None:
        told.append(step)

    for _ in range(2):
        assert dict(rebuild_snapshots(source, snapshots, ["c", "other"], note)) == lived
    assert told[0] == ("c", 4, 4)
    assert problems(source, tmp_path) == [("c", None), ("other", None)]
