"""`youju ingest`: many files from disk, submitted at once, worked on until all have ended."""

import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.bootstrap import Ingest, open_catalog
from app.errors import RepeatedFileName
from app.settings import Settings
from app.worker import run_worker
from ingestion.catalog import Catalog
from ingestion.errors import DocumentTooLarge, IngestionError, InvalidSubmission
from ingestion.stored import Job, JobState

_POLL_SECONDS = 0.2
BuildWorker = Callable[[Settings], tuple[Catalog, Ingest]]
_OPEN = frozenset({JobState.QUEUED, JobState.RUNNING})


def files_under(paths: Iterable[Path]) -> tuple[list[tuple[Path, str]], list[Path]]:
    """Return (file, name to store it under) for all files, and the paths that do not exist.

    Folders are walked in order, hidden files left out; names are relative to the given folder.
    """
    files: list[tuple[Path, str]] = []
    missing: list[Path] = []
    for path in paths:
        if path.is_file():
            files.append((path, path.name))
        elif path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and not _is_hidden(p, path))
            files.extend((p, p.relative_to(path).as_posix()) for p in inside)
        else:
            missing.append(path)
    return files, missing


def ingest_files(
    settings: Settings,
    files: Sequence[tuple[Path, str]],
    collection: str,
    console: Console,
    *,
    build: BuildWorker,
) -> int:
    """Ingest files and wait for them; returns how many failed. Unchanged ones are skipped.

    Works beside a running service: whoever takes a job first does it. Of two files to be stored
    under one name the second fails: it would replace the first. build: called when there is work.
    """
    catalog = open_catalog(settings)
    pending: dict[str, str] = {}
    names: set[str] = set()
    unchanged = failed = 0
    for path, name in files:
        try:
            if name in names:
                raise RepeatedFileName
            names.add(name)
            job_id = _submit(catalog, collection, path, name, settings.max_upload_bytes)
        except (IngestionError, InvalidSubmission, OSError) as exc:
            failed += 1
            _say(console, f"{shown_name(name)}: {exc}", style="red")
            continue
        if job_id is None:
            unchanged += 1
        else:
            pending[job_id] = name
    failed += _work_off(build(settings), settings, catalog, pending, console) if pending else 0
    catalog.close()
    done = len(files) - unchanged - failed
    _say(console, f"{done} ingested, {unchanged} unchanged, {failed} failed ({collection})")
    return failed


def shown_name(name: str) -> str:
    """Return a file name as it can be printed: bytes that are no UTF-8 become `?`."""
    return name.encode("utf-8", errors="replace").decode("utf-8")


def _is_hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _submit(catalog: Catalog, collection: str, path: Path, name: str, limit: int) -> str | None:
    """Queue a file; None if the collection has its bytes.

    Raises IngestionError, InvalidSubmission or OSError.
    """
    size = path.stat().st_size
    if size > limit:
        raise DocumentTooLarge(size, limit)
    submission = catalog.submit(collection, name, path.read_bytes(), {})
    if submission.status == "queued":
        return submission.job_id
    job = catalog.job(submission.job_id) if submission.job_id else None
    return job.job_id if job is not None and job.state in _OPEN else None


def _work_off(
    parts: tuple[Catalog, Ingest],
    settings: Settings,
    catalog: Catalog,
    pending: dict[str, str],
    console: Console,
) -> int:
    own_catalog, ingest = parts
    stop = threading.Event()
    worker = threading.Thread(
        target=run_worker,
        args=(settings,),
        kwargs={"ingest": ingest, "catalog": own_catalog, "stop": stop},
        daemon=True,
    )
    worker.start()
    try:
        return _watch(catalog, pending, console)
    finally:
        stop.set()
        worker.join(timeout=30)
        own_catalog.close()


def _watch(catalog: Catalog, pending: dict[str, str], console: Console) -> int:
    """Show progress until every job has ended; returns how many failed."""
    failed = 0
    total = len(pending)
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    pause = threading.Event()
    with bar:
        task = bar.add_task("ingesting", total=total)
        while pending:
            for job_id in list(pending):
                job = catalog.job(job_id)
                if job is not None and job.state in _OPEN:
                    if job.state is JobState.RUNNING:
                        bar.update(task, description=f"{job.name} ({job.stage})")
                    continue
                name = pending.pop(job_id)
                failed += _report_end(job, name, console)
                bar.update(task, completed=total - len(pending))
                if not console.is_terminal:
                    _say(console, f"{total - len(pending)}/{total} {name}")
            pause.wait(_POLL_SECONDS)
    return failed


def _report_end(job: Job | None, name: str, console: Console) -> int:
    """Say why a job failed; returns 1 if it did."""
    if job is None or job.state is JobState.DONE:
        return 0
    _say(console, f"{name}: {job.reason or job.state.value}", style="red")
    return 1


def _say(console: Console, text: str, *, style: str | None = None) -> None:
    """Print names and reasons as they are: no markup, no emoji codes, no line folding."""
    console.print(text, style=style, markup=False, emoji=False, soft_wrap=True)
