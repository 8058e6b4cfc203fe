import json
import logging
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rank_bm25 import BM25Okapi

from ingestion.store.fault_points import FaultPoint
from ingestion.store.index_files import IndexFiles
from retrieval.collections_index import CollectionsIndex
from retrieval.manifest import FORMAT, MANIFEST_NAME, of_json, read_manifest, to_json
from retrieval.terms import terms
from tests.retrieval.catalog_fake import DIMENSION, FakeCatalog
from tests.retrieval.snapshot_crash import later_catalog
from tests.retrieval.snapshot_samples import IDENTITY, followed, found, lived_in, on_disk


def saved(catalog: FakeCatalog, folder: Path) -> None:
    """Write snapshots of all collections, as a process that ends does."""
    indexes = followed(catalog, folder)
    for name in catalog.collections():
        assert indexes.save(name) is not None
    indexes.close()


def snapshot(folder: Path) -> Path:
    """Return the one snapshot of collection c."""
    [only] = IndexFiles(folder / "indexes").snapshots("c")
    return only


def few() -> FakeCatalog:
    catalog = FakeCatalog()
    for number in range(3):
        catalog.put(f"d{number}", f"topic{number}", [f"subject{number} words", "annual leave"])
    return catalog


def numbers_given(indexes: CollectionsIndex) -> int:
    collection = indexes.collection("c")
    assert collection is not None
    return collection._next_number


def test_load_finds_exactly_what_indexes_built_anew_find(tmp_path: Path) -> None:
    catalog = lived_in()
    saved(catalog, tmp_path)
    loaded, built = followed(catalog, tmp_path), CollectionsIndex(catalog, DIMENSION)
    built.refresh()
    rebuilt = followed(catalog, tmp_path / "empty")
    for name in ("c", "other"):
        expected = found(built, catalog, name)
        assert any(result.passages for result in expected)
        assert found(loaded, catalog, name) == expected
        assert found(rebuilt, catalog, name) == expected
    assert loaded.sequence == built.sequence
    loaded.close()
    rebuilt.close()


def test_load_then_follows_replacements_and_removals(tmp_path: Path) -> None:
    catalog = lived_in()
    saved(catalog, tmp_path)
    catalog.put("d2", "expenses", ["taxis are paid after ten"])
    catalog.put("d9", "late", ["words at last"])
    catalog.remove("s3")
    indexes = followed(catalog, tmp_path)
    collection = indexes.collection("c")
    assert collection is not None
    assert set(collection.numbers) == set(catalog.index_state("c"))
    assert len(collection.keys) == sum(len(catalog.vector_rows(d)) for d in collection.numbers)
    texts = {passage.text for result in found(indexes, catalog, "c") for passage in result.passages}
    assert "taxis are paid after ten" in texts
    assert "taxis are paid after nine" not in texts
    # Two came to those that were loaded; built anew, only those that are there have numbers.
    assert numbers_given(indexes) == len(collection.numbers) + 2
    indexes.close()


def test_load_words_rank_as_rank_bm25_does(tmp_path: Path) -> None:
    catalog = lived_in()
    saved(catalog, tmp_path)
    indexes = followed(catalog, tmp_path)
    collection = indexes.collection("c")
    assert collection is not None
    rows = collection.keys.rows_of(list(collection.documents))
    held = {row: str(collection.keys.chunk_id(row)).split("/", 1)[1] for row in rows}
    texts = [terms(text) for text in held.values()]
    query = ["words", "taxis"]
    oracle = BM25Okapi(texts, k1=1.2, b=0.75, epsilon=0)
    count = {term: sum(term in text for text in texts) for term in query}
    oracle.idf = {t: np.log(1 + (len(texts) - n + 0.5) / (n + 0.5)) for t, n in count.items()}
    scores = dict(collection.keys.search_words(query, {"body": 1.0}, 999, None))
    for row, expected in zip(held, oracle.get_scores(query), strict=True):
        assert scores.get(row, 0.0) == pytest.approx(expected, abs=1e-4)
    indexes.close()


def cut(folder: Path) -> None:
    for path in folder.glob("keys.*"):
        path.write_bytes(path.read_bytes()[:-3])


