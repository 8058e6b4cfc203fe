import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingestion.errors import LeaseLost
from ingestion.store.catalog import Catalog
from ingestion.store.stored import Job, JobState
from ingestion.store.uploads import check_upload
from tests.ingestion.catalog_samples import LEASE, ROOT, add, claim, ingested_document, submit


class FakeClock:
    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def catalog(tmp_path: Path, clock: FakeClock) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "catalog.sqlite", clock=clock)
    yield catalog
    catalog.close()


def job_of(catalog: Catalog, job_id: str | None) -> Job:
    assert job_id is not None
    job = catalog.job(job_id)
    assert job is not None
    return job


def finish(catalog: Catalog, job: Job) -> None:
    catalog.commit_document(ingested_document(), job_id=job.job_id, worker="w1")


def test_job_runs_from_queued_to_done(catalog: Catalog, clock: FakeClock) -> None:
    submission = submit(catalog)
    queued = job_of(catalog, submission.job_id)
    assert (queued.state, queued.stage, queued.progress) == (JobState.QUEUED, "queued", 0.0)
    assert (queued.attempts, queued.created_at, queued.started_at) == (0, clock.now, None)
    clock.advance(5)
    running = claim(catalog)
    assert (running.state, running.attempts, running.started_at) == (
        JobState.RUNNING,
        1,
        clock.now,
    )
    assert catalog.heartbeat(running.job_id, "w1", "embed", 0.5, 7.5, LEASE)
    halfway = job_of(catalog, running.job_id)
    assert (halfway.stage, halfway.progress, halfway.eta_seconds) == ("embed", 0.5, 7.5)
    clock.advance(5)
    finish(catalog, running)
    done = job_of(catalog, running.job_id)
    assert (done.state, done.progress, done.eta_seconds) == (JobState.DONE, 1.0, None)
    assert (done.reason_code, done.reason, done.finished_at) == (None, None, clock.now)
    assert catalog.claim("w1", LEASE) is None


def test_heartbeat_keeps_progress_between_zero_and_one(catalog: Catalog) -> None:
    submit(catalog)
    job = claim(catalog)
    for reported, kept in ((1.5, 1.0), (-1.0, 0.0)):
        catalog.heartbeat(job.job_id, "w1", "parse", reported, None, LEASE)
        assert job_of(catalog, job.job_id).progress == kept


def test_claim_takes_the_oldest_job_of_a_collection_first(catalog: Catalog) -> None:
    ids = [submit(catalog, name=f"{n}", content=bytes([n])).job_id for n in range(5)]
    assert [claim(catalog).job_id for _ in ids] == ids


def test_claim_of_light_jobs_passes_by_what_is_large_or_was_tried(catalog: Catalog) -> None:
    large = submit(catalog, name="large", content=b"x" * 11)
    small = submit(catalog, name="small", content=b"x" * 10)
    job = catalog.claim("w1", LEASE, largest=10)
    assert job is not None
    assert job.job_id == small.job_id
    assert catalog.claim("w2", LEASE, largest=10) is None
    assert claim(catalog).job_id == large.job_id


def test_claim_of_light_jobs_leaves_what_a_worker_died_of_to_others(
    catalog: Catalog, clock: FakeClock
) -> None:
    submit(catalog)
    claim(catalog)
    clock.advance(2 * LEASE)
    assert catalog.claim("w2", LEASE, largest=10**6) is None
    assert claim(catalog).attempts == 2


def test_claim_lets_collections_take_turns(catalog: Catalog) -> None:
    for number in range(4):
        submit(catalog, name=f"{number}", content=bytes([number]), collection="bulk")
    assert claim(catalog).collection == "bulk"
    submit(catalog, collection="small")
    submit(catalog, collection="other")
    served = [claim(catalog).collection for _ in range(5)]
    assert served == ["other", "small", "bulk", "bulk", "bulk"]


def test_claim_remembers_whom_it_served_when_queues_run_dry(catalog: Catalog) -> None:
    submit(catalog, collection="a")
    submit(catalog, collection="b")
    assert [claim(catalog).collection for _ in range(2)] == ["a", "b"]
    submit(catalog, name="2", content=b"2", collection="b")
    submit(catalog, name="2", content=b"2", collection="a")
    assert [claim(catalog).collection for _ in range(2)] == ["a", "b"]


def test_claim_one_file_does_not_wait_for_two_thousand_of_another_collection(
    catalog: Catalog,
) -> None:
    catalog.submit_all(
        [
            (check_upload("bulk", f"{number}", str(number).encode(), {}), str(number).encode())
            for number in range(2000)
        ]
    )
    for _ in range(5):
        assert claim(catalog).collection == "bulk"
    submit(catalog, collection="small")
    assert claim(catalog).collection == "small"
    assert claim(catalog).collection == "bulk"


