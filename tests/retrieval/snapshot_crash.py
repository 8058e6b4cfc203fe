"""Kill a process at every fault point of a snapshot, and tell what the next one makes of it.

`python -m tests.retrieval.snapshot_crash FOLDER` prints one line of JSON for each kill. Each run is
a fork: what they import takes seconds.
"""

import json
import os
import shutil
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from ingestion.store.fault_points import FaultPoint, watched
from ingestion.store.index_files import IndexFiles
from retrieval.snapshot_check import check_snapshots
from tests.retrieval.catalog_fake import FakeCatalog
from tests.retrieval.snapshot_samples import followed, found, on_disk

SECRET = "xyzzy"


def first_catalog() -> FakeCatalog:
    """Return what the snapshot that is there at first was made of."""
    catalog = FakeCatalog()
    catalog.put("d1", "plain", ["words", "annual leave"])
    catalog.put("d2", "secret", [f"taxi {SECRET}"])
    catalog.put("d3", "changed", ["words first"])
    return catalog


def later_catalog() -> FakeCatalog:
    """Return the same catalog, some changes later; a secret has been deleted."""
    catalog = first_catalog()
    catalog.put("d3", "changed", ["words second"])
    catalog.remove("d2")
    return catalog


def save(catalog: FakeCatalog, folder: Path) -> None:
    """Follow the catalog and write a snapshot, as every process does."""
    indexes = followed(catalog, folder)
    indexes.save("c", wait=True)
    indexes.close()


def look(folder: Path) -> None:
    """Say what a start after the kill finds, then what is on disk once it has saved."""
    catalog = later_catalog()
    indexes = followed(catalog, folder)
    results = found(indexes, catalog, "c")
    indexes.save("c", wait=True)
    indexes.close()
    files = IndexFiles(folder / "indexes")
    told = {
        "found": [[(p.text, p.score) for p in result.passages] for result in results],
        "problems": [report.problem for report in check_snapshots(catalog, files)],
        "left": sorted(path.name[:5] for path in files.home("c").iterdir()),
        "leaked": SECRET.encode() in on_disk(folder),
    }
    (folder / "told.json").write_text(json.dumps(told))


def forked(act: Callable[[], None]) -> int:
    """Run something in a fork; returns its exit status, negative: the signal that ended it."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            act()
            status = 0
        except BaseException:  # noqa: BLE001 (a forked child must never run on)
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def traced(folder: Path, trace: Path) -> None:
    """Save once and note every fault point on the way."""
    with trace.open("w") as notes, watched(lambda point: print(point, file=notes, flush=True)):
        save(later_catalog(), folder)


def killed(folder: Path, point: str, occurrence: int) -> None:
    """Save once, but die on the way."""
    left = occurrence

    def watch(reached: FaultPoint) -> None:
        nonlocal left
        left -= reached == point
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    with watched(watch):
        save(later_catalog(), folder)


def main(home: Path) -> None:
    """Kill once at each point that a save reaches, each time it is reached."""
    first = home / "first"
    assert forked(lambda: save(first_catalog(), first)) == 0
    shutil.copytree(first, home / "traced")
    assert forked(lambda: traced(home / "traced", home / "trace")) == 0
    seen: Counter[str] = Counter()
    for number, point in enumerate((home / "trace").read_text().split()):
        seen[point] += 1
        folder, occurrence = home / str(number), seen[point]
        shutil.copytree(first, folder)
        status = forked(lambda f=folder, p=point, o=occurrence: killed(f, p, o))  # type: ignore[misc]
        assert forked(lambda f=folder: look(f)) == 0  # type: ignore[misc]
        told = json.loads((folder / "told.json").read_text())
        print(json.dumps({"point": point, "status": status, **told}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
