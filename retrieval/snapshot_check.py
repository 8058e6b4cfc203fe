"""Whether the snapshots on disk agree with the catalog, and how to make them anew."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestion.store.index_files import IndexFiles
from ingestion.store.stored import IndexedState
from retrieval.collection_index import ENTRIES_FILE
from retrieval.collections_index import CollectionsIndex
from retrieval.document_entry import of_line
from retrieval.manifest import Manifest, check_files, read_manifest
from retrieval.ports import FollowedCatalog
from retrieval.snapshots import Snapshots, disagreement

Progress = Callable[[str, int, int], None]
"""Called with (collection, changes of the catalog looked at, changes there are)."""


@dataclass(frozen=True, slots=True)
class SnapshotReport:
    """What is on disk of one collection.

    collection: None for a folder of none that the catalog has. manifest: None where it cannot be
    read. problem: what is wrong; None when the snapshot agrees with the catalog.
    """

    collection: str | None
    folder: Path
    manifest: Manifest | None
    problem: str | None


def check_snapshots(catalog: FollowedCatalog, files: IndexFiles) -> list[SnapshotReport]:
    """Return a report for each snapshot on disk; a collection without one is in order.

    A snapshot that is only behind agrees, unless it holds what was deleted since. Every file is
    read. Raises OSError.
    """
    names = catalog.collections()
    reports = [_report(catalog, name, folder) for name in names for folder in files.snapshots(name)]
    for stray in files.strays(names):
        problem = "its collection holds no documents any more"
        reports.append(SnapshotReport(None, stray, None, problem))
    return reports


def remove_wrong_snapshots(catalog: FollowedCatalog, files: IndexFiles) -> int:
    """Remove the snapshots that `check_snapshots` finds wrong; returns how many. Raises OSError.

    The next start builds their collections from the catalog.
    """
    wrong = [report for report in check_snapshots(catalog, files) if report.problem is not None]
    for report in wrong:
        if report.collection is not None:
            files.forget(report.collection)
    if wrong:
        with files.writing(wait=True):
            files.remove_strays(catalog.collections())
    return len(wrong)


def rebuild_snapshots(
    catalog: FollowedCatalog,
    snapshots: Snapshots,
    collections: Sequence[str],
    progress: Progress,
) -> Iterator[tuple[str, Manifest]]:
    """Build collections from the catalog, write their snapshots, and give these one by one.

    Waits for a process that is writing one. Raises OSError.
    """
    for name in collections:
        total, done = catalog.last_sequence(), 0
        indexes = CollectionsIndex(catalog, snapshots.identity.dimension, snapshots)

        def step(changes: int, name: str = name, total: int = total) -> None:
            nonlocal done
            done += changes
            progress(name, done, max(total, done))

        try:
            indexes.build(name, step)
            manifest = indexes.save(name, wait=True)
        finally:
            indexes.close()
        if manifest is not None:
            yield name, manifest


def _report(catalog: FollowedCatalog, collection: str, folder: Path) -> SnapshotReport:
    manifest = None
    try:
        manifest = read_manifest(folder)
        problem = _problem(catalog, collection, folder, manifest)
    except FileNotFoundError as exc:
        problem = f"a file is missing: {Path(str(exc.filename)).name}"
    except ValueError as exc:
        problem = str(exc)
    return SnapshotReport(collection, folder, manifest, problem)


def _problem(
    catalog: FollowedCatalog, collection: str, folder: Path, manifest: Manifest
) -> str | None:
    if manifest.sequence > catalog.last_sequence():
        return "it is ahead of the catalog"
    check_files(folder, manifest)
    with (folder / ENTRIES_FILE).open("rb") as file:
        held: dict[str, IndexedState] = {}
        for line in file:
            document = of_line(line)
            held[document.document_id] = document.state
    true = catalog.index_state(collection)
    problem = disagreement(catalog, true, manifest.sequence, held)
    deleted = held.keys() - true.keys()
    if problem is None and deleted:
        return f"it holds {len(deleted)} documents that were deleted since"
    return problem
