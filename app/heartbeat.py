"""Keep the lease of a job while it is worked on, tell how far it is, hear when to give it up."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from app.eta import JobClock, StageRates
from ingestion.errors import CatalogUnavailable
from ingestion.store.catalog import Catalog
from ingestion.store.stored import Job

logger = logging.getLogger(__name__)

LONGEST_INTERVAL = 0.5
BEATS_PER_LEASE = 4


class JobGone(Exception):
    """The job was cancelled, its document deleted, or another worker has it."""


class WorkerStopping(Exception):
    """The worker was told to stop in the middle of a job."""


class JobTooLong(Exception):
    """The job is more than what its lane is for."""


@dataclass(frozen=True, slots=True)
class LightWork:
    """What a job of a light lane may be: bytes of its file, characters of its text.

    seconds: until it is embedded, while other light work waits.
    """

    bytes: int
    characters: int
    seconds: float


_EMBEDDED = frozenset(("embedding", "summary", "storing"))


class Heartbeat:
    """A context in which a thread renews the lease of one job.

    rates: what the worker learnt of earlier jobs, and learns of this one. light: what the job may
    be at most; more ends the work.
    stage_seconds: longest time without a report; after it the job fails with
    `deadline_exceeded` and `stalled` is called, from the heartbeat's thread, to end what hangs.
    """

    def __init__(
        self,
        catalog: Catalog,
        job: Job,
        worker: str,
        *,
        lease_seconds: float,
        stage_seconds: float,
        stop: threading.Event,
        stalled: Callable[[], None],
        rates: StageRates,
        light: LightWork | None = None,
    ) -> None:
        self._catalog = catalog
        self._job = job
        self._worker = worker
        self._lease_seconds = lease_seconds
        self._stage_seconds = stage_seconds
        self._stop = stop
        self._stalled = stalled
        self._light = light
        self._began = time.monotonic()
        self._note = ("starting", 0.0, time.monotonic())
        self._clock = JobClock(rates)
        self._clock_lock = threading.Lock()
        self._late = threading.Event()
        self._gone = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        if _type is None:
            self._clock.end_stage(time.monotonic())

    def weigh(self, size: int) -> None:
        """Note how many bytes the job's file has."""
        with self._clock_lock:
            self._clock.size = size

    def report(self, stage: str, progress: float, characters: int = 0, /) -> None:
        """Note the stage and the share of the job done, 0 to 1: the `Progress` of ingestion.

        Raises JobGone, WorkerStopping or JobTooLong to end the work on this job.
        """
        self.note(stage, progress, characters)
        if self._gone.is_set():
            raise JobGone
        if self._stop.is_set():
            raise WorkerStopping
        if self._light is None:
            return
        # What is being embedded takes turns with the others, and has most of its work behind it.
        is_late = self._late.is_set() and stage not in _EMBEDDED
        if is_late or characters > self._light.characters:
            raise JobTooLong

    def note(self, stage: str, progress: float, characters: int = 0) -> None:
        """Note as `report` does, but never end the work."""
        now = time.monotonic()
        self._note = (stage, progress, now)
        with self._clock_lock:
            self._clock.note(stage, progress, characters, now)

    def _run(self) -> None:
        interval = min(LONGEST_INTERVAL, self._lease_seconds / BEATS_PER_LEASE)
        others_waited = False
        while not self._ended.wait(interval):
            try:
                if self._is_over_deadline():
                    return
                if not self._renew():
                    self._gone.set()
                    return
                # What waits only until an idle lane looks is not kept waiting.
                others_wait = self._light is not None and self._keeps_others_waiting(self._light)
                if others_wait and others_waited:
                    self._late.set()
                else:
                    self._late.clear()
                others_waited = others_wait
            except CatalogUnavailable as exc:
                # The lease outlasts a few missed beats.
                logger.warning("heartbeat of job %s: %s", self._job.job_id, exc)

    def _renew(self) -> bool:
        stage, progress, _reported = self._note
        with self._clock_lock:
            eta = self._clock.eta(time.monotonic())
        return self._catalog.heartbeat(
            self._job.job_id, self._worker, stage, progress, eta, self._lease_seconds
        )

    def _keeps_others_waiting(self, light: LightWork) -> bool:
        is_late = time.monotonic() - self._began > light.seconds
        return is_late and self._catalog.is_work_waiting(light.bytes)

    def _is_over_deadline(self) -> bool:
        stage, _progress, reported = self._note
        if time.monotonic() - reported <= self._stage_seconds:
            return False
        reason = (
            f"The stage '{stage}' made no progress for {self._stage_seconds:g} seconds and was "
            "stopped. Split the document or save it in another format, and upload it again."
        )
        self._catalog.fail(self._job.job_id, self._worker, "deadline_exceeded", reason)
        self._gone.set()
        logger.error("job %s stalled in stage %s", self._job.job_id, stage)
        self._stalled()
        return True
