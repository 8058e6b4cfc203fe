"""`youju ingest`: many files from disk, submitted at once, worked on until all have ended."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.bootstrap import Ingest
from app.file_walk import FoundFile, NoFile
from app.open_catalog import open_own_catalog
from app.settings import Settings
from app.submission import Offered, Rejected, Target, offered_files, submit_files
from app.worker import run_worker
from ingestion.errors import PASSWORD_PLACE, DocumentTooLarge
from ingestion.store.catalog import Catalog
from ingestion.store.stored import Job, JobState

_POLL_SECONDS = 0.5
_LONGEST_NAME = 40
BuildWorker = Callable[[Settings], tuple[Catalog, Ingest]]
_OPEN = frozenset({JobState.QUEUED, JobState.RUNNING})


def ingest_files(
    settings: Settings,
    files: Sequence[FoundFile | NoFile],
    collection: str,
    console: Console,
    *,
    build: BuildWorker,
    password: str = "",
) -> int:
    """Ingest files and wait for them; returns how many failed. Unchanged ones are skipped.

    Works beside a running service: whoever takes a job first does it. Stopped at any moment, the
    same call goes on: what was queued stays so. Of two files to be stored under one name the second
    fails: it would replace the first. build: called when there is work. Raises OtherEncoder.
    """
    catalog = open_own_catalog(settings)
    target = Target(collection, {}, password, settings.max_upload_bytes)
    pending, unchanged, failed = _submit(catalog, files, target, console)
    queued = len(pending)
    lost = _work_off(build(settings), settings, catalog, pending, console) if pending else 0
    catalog.close()
    done, failed = queued - lost, failed + lost
    _say(console, f"{done} ingested, {unchanged} unchanged, {failed} failed ({collection})")
    return failed


def shown_name(name: str) -> str:
    """Return a file name as it can be printed: bytes that are no UTF-8 become `?`."""
    return name.encode("utf-8", errors="replace").decode("utf-8")


def shown_reason(reason: str) -> str:
    """Return why a file was not taken in, with what to do in the words of the command line."""
    return reason.replace(PASSWORD_PLACE, "with `youju ingest --password`")


def _submit(
    catalog: Catalog, files: Sequence[FoundFile | NoFile], target: Target, console: Console
) -> tuple[dict[str, str], int, int]:
    """Queue files; returns open jobs with their names, how many are unchanged, how many failed."""
    pending: dict[str, str] = {}
    known: dict[str, str] = {}
    unchanged = failed = 0
    with _bar(console) as bar:
        offered = _offered(bar.track(files, description="queueing"), target)
        for outcome in submit_files(catalog, offered, target):
            if isinstance(outcome, Rejected):
                failed += 1
                _say(console, f"{outcome.name}: {shown_reason(str(outcome.error))}", style="red")
            elif outcome.submission.status == "queued" and outcome.submission.job_id:
                pending[outcome.submission.job_id] = outcome.name
            elif outcome.submission.job_id:
                known[outcome.submission.job_id] = outcome.name
            else:
                unchanged += 1
    # A duplicate may be that of a job that an earlier call queued.
    begun, gone = catalog.begun_jobs(list(known))
    ended = gone.union(job.job_id for job in begun if job.state not in _OPEN)
    waiting = {job_id: name for job_id, name in known.items() if job_id not in {*ended, *pending}}
    return pending | waiting, unchanged + len(known) - len(waiting), failed


def _offered(files: Iterable[FoundFile | NoFile], target: Target) -> Iterator[Offered | Rejected]:
    taken: set[str] = set()
    for found in files:
        if isinstance(found, NoFile):
            yield Rejected(shown_name(str(found.path)), OSError(found.reason))
            continue
        try:
            size = found.path.stat().st_size
            if size > target.max_file_bytes:
                error = DocumentTooLarge(size, target.max_file_bytes)
                yield Rejected(shown_name(found.name), error)
                continue
            with found.path.open("rb") as file:
                yield from offered_files(found.name, file, target, taken, inside=found.inside)
        except OSError as exc:
            yield Rejected(shown_name(found.name), exc)


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
    except KeyboardInterrupt:
        _say(console, f"stopped; {len(pending)} files are left. The same command goes on.")
        raise
    finally:
        stop.set()
        worker.join(timeout=30)
        own_catalog.close()


def _watch(catalog: Catalog, pending: dict[str, str], console: Console) -> int:
    """Show progress until every job has ended; returns how many failed."""
    failed = 0
    total = len(pending)
    pause = threading.Event()
    with _bar(console) as bar:
        task = bar.add_task("ingesting", total=total)
        while pending:
            begun, gone = catalog.begun_jobs(list(pending))
            for job in begun:
                if job.state is JobState.RUNNING:
                    bar.update(task, description=_told(job))
            ended = {job.job_id: job for job in begun if job.state not in _OPEN}
            for job_id in [job_id for job_id in pending if job_id in ended or job_id in gone]:
                name = pending.pop(job_id)
                failed += _report_end(ended.get(job_id), name, console)
                bar.update(task, completed=total - len(pending))
                if not console.is_terminal:
                    _say(console, f"{total - len(pending)}/{total} {name}")
            if pending:
                pause.wait(_POLL_SECONDS)
    return failed


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def _told(job: Job) -> str:
    name = job.name if len(job.name) <= _LONGEST_NAME else f"…{job.name[-_LONGEST_NAME:]}"
    return f"{name} · {job.stage} {job.progress:.0%}"


def _report_end(job: Job | None, name: str, console: Console) -> int:
    """Say why a job failed; returns 1 if it did."""
    if job is None or job.state is JobState.DONE:
        return 0
    _say(console, f"{name}: {shown_reason(job.reason or job.state.value)}", style="red")
    return 1


def _say(console: Console, text: str, *, style: str | None = None) -> None:
    """Print names and reasons as they are: no markup, no emoji codes, no line folding."""
    console.print(text, style=style, markup=False, emoji=False, soft_wrap=True)