def test_claim_weighs_turns_by_bytes(catalog: Catalog) -> None:
    for number in range(3):
        submit(catalog, name=f"{number}", content=bytes([number]) * 40_000, collection="large")
    for number in range(20):
        submit(catalog, name=f"{number}", content=bytes([number]), collection="small")
    served = [claim(catalog).collection for _ in range(23)]
    assert served[0] == "large"
    first, second = (served.index("large", start) for start in (1, served.index("large", 1) + 1))
    assert 8 <= first - 1 <= 12
    assert 8 <= second - first <= 12


def test_claim_gives_no_credit_for_a_pause(catalog: Catalog) -> None:
    submit(catalog, collection="idle", content=b"0")
    claim(catalog)
    for number in range(30):
        submit(catalog, name=f"{number}", content=bytes([number]), collection="busy")
    for _ in range(15):
        claim(catalog)
    for number in range(30):
        submit(catalog, name=f"{number}", content=bytes([number]), collection="idle")
    served = [claim(catalog).collection for _ in range(10)]
    assert 4 <= served.count("busy") <= 6


def test_job_in_the_queue_again_says_why(catalog: Catalog, clock: FakeClock) -> None:
    submit(catalog)
    job = claim(catalog)
    catalog.heartbeat(job.job_id, "w1", "parsing", 0.05, None, LEASE)
    clock.advance(LEASE + 1)
    again = claim(catalog, "w2")
    assert (again.attempts, again.reason_code) == (2, "worker_died")
    assert again.reason is not None and "stage 'parsing'" in again.reason
    catalog.commit_document(ingested_document(), job_id=job.job_id, worker="w2")
    done = job_of(catalog, job.job_id)
    assert (done.reason_code, done.reason) == (None, None)


def test_begun_jobs_are_told_with_those_that_are_gone(catalog: Catalog) -> None:
    ids = [str(submit(catalog, name=f"{n}", content=bytes([n])).job_id) for n in range(3)]
    running = claim(catalog)
    assert catalog.begun_jobs([*ids, "gone"]) == ([running], {"gone"})
    assert catalog.begun_jobs([]) == ([], set())


def test_lease_that_ran_out_gives_the_job_to_another_worker(
    catalog: Catalog, clock: FakeClock
) -> None:
    submission = submit(catalog)
    first = claim(catalog, "w1")
    clock.advance(LEASE - 1)
    assert catalog.claim("w2", LEASE) is None
    assert catalog.heartbeat(first.job_id, "w1", "parse", 0.9, None, LEASE)
    clock.advance(LEASE - 1)
    assert catalog.claim("w2", LEASE) is None
    clock.advance(2)
    second = claim(catalog, "w2")
    assert (second.job_id, second.attempts, second.progress) == (first.job_id, 2, 0.0)

    assert not catalog.heartbeat(first.job_id, "w1", "embed", 0.9, None, LEASE)
    assert not catalog.fail(first.job_id, "w1", "internal_error", "late")
    assert not catalog.release(first.job_id, "w1")
    with pytest.raises(LeaseLost):
        catalog.commit_document(ingested_document(), job_id=first.job_id, worker="w1")
    assert catalog.document(submission.document_id) is None
    assert catalog.last_sequence() == 0

    catalog.commit_document(ingested_document(), job_id=second.job_id, worker="w2")
    assert job_of(catalog, second.job_id).state is JobState.DONE
    assert catalog.document(submission.document_id) is not None


def test_job_whose_workers_keep_dying_fails_and_gives_up_its_source(
    catalog: Catalog, clock: FakeClock, tmp_path: Path
) -> None:
    submission = submit(catalog)
    for attempt in (1, 2):
        job = catalog.claim("w1", LEASE, max_attempts=2)
        assert job is not None
        assert job.attempts == attempt
        clock.advance(LEASE + 1)
    assert catalog.claim("w1", LEASE, max_attempts=2) is None
    failed = job_of(catalog, submission.job_id)
    assert (failed.state, failed.reason_code) == (JobState.FAILED, "worker_died")
    assert failed.reason is not None
    assert failed.finished_at == clock.now
    assert list((tmp_path / "sources").iterdir()) == []


def test_released_job_is_queued_again_without_counting_the_attempt(catalog: Catalog) -> None:
    submit(catalog)
    job = claim(catalog, "w1")
    assert catalog.release(job.job_id, "w1")
    released = job_of(catalog, job.job_id)
    assert (released.state, released.attempts) == (JobState.QUEUED, 0)
    assert claim(catalog, "w2").attempts == 1


