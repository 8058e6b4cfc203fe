"""`youju rebuild`: the snapshots of the indexes, made anew from the catalog."""

import json
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ingestion.store.catalog import Catalog
from retrieval.manifest import to_json
from retrieval.snapshot_check import rebuild_snapshots
from retrieval.snapshots import Snapshots


def rebuild_indexes(
    catalog: Catalog, snapshots: Snapshots, collections: Sequence[str], console: Console
) -> Iterator[str]:
    """Rebuild collections one by one with a progress bar; gives each one's manifest as JSON.

    Safe beside a running service, which goes on with what it has. Raises OSError.
    """
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("indexing", total=None)

        def show(name: str, done: int, total: int) -> None:
            bar.update(task, description=name, completed=done, total=total)
            if not console.is_terminal:
                console.print(f"{name}: {done}/{total} changes", soft_wrap=True)

        for name, manifest in rebuild_snapshots(catalog, snapshots, collections, show):
            yield json.dumps({"collection": name, **json.loads(to_json(manifest))}, indent=1)