def flip(folder: Path) -> None:
    path = folder / "entries.jsonl"
    path.write_bytes(path.read_bytes().replace(b"subject1 ", b"subject2 ", 1))


def lose(folder: Path) -> None:
    (folder / "raw.faiss").unlink()


def break_manifest(folder: Path) -> None:
    (folder / MANIFEST_NAME).write_text("{")


def lie(folder: Path) -> None:
    path = folder / MANIFEST_NAME
    path.write_text(path.read_text().replace('"sequence": 3', '"sequence": 2'))


def make_other_format(folder: Path) -> None:
    manifest = read_manifest(folder)
    other = replace(manifest, identity=replace(manifest.identity, format=FORMAT + 1))
    (folder / MANIFEST_NAME).write_text(to_json(other))


def run_ahead(folder: Path) -> None:
    (folder / MANIFEST_NAME).write_text(to_json(replace(read_manifest(folder), sequence=10**6)))


@pytest.mark.parametrize(
    "damage", [cut, flip, lose, break_manifest, lie, make_other_format, run_ahead]
)
def test_load_damaged_snapshot_is_logged_and_built_anew(
    damage: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    catalog = few()
    saved(catalog, tmp_path)
    damage(snapshot(tmp_path))
    with caplog.at_level(logging.WARNING):
        indexes = followed(catalog, tmp_path)
    assert len(caplog.records) == 1
    assert {len(result.passages) for result in found(indexes, catalog, "c")} == {6}
    manifest = indexes.save("c", wait=True)
    assert manifest is not None
    assert read_manifest(snapshot(tmp_path)) == manifest  # In place of the damaged one.
    indexes.close()


@pytest.mark.parametrize(
    "identity",
    [replace(IDENTITY, encoder="other"), replace(IDENTITY, indexing="i2")],
)
def test_load_of_another_identity_is_built_anew(
    identity: object, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    catalog = few()
    saved(catalog, tmp_path)
    indexes = followed(catalog, tmp_path, identity)  # type: ignore[arg-type]
    assert "another encoder" in caplog.text
    indexes.close()


def test_load_catalog_from_an_older_backup_with_other_changes_is_built_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    catalog = few()
    catalog.put("d2", "topic2", ["subject2 revised"])
    saved(catalog, tmp_path)
    other = few()
    other.put("d2", "topic2", ["revised otherwise"])
    other.put("d3", "topic3", ["late"])
    indexes = followed(other, tmp_path)
    assert "other chunks" in caplog.text
    texts = {passage.text for result in found(indexes, other, "c") for passage in result.passages}
    assert "revised otherwise" in texts
    indexes.close()


def test_load_catalog_that_lost_or_gained_documents_is_built_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    catalog = few()
    saved(catalog, tmp_path)
    catalog.documents["d9"] = catalog.documents.pop("d0")
    catalog.log[0] = replace(catalog.log[0], document_id="d9")
    followed(catalog, tmp_path).close()
    assert "holds 1 documents that the catalog does not" in caplog.text
    other = few()
    other.put("d3", "topic3", ["late"])
    other.remove("d3")
    saved(other, tmp_path / "more")
    other.documents["d3"] = ("c", "topic3", ["late"])
    other.log[4] = replace(other.log[4], kind="added")
    followed(other, tmp_path / "more").close()
    assert "lacks 1 documents of the catalog" in caplog.text


def test_save_leaves_one_snapshot_and_nothing_unfinished(tmp_path: Path) -> None:
    catalog = few()
    indexes = followed(catalog, tmp_path)
    first = indexes.save("c")
    catalog.put("d9", "late", ["words at last"])
    indexes.refresh()
    second = indexes.save("c")
    assert first is not None
    assert second is not None
    assert (second.sequence, second.documents) == (len(catalog.log), first.documents + 1)
    [home] = [path for path in (tmp_path / "indexes").iterdir() if path.is_dir()]
    [only] = home.iterdir()
    assert read_manifest(only) == second
    assert home.name != "c"
    indexes.close()


def test_save_twice_or_after_building_anew_gives_the_same_manifest(tmp_path: Path) -> None:
    catalog = FakeCatalog()
    catalog.put("d1", "a", ["annual leave"])
    lives = followed(catalog, tmp_path / "lives")
    for step in range(5):
        catalog.put(f"d{step % 4}", "b", [f"words {step}", "more"])
        if step == 3:
            catalog.remove("d2")
        lives.refresh()
    lives.save("c")
    built = followed(catalog, tmp_path / "built")
    manifests = [lives.save("c", wait=True), built.save("c"), built.save("c", wait=True)]
    assert manifests[0] is not None
    assert manifests[0] == manifests[1] == manifests[2]
    assert of_json(json.dumps(json.loads(to_json(manifests[0])))) == manifests[0]
    for indexes in (lives, built):
        indexes.close()


def test_save_after_changes_gives_another_content(tmp_path: Path) -> None:
    catalog = few()
    indexes = followed(catalog, tmp_path)
    before = indexes.save("c")
    catalog.put("d1", "topic1", ["subject1 words", "words once more"])
    indexes.refresh()
    after = indexes.save("c")
    assert before is not None
    assert after is not None
    assert before.content != after.content
    indexes.close()


def test_save_holds_nothing_of_removed_or_replaced_text(tmp_path: Path) -> None:
    catalog = FakeCatalog()
    catalog.put("d1", "plain", ["words"])
    catalog.put("d2", "secret", ["taxi xyzzy"])
    catalog.put("d3", "changed", ["plugh first"])
    indexes = followed(catalog, tmp_path)
    indexes.save("c")
    assert b"xyzzy" in on_disk(tmp_path)
    catalog.remove("d2")
    catalog.put("d3", "changed", ["second"])
    indexes.refresh()
    assert b"xyzzy" not in on_disk(tmp_path)  # Gone before anything is written anew.
    indexes.save("c")
    assert b"words" in on_disk(tmp_path)
    assert b"plugh" not in on_disk(tmp_path)
    indexes.close()


def test_save_document_removed_meanwhile_is_not_left_behind(tmp_path: Path) -> None:
    catalog = FakeCatalog()
    catalog.put("d1", "plain", ["words"])
    catalog.put("d2", "secret", ["taxi xyzzy"])
    indexes = followed(catalog, tmp_path)
    catalog.remove("d2")  # By another process; this one has not seen it yet.
    indexes.save("c")
    assert b"xyzzy" not in on_disk(tmp_path)
    indexes.refresh()
    assert indexes.unsaved()["c"][0].outdated
    assert indexes.save("c") is not None
    indexes.close()


def test_save_last_document_removed_leaves_no_folder(tmp_path: Path) -> None:
    catalog = FakeCatalog()
    catalog.put("d1", "plain", ["words"])
    indexes = followed(catalog, tmp_path)
    indexes.save("c")
    catalog.remove("d1")
    indexes.refresh()
    assert indexes.save("c") is None
    assert [path for path in (tmp_path / "indexes").iterdir() if path.is_dir()] == []
    indexes.close()


def test_save_while_another_process_writes_is_left_to_it(tmp_path: Path) -> None:
    catalog = few()
    indexes, other = followed(catalog, tmp_path), followed(catalog, tmp_path)
    assert other._snapshots is not None
    with other._snapshots.files.writing() as is_ours:
        assert is_ours
        assert indexes.save("c") is None
        assert indexes.unsaved()["c"][0].changes
    assert other.save("c") is not None
    assert indexes.save("c") is None  # It is up to date: nothing to do.
    assert not indexes.unsaved()["c"][0].changes
    for each in (indexes, other):
        each.close()


def test_save_killed_at_any_point_leaves_what_a_start_makes_whole(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.retrieval.snapshot_crash", str(tmp_path / "kills")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    kills = [json.loads(line) for line in done.stdout.splitlines()]
    catalog = later_catalog()
    built = followed(catalog, tmp_path / "built")
    expected = [[[p.text, p.score] for p in r.passages] for r in found(built, catalog, "c")]
    built.close()
    for kill in kills:
        assert kill["status"] == -signal.SIGKILL, kill
        assert kill["found"] == expected, kill
        assert (kill["problems"], kill["left"], kill["leaked"]) == ([None], ["00000"], False), kill
    met = {kill["point"] for kill in kills}
    assert met == {point for point in FaultPoint if point.startswith("snapshot")}
