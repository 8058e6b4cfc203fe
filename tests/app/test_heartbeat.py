import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.eta import StageRates
from app.heartbeat import Heartbeat, JobGone, WorkerStopping
from app.ingest_document import STAGE_STARTS
from ingestion.store.catalog import Catalog
from ingestion.store.stored import Job, JobState
from tests.ingestion.catalog_samples import claim, submit


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    yield catalog
    catalog.close()


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def heartbeat(
    catalog: Catalog,
    job: Job,
    *,
    stage_seconds: float = 60.0,
    stop: threading.Event | None = None,
    stalled: Callable[[], None] = lambda: None,
    rates: StageRates | None = None,
) -> Heartbeat:
    return Heartbeat(
        catalog,
        job,
        "w1",
        lease_seconds=0.4,
        stage_seconds=stage_seconds,
        stop=stop or threading.Event(),
        stalled=stalled,
        rates=rates or StageRates(),
    )


def test_heartbeat_tells_the_time_left_from_what_earlier_jobs_took(catalog: Catalog) -> None:
    submit(catalog)
    job = claim(catalog)
    rates = StageRates()
    for stage in (*STAGE_STARTS, "storing"):
        rates.learn(stage, 100.0, 10_000)
    with heartbeat(catalog, job, rates=rates) as beat:
        beat.weigh(10_000)
        beat.report("structure", 0.08, 5000)
        assert eventually(lambda: (catalog.job(job.job_id) or job).eta_seconds is not None)
    noted = catalog.job(job.job_id)
    assert noted is not None and noted.eta_seconds is not None
    assert 175.0 < noted.eta_seconds <= 200.0
    assert rates.estimate("structure", 5000) != pytest.approx(50.0)


def test_heartbeat_keeps_a_lease_that_is_shorter_than_the_work(catalog: Catalog) -> None:
    submit(catalog)
    job = claim(catalog)
    with heartbeat(catalog, job) as beat:
        beat.report("embed", 0.5)
        until = time.monotonic() + 1.2
        while time.monotonic() < until:
            assert catalog.claim("w2", 30.0) is None
            time.sleep(0.05)
        beat.report("embed", 0.6)
    noted = catalog.job(job.job_id)
    assert noted is not None
    assert noted.stage == "embed"


def test_report_after_the_job_was_cancelled_ends_the_work(catalog: Catalog) -> None:
    submit(catalog)
    job = claim(catalog)

    def is_told() -> bool:
        try:
            beat.report("embed", 0.1)
        except JobGone:
            return True
        return False

    with heartbeat(catalog, job) as beat:
        assert not is_told()
        catalog.cancel(job.job_id)
        assert eventually(is_told)
        beat.note("storing", 1.0)


def test_report_when_the_worker_stops_ends_the_work(catalog: Catalog) -> None:
    submit(catalog)
    stop = threading.Event()
    with heartbeat(catalog, claim(catalog), stop=stop) as beat:
        beat.report("parse", 0.1)
        stop.set()
        with pytest.raises(WorkerStopping):
            beat.report("parse", 0.2)


def test_stage_without_progress_fails_the_job_and_calls_for_help(catalog: Catalog) -> None:
    submit(catalog)
    job = claim(catalog)
    stalled = threading.Event()
    with heartbeat(catalog, job, stage_seconds=0.2, stalled=stalled.set) as beat:
        beat.report("parse", 0.1)
        assert stalled.wait(20)
        with pytest.raises(JobGone):
            beat.report("parse", 0.2)
    failed = catalog.job(job.job_id)
    assert failed is not None
    assert (failed.state, failed.reason_code) == (JobState.FAILED, "deadline_exceeded")
    assert failed.reason is not None
    assert "parse" in failed.reason