def test_failed_job_keeps_its_reason_and_its_upload_can_be_tried_again(
    catalog: Catalog, tmp_path: Path
) -> None:
    first = submit(catalog)
    job = claim(catalog)
    assert catalog.fail(job.job_id, "w1", "no_text", "Nothing to read.")
    failed = job_of(catalog, job.job_id)
    assert (failed.state, failed.reason_code, failed.reason) == (
        JobState.FAILED,
        "no_text",
        "Nothing to read.",
    )
    assert list((tmp_path / "sources").iterdir()) == []
    assert not catalog.fail(job.job_id, "w1", "other", "other")
    again = submit(catalog)
    assert again.status == "queued"
    assert again.job_id != first.job_id


@pytest.mark.parametrize("claimed", [False, True])
def test_cancelled_job_cannot_be_worked_on(catalog: Catalog, claimed: bool) -> None:
    submission = submit(catalog)
    job_id = claim(catalog).job_id if claimed else job_of(catalog, submission.job_id).job_id
    assert catalog.cancel(job_id)
    assert job_of(catalog, job_id).state is JobState.CANCELLED
    assert not catalog.cancel(job_id)
    assert not catalog.heartbeat(job_id, "w1", "parse", 0.1, None, LEASE)
    with pytest.raises(LeaseLost):
        catalog.commit_document(ingested_document(), job_id=job_id, worker="w1")
    assert catalog.claim("w1", LEASE) is None
    assert catalog.documents() == ([], 0)


def test_done_job_cannot_be_cancelled(catalog: Catalog) -> None:
    submit(catalog)
    job = claim(catalog)
    finish(catalog, job)
    assert not catalog.cancel(job.job_id)
    assert job_of(catalog, job.job_id).state is JobState.DONE
    assert not catalog.cancel("none")


def test_newer_upload_supersedes_an_open_job_of_the_same_name(
    catalog: Catalog, tmp_path: Path
) -> None:
    older = submit(catalog, content=b"one")
    running = claim(catalog)
    newer = submit(catalog, content=b"two")
    superseded = job_of(catalog, older.job_id)
    assert (superseded.state, superseded.reason_code) == (JobState.CANCELLED, "superseded")
    with pytest.raises(LeaseLost):
        finish(catalog, running)
    job = claim(catalog)
    assert job.job_id == newer.job_id
    finish(catalog, job)
    source = catalog.source(newer.document_id)
    assert source is not None
    assert source.content == b"two"
    assert len(list((tmp_path / "sources").iterdir())) == 1


def test_stored_bytes_again_win_over_an_open_change(catalog: Catalog) -> None:
    add(catalog, content=b"one")
    changed = submit(catalog, content=b"two")
    back = submit(catalog, content=b"one")
    assert back.status == "queued"
    assert job_of(catalog, changed.job_id).state is JobState.CANCELLED


def test_new_name_is_no_duplicate_of_bytes_that_are_being_replaced(catalog: Catalog) -> None:
    add(catalog, name="a", content=b"one")
    submit(catalog, name="a", content=b"two")
    assert submit(catalog, name="b", content=b"one").status == "queued"


def test_jobs_are_listed_newest_first_by_collection_and_state(catalog: Catalog) -> None:
    ids = [submit(catalog, name=f"{n}", content=bytes([n])).job_id for n in range(3)]
    submit(catalog, collection="law")
    catalog.cancel(str(ids[1]))
    listed, total = catalog.jobs("hr")
    assert ([job.job_id for job in listed], total) == (ids[::-1], 3)
    listed, total = catalog.jobs("hr", JobState.QUEUED, 1, 5)
    assert ([job.job_id for job in listed], total) == ([ids[0]], 2)
    assert catalog.jobs(None, JobState.CANCELLED)[1] == 1
    assert catalog.jobs()[1] == 4


CLAIM_ALL = """
import sys
from pathlib import Path
from ingestion.store.catalog import Catalog

catalog = Catalog(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
print(catalog.claim(sys.argv[2], 30.0).job_id, flush=True)
sys.stdin.readline()
while (job := catalog.claim(sys.argv[2], 30.0)) is not None:
    print(job.job_id, flush=True)
"""


def test_two_processes_claiming_fifty_jobs_take_none_twice(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    catalog = Catalog(path)
    submitted = {
        submit(catalog, name=f"{n}", content=bytes([n]), collection=f"c{n % 3}").job_id
        for n in range(50)
    }
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIM_ALL, str(path), worker],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for worker in ("w1", "w2")
    ]
    ready = [_line(child) for child in children]
    for child in children:
        _go(child)
    # One each first, so that a process that is slow to be scheduled still takes part.
    claimed = [_line(child) for child in children]
    for child in children:
        _go(child)
    for child in children:
        out, _ = child.communicate(timeout=60)
        assert child.returncode == 0
        claimed += out.split()
    assert ready == ["ready", "ready"]
    assert len(claimed) == 50
    assert set(claimed) == submitted
    catalog.close()


def _line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def _go(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("go\n")
    child.stdin.flush()
