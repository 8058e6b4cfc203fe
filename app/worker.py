"""The ingestion worker: claims jobs, ingests their uploads, commits the documents.

`python -m app.worker` runs one until SIGTERM. With `--parent PID` it also ends when that parent
does.
"""

import argparse
import logging
import os
import signal
import socket
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from functools import partial

from app.eta import StageRates
from app.heartbeat import Heartbeat, JobGone, JobTooLong, LightWork, WorkerStopping
from app.settings import Settings
from ingestion.errors import CatalogUnavailable, IngestionError, LeaseLost, OtherEncoder
from ingestion.ports import Progress
from ingestion.records import IngestedDocument, ParseOptions
from ingestion.store.catalog import Catalog
from ingestion.store.stored import Job

logger = logging.getLogger(__name__)

Ingest = Callable[[bytes, str, ParseOptions, Progress], IngestedDocument]

POLL_SECONDS = 0.2
UNAVAILABLE_SECONDS = 1.0
STOP_GRACE_SECONDS = 5.0
PARENT_CHECK_SECONDS = 0.5
NICENESS = 10
LIGHT_WORK = LightWork(bytes=2**20, characters=50_000, seconds=5.0)
EXIT_STALLED = 70


def end_stalled_process() -> None:
    """End this process at once: a call that hangs in a library cannot be interrupted."""
    os._exit(EXIT_STALLED)


def run_worker(
    settings: Settings,
    *,
    ingest: Ingest,
    catalog: Catalog,
    stop: threading.Event,
    stalled: Callable[[], None] = end_stalled_process,
) -> None:
    """Work on jobs until `stop` is set; jobs under way then go back to the queue.

    One lane takes any job, the others only what is light: a large file, one that stopped a worker
    before, or one that turns out to be more, keeps nobody waiting. stalled: called when a job
    failed because it made no progress for the settings' `stage_seconds`, for a supervisor to start
    the worker anew.
    """
    worker = _Worker(settings, ingest, catalog, stop, stalled)
    lanes = [
        threading.Thread(target=worker.work, args=(number,), name=f"lane-{number}", daemon=True)
        for number in range(1, settings.jobs_at_once)
    ]
    for lane in lanes:
        lane.start()
    try:
        worker.work(0)
    finally:
        for lane in lanes:
            lane.join()


