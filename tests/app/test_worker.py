import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.heartbeat import LightWork
from app.settings import Settings
from app.worker import Ingest, run_worker, trace_without_text
from ingestion.errors import BrokenDocument
from ingestion.ports import Progress
from ingestion.records import IngestedDocument, ParseOptions
from ingestion.store.catalog import Catalog
from ingestion.store.stored import Job, JobState, Submission
from ingestion.store.uploads import check_upload
from tests.ingestion.catalog_samples import ROOT, add, ingested_document, submit

FINAL = {JobState.DONE, JobState.FAILED, JobState.CANCELLED}
PATIENCE = 30.0


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    yield catalog
    catalog.close()


def ingest_well(
    content: bytes, name: str, _options: ParseOptions, progress: Progress
) -> IngestedDocument:
    progress("parse", 0.5)
    return ingested_document(content.decode(), title=name)


def eventually(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def job_of(catalog: Catalog, submission: Submission) -> Job:
    assert submission.job_id is not None
    job = catalog.job(submission.job_id)
    assert job is not None
    return job


def wait_for_end(catalog: Catalog, submission: Submission) -> Job:
    assert eventually(lambda: job_of(catalog, submission).state in FINAL)
    return job_of(catalog, submission)


@contextmanager
def working(
    catalog: Catalog, ingest: Ingest, *, lease_seconds: float = 30.0
) -> Iterator[threading.Event]:
    stop = threading.Event()
    settings = Settings(lease_seconds=lease_seconds)
    thread = threading.Thread(
        target=run_worker,
        args=(settings,),
        kwargs={"ingest": ingest, "catalog": catalog, "stop": stop},
    )
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_worker_takes_uploads_as_they_come_and_makes_them_searchable(catalog: Catalog) -> None:
    first = submit(catalog, name="../一.txt", content="第一份。".encode())
    with working(catalog, ingest_well):
        assert wait_for_end(catalog, first).state is JobState.DONE
        second = submit(catalog, name="二.txt", content="第二份。".encode())
        assert wait_for_end(catalog, second).state is JobState.DONE
    assert catalog.titles([first.document_id, second.document_id]) == {
        first.document_id: "../一.txt",
        second.document_id: "二.txt",
    }


def test_ingestion_error_fails_the_job_with_its_code_and_the_worker_goes_on(
    catalog: Catalog,
) -> None:
    def ingest(
        content: bytes, name: str, _options: ParseOptions, progress: Progress
    ) -> IngestedDocument:
        if content == b"bad":
            raise BrokenDocument("application/pdf", "no pages")
        return ingest_well(content, name, _options, progress)

    bad = submit(catalog, name="bad", content=b"bad")
    good = submit(catalog, name="good", content=b"good")
    with working(catalog, ingest):
        failed = wait_for_end(catalog, bad)
        assert (failed.state, failed.reason_code) == (JobState.FAILED, "broken_document")
        assert failed.reason == str(BrokenDocument("application/pdf", "no pages"))
        assert wait_for_end(catalog, good).state is JobState.DONE


def test_small_files_go_past_a_large_one_and_past_one_that_hangs(catalog: Catalog) -> None:
    go_on = threading.Event()

    def ingest(
        content: bytes, name: str, options: ParseOptions, progress: Progress
    ) -> IngestedDocument:
        if name.startswith("slow"):
            assert go_on.wait(PATIENCE)
        return ingest_well(content, name, options, progress)

    large = [
        submit(catalog, name=f"slow-{number}", content=b"%d" % number * 2**21)
        for number in range(2)
    ]
    hanging = submit(catalog, name="slow", content=b"small")
    small = [submit(catalog, name=f"{number}", content=b"%d" % number) for number in range(5)]
    with working(catalog, ingest):
        assert all(wait_for_end(catalog, one).state is JobState.DONE for one in small)
        expected = [JobState.RUNNING, JobState.QUEUED, JobState.RUNNING]
        waiting = (*large, hanging)
        assert eventually(lambda: [job_of(catalog, one).state for one in waiting] == expected)
        go_on.set()
        for one in (*large, hanging):
            assert wait_for_end(catalog, one).state is JobState.DONE


def test_small_files_that_take_long_leave_the_lanes_of_the_others(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.worker.LIGHT_WORK", LightWork(bytes=99, characters=100, seconds=0.2))
    go_on = threading.Event()

    def ingest(
        content: bytes, name: str, options: ParseOptions, progress: Progress
    ) -> IngestedDocument:
        while name.startswith("slow") and not go_on.is_set():
            # Half of them are known to be more by their text, half by the time they take.
            progress("structure", 0.1, 101 if content in b"01" else 0)
            time.sleep(0.01)
        return ingest_well(content, name, options, progress)

    slow = [submit(catalog, name=f"slow-{number}", content=b"%d" % number) for number in range(4)]
    small = [submit(catalog, name=f"{number}", content=b"x%d" % number) for number in range(5)]
    with working(catalog, ingest):
        assert all(wait_for_end(catalog, one).state is JobState.DONE for one in small)
        assert all(job_of(catalog, one).state not in FINAL for one in slow)
        assert eventually(lambda: any(job_of(catalog, one).reason_code == "heavy" for one in slow))
        go_on.set()
        assert all(wait_for_end(catalog, one).state is JobState.DONE for one in slow)
    # To be moved costs no try and leaves no reason.
    ended = [job_of(catalog, one) for one in slow]
    assert {(job.attempts, job.reason_code) for job in ended} == {(1, None)}


def test_lane_that_fails_ends_the_worker(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = catalog.claim

    def claim_or_fail(worker: str, lease_seconds: float, **options: Any) -> Job | None:
        if worker.endswith("-1"):
            raise RuntimeError("a bug")
        return claim(worker, lease_seconds, **options)

    monkeypatch.setattr(catalog, "claim", claim_or_fail)
    monkeypatch.setattr("threading.excepthook", lambda _told: None)
    stop = threading.Event()
    run_worker(Settings(), ingest=ingest_well, catalog=catalog, stop=stop)
    assert stop.is_set()


def test_job_that_stalls_ends_the_worker_once_its_neighbours_are_back_in_the_queue(
    catalog: Catalog,
) -> None:
    ended = threading.Event()

    def ingest(
        content: bytes, name: str, options: ParseOptions, progress: Progress
    ) -> IngestedDocument:
        while name == "neighbour":
            progress("embedding", 0.5)
            time.sleep(0.01)
        assert ended.wait(PATIENCE)
        return ingest_well(content, name, options, progress)

    stalled = submit(catalog, name="stalls", content=b"1")
    neighbour = submit(catalog, name="neighbour", content=b"2")
    states: list[JobState] = []

    def end() -> None:
        states.extend(job_of(catalog, one).state for one in (stalled, neighbour))
        ended.set()

    run_worker(
        Settings(stage_seconds=1.0),
        ingest=ingest,
        catalog=catalog,
        stop=threading.Event(),
        stalled=end,
    )
    assert states == [JobState.FAILED, JobState.QUEUED]
    assert job_of(catalog, neighbour).attempts == 0


def test_password_of_the_upload_reaches_the_parser_and_is_forgotten(catalog: Catalog) -> None:
    given: list[str] = []

    def ingest(
        content: bytes, name: str, options: ParseOptions, progress: Progress
    ) -> IngestedDocument:
        given.append(options.password)
        return ingest_well(content, name, options, progress)

    submission = catalog.submit("hr", "a.txt", "内容。".encode(), {}, "secret")
    with working(catalog, ingest):
        assert wait_for_end(catalog, submission).state is JobState.DONE
    assert given == ["secret"]
    assert catalog.job_password(str(submission.job_id)) == ""


WORK = """
import sys, threading, time
from pathlib import Path
from app.settings import Settings
from app.worker import run_worker
from ingestion.store.catalog import Catalog
from tests.ingestion.catalog_samples import ingested_document


def ingest(content, name, options, progress):
    progress("parsing", 0.0)
    with open(sys.argv[2], "a") as log:
        log.write(name + "\\n")
    time.sleep(0.03)
    progress("embedding", 0.5)
    return ingested_document(content.decode(), title=name)


settings = Settings(lease_seconds=1.1, max_attempts=100, jobs_at_once=int(sys.argv[3]))
catalog = Catalog(Path(sys.argv[1]))
run_worker(settings, ingest=ingest, catalog=catalog, stop=threading.Event())
"""


@pytest.mark.parametrize("lanes", [1, 3])
def test_three_workers_killed_at_random_do_every_job_once(tmp_path: Path, lanes: int) -> None:
    path, log = tmp_path / "catalog.sqlite", tmp_path / "log"
    catalog = Catalog(path)
    texts = {f"{number}": f"第 {number} 份。" for number in range(60)}
    files = [
        (check_upload(f"c{len(text) % 2}", name, text.encode(), {}), text.encode())
        for name, text in texts.items()
    ]
    catalog.submit_all(files)

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", WORK, str(path), str(log), str(lanes)], cwd=ROOT
        )

    chance = random.Random(7)
    workers = [start() for _ in range(3)]
    try:
        for kill_after in (5, 25):
            assert eventually(lambda most=60 - kill_after: open_jobs(catalog) <= most)
            victim = chance.randrange(3)
            workers[victim].kill()
            workers[victim].wait()
            workers[victim] = start()
        assert eventually(lambda: open_jobs(catalog) == 0, 60)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    found, total = catalog.jobs(None, None, 0, 100)
    assert (total, {job.state for job in found}) == (60, {JobState.DONE})
    documents, count = catalog.documents(None, 0, 100)
    assert count == 60
    for document in documents:
        assert catalog.text(document.document_id, document.revision) == texts[document.name]
    # Whose worker was killed is begun again, nobody else's.
    assert len(log.read_text().split()) <= 60 + 2 * lanes
    assert sum(job.attempts for job in found) <= 60 + 2 * lanes
    catalog.close()


def open_jobs(catalog: Catalog) -> int:
    return sum(catalog.jobs(None, state, 0, 1)[1] for state in (JobState.QUEUED, JobState.RUNNING))


def test_unexpected_error_fails_the_job_and_logs_no_document_text(
    catalog: Catalog, caplog: pytest.LogCaptureFixture
) -> None:
    def ingest(
        content: bytes, name: str, _options: ParseOptions, progress: Progress
    ) -> IngestedDocument:
        try:
            int(content.decode())
        except ValueError as exc:
            raise RuntimeError(content.decode()) from exc
        raise AssertionError

    submission = submit(catalog, content=b"secret words")
    with caplog.at_level(logging.INFO), working(catalog, ingest):
        failed = wait_for_end(catalog, submission)
    assert (failed.state, failed.reason_code) == (JobState.FAILED, "internal_error")
    assert failed.reason is not None
    assert "RuntimeError" in failed.reason
    assert "secret" not in failed.reason
    assert "ValueError" in caplog.text
    assert "in ingest" in caplog.text
    assert "secret words" not in caplog.text


def test_memory_error_fails_the_job_as_out_of_memory(catalog: Catalog) -> None:
    def ingest(
        content: bytes, name: str, _options: ParseOptions, progress: Progress
    ) -> IngestedDocument:
        raise MemoryError

    submission = submit(catalog)
    with working(catalog, ingest):
        assert wait_for_end(catalog, submission).reason_code == "out_of_memory"


def test_lost_source_fails_the_job(catalog: Catalog, tmp_path: Path) -> None:
    submission = submit(catalog)
    for file in (tmp_path / "sources").iterdir():
        file.unlink()
    with working(catalog, ingest_well):
        assert wait_for_end(catalog, submission).reason_code == "source_lost"


def test_cancelled_job_is_given_up_and_the_next_one_taken(catalog: Catalog) -> None:
    given_up = threading.Event()

    def ingest(
        content: bytes, name: str, _options: ParseOptions, progress: Progress
    ) -> IngestedDocument:
        if content == b"endless":
            try:
                while True:
                    progress("embed", 0.25)
                    time.sleep(0.01)
            finally:
                given_up.set()
        return ingest_well(content, name, _options, progress)

    endless = submit(catalog, name="endless", content=b"endless")
    following = submit(catalog, name="next", content=b"next")
    with working(catalog, ingest):
        assert eventually(lambda: job_of(catalog, endless).progress == 0.25)
        assert job_of(catalog, endless).stage == "embed"
        assert job_of(catalog, endless).eta_seconds is None
        assert catalog.cancel(str(endless.job_id))
        assert given_up.wait(PATIENCE)
        assert wait_for_end(catalog, following).state is JobState.DONE
    assert job_of(catalog, endless).state is JobState.CANCELLED
    assert catalog.document(endless.document_id) is None


def test_stopped_worker_gives_its_job_back_at_once(catalog: Catalog) -> None:
    def ingest(
        content: bytes, name: str, _options: ParseOptions, progress: Progress
    ) -> IngestedDocument:
        while True:
            progress("embed", 0.25)
            time.sleep(0.01)

    submission = submit(catalog)
    with working(catalog, ingest) as stop:
        assert eventually(lambda: job_of(catalog, submission).state is JobState.RUNNING)
        stop.set()
        assert eventually(lambda: job_of(catalog, submission).state is JobState.QUEUED)
    assert job_of(catalog, submission).attempts == 0
    with working(catalog, ingest_well):
        assert wait_for_end(catalog, submission).state is JobState.DONE


def test_worker_sweeps_strays_when_it_starts(catalog: Catalog, tmp_path: Path) -> None:
    stray = tmp_path / "sources" / ("0" * 64)
    stray.write_bytes(b"stray")
    with working(catalog, ingest_well):
        assert eventually(lambda: not stray.exists())


# `python -m app.worker` as it is, but for what bootstrap builds: an ingestion that never ends.
SLOW_WORKER = """
import sys, time, types
from pathlib import Path
from ingestion.store.catalog import Catalog

def ingest(content, name, options, progress):
    while True:
        progress("embed", 0.5)
        time.sleep(0.05)

bootstrap = types.ModuleType("app.bootstrap")
bootstrap.build_worker = lambda settings: (
    Catalog(settings.data_dir / "catalog.sqlite"), ingest
)
sys.modules["app.bootstrap"] = bootstrap
from app.worker import main
main()
"""


@contextmanager
def slow_worker_process(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_WORKER, *arguments],
        cwd=ROOT,
        env={**os.environ, "YOUJU_DATA_DIR": str(folder), "YOUJU_LEASE_SECONDS": "2"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_worker_process_on_documents_of_another_encoder_ends_in_one_line(tmp_path: Path) -> None:
    older = Catalog(tmp_path / "catalog.sqlite3", encoder="older")
    add(older)
    older.close()
    done = subprocess.run(
        [sys.executable, "-m", "app.worker"],
        cwd=ROOT,
        env={**os.environ, "YOUJU_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "1 by older. Run `youju reembed`" in line


def test_job_embedded_for_a_catalog_of_another_encoder_fails_and_says_what_to_do(
    catalog: Catalog, tmp_path: Path
) -> None:
    older = Catalog(tmp_path / "catalog.sqlite", encoder="older")
    submission = submit(catalog, content="还在。".encode())
    older.put_documents("hr", [("旧.txt", b"old", ingested_document())])
    with working(catalog, ingest_well):
        job = wait_for_end(catalog, submission)
    assert (job.state, job.reason_code) == (JobState.FAILED, "other_encoder")
    assert "youju reembed" in str(job.reason)
    assert older.embeddings.counts() == {"older": 1}
    older.close()


def test_job_of_a_killed_worker_is_finished_by_another(catalog: Catalog, tmp_path: Path) -> None:
    submission = submit(catalog, content="还在。".encode())
    with slow_worker_process(tmp_path) as process:
        assert eventually(lambda: job_of(catalog, submission).stage == "embed")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert job_of(catalog, submission).state is JobState.RUNNING
    with working(catalog, ingest_well):
        done = wait_for_end(catalog, submission)
    assert (done.state, done.attempts) == (JobState.DONE, 2)
    assert catalog.text(submission.document_id, submission.revision) == "还在。"


def test_worker_process_told_to_stop_gives_its_job_back_and_ends_well(
    catalog: Catalog, tmp_path: Path
) -> None:
    submission = submit(catalog)
    with slow_worker_process(tmp_path, "--parent", str(os.getpid())) as process:
        assert eventually(lambda: job_of(catalog, submission).stage == "embed")
        assert os.getpriority(os.PRIO_PROCESS, process.pid) > os.getpriority(os.PRIO_PROCESS, 0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert job_of(catalog, submission).state is JobState.QUEUED


def test_worker_process_of_another_parent_ends_by_itself(catalog: Catalog, tmp_path: Path) -> None:
    submission = submit(catalog)
    with slow_worker_process(tmp_path, "--parent", "999999999") as process:
        assert process.wait(PATIENCE) == 0
    assert job_of(catalog, submission).state is JobState.QUEUED


def test_importing_the_worker_loads_no_model_library() -> None:
    script = "import sys, app.worker, app.worker_process; print('torch' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "False\n"


def test_trace_without_text_names_every_cause_and_no_message() -> None:
    def fail() -> None:
        try:
            raise KeyError("private")
        except KeyError:
            raise ValueError("private too")  # noqa: B904 the implicit context is the point

    with pytest.raises(ValueError, match="private too") as caught:
        fail()
    trace = trace_without_text(caught.value)
    assert "builtins.ValueError" in trace
    assert "builtins.KeyError" in trace
    assert trace.count("in fail") == 2
