"""The commands that look after a data directory: fsck, rebuild, reembed, backup, restore."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from app.settings import Settings
from ingestion.store.findings import MENDED_AT_START, Finding, Flaw

Report = Callable[[str, int, int], None]
SHOWN_OF_EACH = 20

commands = typer.Typer()
findings = Console(highlight=False, markup=False, emoji=False)
messages = Console(stderr=True, highlight=False, markup=False, emoji=False)


@commands.command()
def fsck(
    repair: Annotated[
        bool, typer.Option("--repair", help="Also mend what every start of the service mends.")
    ] = False,
) -> None:
    """Check that all documents, jobs, uploaded files and index snapshots are whole.

    Status 1 where one is not.
    """
    from app.open_catalog import catalog_path, open_catalog, own_encoders
    from ingestion.store.consistency import check_data
    from retrieval.snapshot_check import remove_wrong_snapshots

    settings = Settings()
    with _progress(messages) as report:
        found = check_data(catalog_path(settings), report, own_encoders(settings))
        counts = _print_findings(found)
        if Flaw.DATABASE_DAMAGED not in counts:
            counts += _print_findings(_wrong_snapshots(settings))
    if repair and Flaw.DATABASE_DAMAGED not in counts:
        catalog = open_catalog(settings)
        _say(f"{catalog.remove_unnamed_sources()} files were removed")
        remove_wrong_snapshots(catalog, catalog.index_files)
        catalog.close()
        counts = Counter({flaw: n for flaw, n in counts.items() if flaw not in MENDED_AT_START})
    if counts:
        _say(f"{counts.total()} findings: " + ", ".join(f"{f} {n}" for f, n in counts.items()))
        raise typer.Exit(1)
    _say("nothing is wrong")


@commands.command()
def rebuild(
    collection: Annotated[
        str | None, typer.Option("--collection", "-c", help="Only this one; all if not given.")
    ] = None,
) -> None:
    """Make the snapshots of the indexes anew from the catalog and print what is in them."""
    from app.bootstrap import build_snapshots
    from app.build_models import build_encoder
    from app.open_catalog import open_catalog
    from app.rebuild import rebuild_indexes

    settings = Settings()
    catalog = open_catalog(settings)
    chosen = [name for name in catalog.collections() if collection in {None, name}]
    if collection is not None and not chosen:
        _say(f"nothing is in collection {collection}")
        raise typer.Exit(1)
    if chosen:
        catalog.embeddings.refuse_others()
        snapshots = build_snapshots(catalog, build_encoder(settings))
        for text in rebuild_indexes(catalog, snapshots, chosen, messages):
            findings.print(text, soft_wrap=True)
    catalog.close()


@commands.command()
def reembed(
    collection: Annotated[
        str | None, typer.Option("--collection", "-c", help="Only this one; all if not given.")
    ] = None,
) -> None:
    """Embed anew what another encoder than YOUJU_ENCODER embedded. Safe to stop and repeat.

    No service may run on YOUJU_DATA_DIR.
    """
    from app.build_models import build_encoder, prepare_models
    from app.open_catalog import catalog_path, open_catalog
    from app.reembed import reembed_documents
    from ingestion.errors import NoCatalog

    settings = Settings()
    if not catalog_path(settings).exists():
        raise NoCatalog(str(catalog_path(settings)))
    catalog = open_catalog(settings, alone=True)
    if collection is not None and collection not in catalog.collections():
        catalog.close()
        _say(f"nothing is in collection {collection}")
        raise typer.Exit(1)
    embeddings, failed = catalog.embeddings, list[str]()
    outdated = embeddings.outdated(collection)
    if outdated:
        prepare_models(settings, _say)
        failed = reembed_documents(
            embeddings,
            build_encoder(settings),
            outdated,
            longest_chunk=settings.chunk_tokens,
            lanes=settings.jobs_at_once,
            console=messages,
        )
    catalog.close()
    _say(f"{len(outdated) - len(failed)} documents were embedded by {embeddings.encoder}")
    for document_id in failed:
        _say(f"its text or chunks are missing, and it has no new vectors: {document_id}")
    if failed:
        _say("youju fsck tells more")
        raise typer.Exit(1)


@commands.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What to write; a new ZIP file.")],
) -> None:
    """Write everything that is stored into one file. The service may run meanwhile."""
    from app.open_catalog import catalog_path
    from ingestion.store.backup import write_backup

    with _progress(messages) as report:
        written = write_backup(catalog_path(Settings()), file, report)
    _say(f"{file}: {written.size} bytes, the catalog and {written.sources} uploaded files")
    for sha256 in written.lost:
        _say(f"missing or damaged, and not in the backup: {sha256}")
    if written.lost:
        _say("youju fsck tells more")
        raise typer.Exit(1)


@commands.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `youju backup` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Give up the documents that are stored now.")
    ] = False,
) -> None:
    """Put the content of a backup into YOUJU_DATA_DIR, all of it or nothing.

    No service may run on that directory.
    """
    from app.open_catalog import catalog_path
    from ingestion.store.backup import restore_backup

    path = catalog_path(Settings())
    with _progress(messages) as report:
        restored = restore_backup(file, path, report, replace=replace)
    _say(f"{path.parent}: the catalog and {restored.sources} uploaded files are there as they were")
    for sha256 in restored.lost:
        _say(f"missing in the backup already: {sha256}")
    if restored.lost:
        _say("youju fsck tells more")
        raise typer.Exit(1)


def _wrong_snapshots(settings: Settings) -> Iterator[Finding]:
    from app.open_catalog import open_catalog
    from retrieval.snapshot_check import check_snapshots

    catalog = open_catalog(settings)
    try:
        for report in check_snapshots(catalog, catalog.index_files):
            if report.problem is not None:
                yield Finding(Flaw.SNAPSHOT_WRONG, report.folder.name, report.problem)
    finally:
        catalog.close()


def _print_findings(found: Iterable[Finding]) -> Counter[Flaw]:
    """Print the first of each kind as they come; returns how many there are of each."""
    counts: Counter[Flaw] = Counter()
    for finding in found:
        counts[finding.flaw] += 1
        if counts[finding.flaw] <= SHOWN_OF_EACH:
            line = f"{finding.flaw}  {finding.subject}  {finding.detail}"
            findings.print(line, soft_wrap=True)
    return counts


@contextmanager
def _progress(console: Console) -> Iterator[Report]:
    """Give a function that shows how far something is: a bar on a terminal, elsewhere lines."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    tasks: dict[str, TaskID] = {}

    def report(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage)
        bar.update(tasks[stage], completed=done, total=total)
        if done == total and not console.is_terminal:
            _say(f"{stage}: done")

    with bar:
        yield report


def _say(text: str) -> None:
    messages.print(text, soft_wrap=True)