class _Worker:
    """What the lanes of one worker share."""

    def __init__(
        self,
        settings: Settings,
        ingest: Ingest,
        catalog: Catalog,
        stop: threading.Event,
        stalled: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._ingest = ingest
        self._catalog = catalog
        self._stop = stop
        self._end_stalled = stalled
        self._rates = StageRates()
        self._name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._swept = False
        self._busy: set[int] = set()

    def work(self, lane: int) -> None:
        """Work on jobs until told to stop; lane 0 takes any."""
        try:
            while not self._stop.is_set():
                self._work_or_wait(lane)
        finally:
            # A lane that fails takes the others along: a supervisor starts the worker anew.
            self._stop.set()

    def _work_or_wait(self, lane: int) -> None:
        try:
            if lane == 0 and not self._swept:
                self._catalog.remove_unnamed_sources()
                self._swept = True
            if not self._work_once(lane):
                self._stop.wait(POLL_SECONDS)
        except CatalogUnavailable as exc:
            # Whatever was claimed comes back when its lease runs out.
            logger.warning("%s", exc)
            self._stop.wait(UNAVAILABLE_SECONDS)

    def _work_once(self, lane: int) -> bool:
        name = f"{self._name}-{lane}"
        job = self._catalog.claim(
            name,
            self._settings.lease_seconds,
            max_attempts=self._settings.max_attempts,
            largest=LIGHT_WORK.bytes if lane else None,
        )
        if job is None:
            return False
        heartbeat = Heartbeat(
            self._catalog,
            job,
            name,
            lease_seconds=self._settings.lease_seconds,
            stage_seconds=self._settings.stage_seconds,
            stop=self._stop,
            stalled=partial(self._stalled, lane),
            rates=self._rates,
            light=LIGHT_WORK if lane else None,
        )
        self._busy.add(lane)
        try:
            _work(self._catalog, job, name, self._ingest, heartbeat)
        finally:
            self._busy.discard(lane)
        return True

    def _stalled(self, lane: int) -> None:
        """Let the other lanes put their jobs back before the process ends."""
        self._stop.set()
        deadline = time.monotonic() + STOP_GRACE_SECONDS
        while self._busy - {lane} and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        self._end_stalled()


def main() -> None:
    """Run a worker with the settings of the environment until it is told to stop."""
    arguments = argparse.ArgumentParser(prog="python -m app.worker", description=__doc__)
    arguments.add_argument("--parent", type=int, help="end when this parent process has ended")
    parent: int | None = arguments.parse_args().parent
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # It reports at length which of its builds it tried.
    logging.getLogger("faiss").setLevel(logging.WARNING)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    if parent is not None:
        watch = threading.Thread(target=_end_with_parent, args=(parent, stop), daemon=True)
        watch.start()
    os.nice(NICENESS)

    # Only the worker process itself may load the models that this brings in.
    from app.bootstrap import build_worker

    settings = Settings()
    try:
        catalog, ingest = build_worker(settings)
    except OtherEncoder as exc:
        logger.error("%s", exc)
        sys.exit(1)
    run_worker(settings, ingest=ingest, catalog=catalog, stop=stop)
    catalog.close()


def _work(catalog: Catalog, job: Job, worker: str, ingest: Ingest, heartbeat: Heartbeat) -> None:
    """Bring a claimed job to its end. Raises CatalogUnavailable when that cannot be recorded."""
    fail = partial(catalog.fail, job.job_id, worker)
    try:
        with heartbeat:
            content = catalog.job_source(job.job_id)
            heartbeat.weigh(len(content))
            options = ParseOptions(password=catalog.job_password(job.job_id))
            ingested = ingest(content, job.name, options, heartbeat.report)
            heartbeat.note("storing", 1.0)
            catalog.commit_document(ingested, job_id=job.job_id, worker=worker)
    except WorkerStopping:
        catalog.release(job.job_id, worker)
    except JobTooLong:
        catalog.release(job.job_id, worker, as_heavy=True)
    except (JobGone, LeaseLost):
        logger.info("job %s was given up: no longer this worker's", job.job_id)
    except CatalogUnavailable:
        raise
    except (IngestionError, OtherEncoder) as exc:
        fail(exc.code, str(exc))
    except MemoryError:
        fail("out_of_memory", "Memory ran out. Split the document or free memory, and retry.")
    except Exception as exc:  # noqa: BLE001 the edge of a job: one bad file must not end the worker
        logger.error("job %s failed unexpectedly\n%s", job.job_id, trace_without_text(exc))
        fail(
            "internal_error",
            f"An unexpected error ({type(exc).__name__}) stopped the ingestion. "
            f"The log has the details under job {job.job_id}.",
        )
    else:
        logger.info("job %s is done", job.job_id)


def trace_without_text(error: BaseException) -> str:
    """Return the traceback of an error and its causes without their messages.

    Messages may quote the document, and documents have no place in logs.
    """
    parts: list[str] = []
    link: BaseException | None = error
    while link is not None:
        frames = "".join(traceback.format_tb(link.__traceback__))
        parts.append(f"{frames}{type(link).__module__}.{type(link).__qualname__}")
        hidden = None if link.__suppress_context__ else link.__context__
        link = link.__cause__ or hidden
    return "\n\nraised while handling:\n\n".join(parts)


def _end_with_parent(parent: int, stop: threading.Event) -> None:
    while os.getppid() == parent and not stop.wait(PARENT_CHECK_SECONDS):
        pass
    stop.set()
    time.sleep(STOP_GRACE_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
