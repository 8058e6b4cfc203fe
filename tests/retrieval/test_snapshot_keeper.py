import logging
from pathlib import Path

import pytest

from ingestion.store.index_files import IndexFiles
from retrieval.collection_index import Unsaved
from retrieval.collections_index import CollectionsIndex
from retrieval.snapshot_keeper import SavePolicy, SnapshotKeeper
from retrieval.snapshots import Snapshots
from tests.retrieval.catalog_fake import DIMENSION, FakeCatalog
from tests.retrieval.snapshot_samples import IDENTITY

POLICY = SavePolicy(wait=60, quiet=5, changes=100, share=0.05)


@pytest.mark.parametrize(
    ("unsaved", "documents", "now", "due"),
    [
        (Unsaved(0, 0, 0), 10, 999, False),
        (Unsaved(3, 0, 0), 10, 59, False),
        (Unsaved(3, 0, 0), 10, 60, True),
        (Unsaved(3, 0, 58), 10, 60, False),
        (Unsaved(3, 0, 599), 10, 600, True),
        (Unsaved(100, 0, 0), 10, 0, True),
        (Unsaved(100, 0, 0), 10_000, 0, False),
        (Unsaved(500, 0, 0), 10_000, 0, True),
        (Unsaved(1, 0, 0, outdated=True), 10_000, 0, True),
    ],
)
def test_is_due_waits_for_quiet_or_for_much(
    unsaved: Unsaved, documents: int, now: float, *, due: bool
) -> None:
    assert POLICY.is_due(unsaved, documents, now) == due


def test_is_worth_it_more_than_a_hundredth_or_what_is_outdated() -> None:
    assert POLICY.is_worth_it(Unsaved(1), 99)
    assert not POLICY.is_worth_it(Unsaved(1), 100)
    assert not POLICY.is_worth_it(Unsaved(0), 0)
    assert POLICY.is_worth_it(Unsaved(1, outdated=True), 1000)


class World:
    """A catalog, its indexes, their keeper, and a clock that only the test moves."""

    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        self.catalog = FakeCatalog()
        self.catalog.put("d1", "t", ["alpha"])
        self.files = IndexFiles(folder / "indexes")
        snapshots = Snapshots(self.files, IDENTITY)
        self.indexes = CollectionsIndex(self.catalog, DIMENSION, snapshots, clock=self.clock)
        self.indexes.load()
        self.keeper = SnapshotKeeper(self.indexes, POLICY, self.clock)

    def clock(self) -> float:
        return self.now

    def saved(self) -> list[str]:
        return [path.name[:16].lstrip("0") for path in self.files.snapshots("c")]


def test_step_saves_what_is_due_and_then_rests(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.keeper.step()
    assert world.saved() == []
    world.now = 60
    world.keeper.step()
    assert world.saved() == ["1"]
    world.catalog.put("d1", "t", ["beta"])
    world.indexes.refresh()
    world.keeper.step()
    assert world.saved() == ["1"]  # Outdated, but the last save was just now.
    world.now = 70
    world.keeper.step()
    assert world.saved() == ["2"]
    world.indexes.close()


def test_close_saves_what_is_worth_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.keeper.start()
    world.keeper.close()
    assert world.saved() == ["1"]
    world.indexes.close()


def test_step_that_cannot_write_is_logged_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path)
    world.files.home("c").write_text("in the way")
    world.now = 60
    with caplog.at_level(logging.WARNING):
        world.keeper.step()
    assert "could not be saved" in caplog.text
    world.files.home("c").unlink()
    world.now = 120
    world.keeper.step()
    assert world.saved() == ["1"]
    world.indexes.close()
