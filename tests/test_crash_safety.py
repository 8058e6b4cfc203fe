"""A process killed at any write leaves what the next start makes whole.

Each scenario is first played to its end, noting the points it reaches. Then it is played anew for
each of them, with SIGKILL at that moment, and what is left is started again. The worker and the API
are the real ones, in processes of their own. After each commit a process is killed in every
scenario, as what is on disk differs; elsewhere in the first that gets there. With `--every-kill`
every scenario is walked through at every occurrence of every point.
"""

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.reembed import embed_anew
from ingestion.store.backup import restore_backup, write_backup
from ingestion.store.catalog import Catalog, utc_now
from ingestion.store.consistency import check_data
from ingestion.store.fault_points import FaultPoint
from ingestion.store.findings import MENDED_AT_START, Flaw
from ingestion.store.stored import JobState
from ingestion.store.uploads import document_id_of
from retrieval.snapshot_check import check_snapshots
from tests.crash_compliance import (
    SHOWN,
    check_asked,
    check_complied,
    left_written_down,
    prepare_asked,
    prepare_comply,
)
from tests.crash_host import (
    BULK,
    CATALOG,
    COLLECTION,
    NEW_ENCODER,
    NewEmbedder,
)
from tests.ingestion.catalog_samples import LEASE, ROOT, add, ingested_document, submit
from tests.retrieval.snapshot_samples import indexed

KILLED = -9
OLD, NEWER, NEWEST = "第一版的全文。", "第二版的全文，\n分两段。", "第三版的全文。"
FINAL = {JobState.DONE, JobState.FAILED, JobState.CANCELLED}


class Host:
    """Orders processes from a host that forks them."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash_host"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, **order: Any) -> dict[str, int]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        reply: dict[str, int] = json.loads(self._process.stdout.readline())
        return reply

    def end(self, pid: int, seconds: float = 30.0) -> int:
        return self.order(pid=pid, seconds=seconds)["status"]

    def close(self) -> None:
        self._process.communicate()


@dataclass(frozen=True)
class Play:
    """One playing of a scenario. point: where its process is to be killed; None: nowhere."""

    host: Host
    data: Path
    trace: Path
    point: FaultPoint | None
    occurrence: int

    def run(self, role: str) -> bool:
        """Run a process to its end. Returns whether it got there alive."""
        status = self.host.end(self._start(role)["pid"])
        assert status == (KILLED if self.point else 0)
        return self.point is None

    def request(self, method: str, path: str, **options: Any) -> bool:
        """Send a request to the API. Returns whether it was answered with success."""
        started = self._start("serve")
        url = f"http://127.0.0.1:{started['port']}{path}"
        try:
            answered = httpx.request(method, url, timeout=20, trust_env=False, **options).is_success
        except httpx.TransportError:
            answered = False
        # The API serves on where it is not to be killed, and is ended as abruptly.
        assert self.host.end(started["pid"], 10.0 if self.point else 0.0) in {KILLED, 1000}
        return answered

    def stream(self, path: str, body: Any) -> tuple[bool, list[str]]:
        """Ask the API. Returns whether it answered to the end, and the sentences that came."""
        started, lines = self._start("serve"), list[str]()
        url = f"http://127.0.0.1:{started['port']}{path}"
        try:
            with httpx.stream("POST", url, json=body, timeout=20, trust_env=False) as response:
                lines.extend(response.iter_lines())
        except httpx.TransportError:
            pass
        assert self.host.end(started["pid"], 10.0 if self.point else 0.0) in {KILLED, 1000}
        told = [json.loads(one.removeprefix("data: ")) for one in lines if one.startswith("data: ")]
        return "event: done" in lines, [one["text"] for one in told if "index" in one]

    def reached(self) -> Counter[FaultPoint]:
        """Return how often each point was reached so far."""
        return Counter(map(FaultPoint, self.trace.read_text().split()))

    def _start(self, role: str) -> dict[str, int]:
        order = {"role": role, "data": str(self.data), "trace": str(self.trace)}
        return self.host.order(**order, point=self.point, occurrence=self.occurrence)


@dataclass(frozen=True)
class Scenario:
    """Something that is done to a data directory.

    prepare: makes what is there before. act: does it, and returns whether it was answered.
    left: checks what answers right after the kill. check: checks what is there after a new start,
    given whether it was answered. mended: what may be wrong until then. again: what starts anew.
    """

    name: str
    prepare: Callable[[Catalog], None]
    act: Callable[[Play], bool]
    left: Callable[[Catalog], None]
    check: Callable[[Catalog, bool], None]
    mended: frozenset[Flaw] = MENDED_AT_START
    again: str = "work_an_hour_later"


def text_of(catalog: Catalog, name: str) -> str | None:
    """Return the whole text of a document by its name, None when it is not there."""
    document = catalog.document(document_id_of(COLLECTION, name))
    if document is None:
        return None
    text = catalog.text(document.document_id, document.revision)
    chunks, _ = catalog.chunks(document.document_id)
    assert text == "\n".join(chunk.text for chunk in chunks)
    source = catalog.source(document.document_id)
    assert source is not None and source.content.decode() == text
    return text


def ingested(text: str) -> Any:
    return ingested_document(*text.split("\n"))


def store(catalog: Catalog, name: str, text: str) -> str:
    return add(catalog, name, text.encode(), COLLECTION, ingested(text))


def work_off(catalog: Catalog) -> None:
    while (job := catalog.claim("again", LEASE)) is not None:
        text = catalog.job_source(job.job_id).decode()
        catalog.commit_document(ingested(text), job_id=job.job_id, worker="again")


def nothing(_catalog: Catalog) -> None:
    return


def repeat_upload(catalog: Catalog, name: str, text: str) -> None:
    """Upload once more what was not answered: it is there once, whichever it was before."""
    submit(catalog, name, text.encode(), COLLECTION)
    work_off(catalog)
    assert text_of(catalog, name) == text


# An upload, and one that supersedes another, over HTTP.


def prepare_stored(catalog: Catalog) -> None:
    store(catalog, "甲.txt", OLD)


def act_upload(name: str, text: str, play: Play) -> bool:
    return play.request("POST", "/ingest", files={"file": (name, text.encode())})


def check_upload(catalog: Catalog, answered: bool) -> None:
    assert text_of(catalog, "新.txt") in ({NEWER} if answered else {NEWER, None})
    assert text_of(catalog, "甲.txt") == OLD
    repeat_upload(catalog, "新.txt", NEWER)
    assert catalog.documents()[1] == 2


def prepare_queued(catalog: Catalog) -> None:
    store(catalog, "甲.txt", OLD)
    submit(catalog, "甲.txt", NEWER.encode(), COLLECTION)


def left_old(catalog: Catalog) -> None:
    assert text_of(catalog, "甲.txt") == OLD


def check_newest(catalog: Catalog, answered: bool) -> None:
    assert text_of(catalog, "甲.txt") in ({NEWEST} if answered else {NEWER, NEWEST})
    repeat_upload(catalog, "甲.txt", NEWEST)
    assert catalog.documents()[1] == 1


# Cancelling and deleting over HTTP.


def act_cancel(play: Play) -> bool:
    catalog = Catalog(play.data / CATALOG)
    (job,) = catalog.jobs(state=JobState.QUEUED)[0]
    catalog.close()
    return play.request("DELETE", f"/jobs/{job.job_id}")


def check_cancelled(catalog: Catalog, answered: bool) -> None:
    assert text_of(catalog, "甲.txt") in ({OLD} if answered else {OLD, NEWER})
    repeat_upload(catalog, "甲.txt", NEWER)


def act_delete(play: Play) -> bool:
    return play.request("DELETE", f"/documents/{document_id_of(COLLECTION, '甲.txt')}")


def check_deleted(catalog: Catalog, answered: bool) -> None:
    assert text_of(catalog, "甲.txt") in ({None} if answered else {None, NEWER})
    assert (
        catalog.delete_document(document_id_of(COLLECTION, "甲.txt"))
        or text_of(catalog, "甲.txt") is None
    )
    assert (catalog.documents(), catalog.jobs()) == (([], 0), ([], 0))


# What a worker does.


def prepare_work(catalog: Catalog) -> None:
    store(catalog, "甲.txt", OLD)
    for name, text in [("甲.txt", NEWER), ("乙.txt", NEWEST), ("broken.txt", "坏文件。")]:
        submit(catalog, name, text.encode(), COLLECTION)
    stray = catalog_folder(catalog) / "sources" / ("0" * 64)
    stray.write_bytes(b"stray")
    abandoned = catalog_folder(catalog) / "staging" / "abandoned"
    abandoned.mkdir(parents=True)
    (abandoned / "half").write_bytes(b"half")


def left_old_or_newer(catalog: Catalog) -> None:
    assert text_of(catalog, "甲.txt") in {OLD, NEWER}


def check_worked(catalog: Catalog, _answered: bool) -> None:
    assert text_of(catalog, "甲.txt") == NEWER
    assert text_of(catalog, "乙.txt") == NEWEST
    assert catalog.documents()[1] == 2
    (failed,) = catalog.jobs(state=JobState.FAILED)[0]
    assert (failed.name, failed.reason_code) == ("broken.txt", "broken_document")


def prepare_named(name: str, catalog: Catalog) -> None:
    submit(catalog, name, NEWER.encode(), COLLECTION)


def check_named(name: str, catalog: Catalog, _answered: bool) -> None:
    assert text_of(catalog, name) == NEWER
    assert [job.state for job in catalog.jobs()[0]] == [JobState.DONE]


def prepare_dead_workers(catalog: Catalog) -> None:
    for name, collection, deaths in [("三次.txt", COLLECTION, 3), ("一次.txt", "other", 2)]:
        submit(catalog, name, f"{name}的全文。".encode(), collection)
        for _ in range(deaths):
            # The collections take turns, so the last death is that of the first job again.
            assert catalog.claim("dead", -1.0, max_attempts=9) is not None


def check_dead_workers(catalog: Catalog, _answered: bool) -> None:
    ended = {job.name: (job.state, job.reason_code) for job in catalog.jobs()[0]}
    assert ended == {
        "一次.txt": (JobState.DONE, None),
        "三次.txt": (JobState.FAILED, "worker_died"),
    }


# What is called without a worker.


def prepare_bulk(catalog: Catalog) -> None:
    store(catalog, BULK[0][0], OLD)


def check_bulk(catalog: Catalog, answered: bool) -> None:
    texts = [text_of(catalog, name) for name, _ in BULK]
    new: list[str | None] = [text for _, text in BULK]
    assert texts == new or (not answered and texts == [OLD, None])


def prepare_talk(catalog: Catalog) -> None:
    catalog.sessions.append("旧", COLLECTION, [("user", "旧问")])


def check_talk(catalog: Catalog, answered: bool) -> None:
    said = catalog.sessions.latest("新", 9)
    assert said == [("user", "问"), ("assistant", "答")] or (not answered and said == [])
    assert not (answered and catalog.sessions.latest("旧", 9))


def act_upload_first(play: Play) -> bool:
    shutil.rmtree(play.data)
    return act_upload("新.txt", NEWER, play)


def check_first(catalog: Catalog, answered: bool) -> None:
    assert text_of(catalog, "新.txt") in ({NEWER} if answered else {NEWER, None})
    repeat_upload(catalog, "新.txt", NEWER)


def act_back_up(play: Play) -> bool:
    done = play.run("back_up")
    target = play.data.parent / "new.zip"
    if done or target.exists():
        restored = play.data.parent / "restored" / CATALOG
        restore_backup(target, restored, quiet)
        assert_whole(restored)
        check_backed_up(opened := Catalog(restored), True)
        opened.close()
    return done


def check_backed_up(catalog: Catalog, _answered: bool) -> None:
    assert text_of(catalog, "甲.txt") == OLD


def act_restore(play: Play) -> bool:
    other = Catalog(play.data.parent / "other" / CATALOG)
    store(other, "乙.txt", NEWER)
    other.close()
    write_backup(play.data.parent / "other" / CATALOG, play.data.parent / "other.zip", quiet)
    return play.run("restore")


def check_restored(catalog: Catalog, answered: bool) -> None:
    texts = (text_of(catalog, "甲.txt"), text_of(catalog, "乙.txt"))
    assert texts == (None, NEWER) or (not answered and texts == (OLD, None))


def prepare_indexed(catalog: Catalog) -> None:
    prepare_stored(catalog)
    indexes = indexed(catalog)
    indexes.save(COLLECTION)
    indexes.close()
    store(catalog, "乙.txt", NEWER)


def check_indexed(catalog: Catalog, _answered: bool) -> None:
    """Whatever the killed one left, a start sees all documents and leaves one good snapshot."""
    indexes = indexed(catalog)
    index = indexes.collection(COLLECTION)
    assert index is not None
    assert set(index.numbers) == set(catalog.document_ids(COLLECTION))
    indexes.save(COLLECTION, wait=True)
    indexes.close()
    [report] = check_snapshots(catalog, catalog.index_files)
    assert report.problem is None
    assert len(list(report.folder.parent.iterdir())) == 1


def prepare_old_vectors(catalog: Catalog) -> None:
    for name, text in BULK:
        store(catalog, name, text)
    indexes = indexed(catalog)
    indexes.save(COLLECTION)
    indexes.close()


def has_new_vectors(catalog: Catalog, name: str, text: str) -> bool:
    """Tell whose vectors a document has, all of them, as the name says that is kept with it."""
    document_id = document_id_of(COLLECTION, name)
    rows, summary = catalog.vector_rows(document_id), catalog.summary_row(document_id)
    assert summary is not None and text_of(catalog, name) == text
    stored = catalog.embeddings.read(document_id)
    assert stored is not None
    new = embed_anew(stored, NewEmbedder(), 256)
    old = ingested(text)
    # Opened as of no encoder: outdated is what bears a name.
    is_new = document_id in catalog.embeddings.outdated()
    expected = new if is_new else old
    for row, entry in zip(rows, expected.chunks, strict=True):
        assert np.array_equal(row.raw_vector, entry.raw_vector)
        assert np.array_equal(row.key_vector, entry.key_vector)
        assert row.key_text == entry.key_text
    assert np.array_equal(summary.vector, expected.summary.vector)
    assert summary.text == expected.summary.text
    assert not np.array_equal(new.summary.vector, old.summary.vector)
    return is_new


def left_old_or_new_vectors(catalog: Catalog) -> None:
    for name, text in BULK:
        has_new_vectors(catalog, name, text)


def check_new_vectors(catalog: Catalog, _answered: bool) -> None:
    assert all(has_new_vectors(catalog, name, text) for name, text in BULK)
    assert catalog.embeddings.counts() == {NEW_ENCODER: len(BULK)}
    check_indexed(catalog, True)


# Answers that pass the gate, and what compliance keeps.


def act_ask(play: Play) -> bool:
    body = {"question": "借阅期限多长？", "stream": True, "strategy": "generate", "session_id": "s"}
    done, shown = play.stream("/ask", body)
    (play.data / SHOWN).write_text(json.dumps(shown))
    return done


def run(role: str, play: Play) -> bool:
    return play.run(role)


SCENARIOS = [
    Scenario(
        "upload", prepare_stored, partial(act_upload, "新.txt", NEWER), left_old, check_upload
    ),
    Scenario(
        "upload_newer",
        prepare_queued,
        partial(act_upload, "甲.txt", NEWEST),
        left_old,
        check_newest,
    ),
    Scenario("upload_first", nothing, act_upload_first, nothing, check_first),
    Scenario("cancel", prepare_queued, act_cancel, left_old, check_cancelled),
    Scenario("delete", prepare_queued, act_delete, nothing, check_deleted),
    Scenario("work", prepare_work, partial(run, "work"), left_old_or_newer, check_worked),
    Scenario(
        "beat",
        partial(prepare_named, "slow.txt"),
        partial(run, "work"),
        nothing,
        partial(check_named, "slow.txt"),
    ),
    Scenario(
        "release",
        partial(prepare_named, "stop.txt"),
        partial(run, "work"),
        nothing,
        partial(check_named, "stop.txt"),
    ),
    Scenario(
        "dead_workers", prepare_dead_workers, partial(run, "work"), nothing, check_dead_workers
    ),
    Scenario("bulk", prepare_bulk, partial(run, "bulk"), nothing, check_bulk),
    Scenario("ask", prepare_asked, act_ask, left_written_down, check_asked),
    Scenario("comply", prepare_comply, partial(run, "comply"), nothing, check_complied),
    Scenario("talk", prepare_talk, partial(run, "talk"), nothing, check_talk),
    Scenario("back_up", prepare_stored, act_back_up, left_old, check_backed_up),
    Scenario("restore", prepare_stored, act_restore, nothing, check_restored),
    Scenario("index", prepare_indexed, partial(run, "save_indexes"), nothing, check_indexed),
    Scenario(
        "reembed",
        prepare_old_vectors,
        partial(run, "reembed"),
        left_old_or_new_vectors,
        check_new_vectors,
        MENDED_AT_START | {Flaw.ENCODERS_MIXED},
        again="reembed",
    ),
]


class Walk:
    """Plays scenarios, each from a copy of what was prepared once."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.host = host
        self.folder = folder
        self.prepared = cache(self._prepare)
        self.rehearsed = cache(self._rehearse)

    def play(self, scenario: Scenario, point: FaultPoint | None, occurrence: int) -> Play:
        """Play a scenario, start anew and check what is there."""
        room = self.folder / f"{scenario.name}-{point}-{occurrence}"
        shutil.copytree(self.prepared(scenario), room / "data")
        play = Play(self.host, room / "data", room / "trace", point, occurrence)
        answered = scenario.act(play)
        if point is not None:
            assert_whole(play.data / CATALOG, scenario.mended)
            checked(play.data, scenario.left)
        again = Play(self.host, play.data, room / "again", None, 0)
        again.run(scenario.again)
        assert_whole(play.data / CATALOG)
        checked(play.data, partial(check_end, scenario, answered))
        if point is not None:
            shutil.rmtree(room)
        return play

    def _prepare(self, scenario: Scenario) -> Path:
        data = self.folder / f"{scenario.name}-prepared"
        checked(data, scenario.prepare, lag=0)
        return data

    def _rehearse(self, scenario: Scenario) -> Counter[FaultPoint]:
        return self.play(scenario, None, 0).reached()


def check_end(scenario: Scenario, answered: bool, catalog: Catalog) -> None:
    assert {job.state for job in catalog.jobs()[0]} <= FINAL
    scenario.check(catalog, answered)


def checked(data: Path, check: Callable[[Catalog], None], lag: float = 7200.0) -> None:
    """Open a catalog, after what has gone before, and look into it."""
    catalog = Catalog(data / CATALOG, clock=lambda: utc_now() + timedelta(seconds=lag))
    try:
        check(catalog)
    finally:
        catalog.close()


def assert_whole(path: Path, ignoring: frozenset[str] = frozenset()) -> None:
    if path.exists():
        assert [one for one in check_data(path, quiet) if one.flaw not in ignoring] == []


def quiet(*_told: object) -> None:
    return


def catalog_folder(catalog: Catalog) -> Path:
    return catalog._sources._folder.parent


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    host = Host()
    yield Walk(host, tmp_path_factory.mktemp("walk"))
    host.close()


@pytest.mark.parametrize("point", FaultPoint)
def test_process_killed_at_a_point_loses_and_doubles_nothing(
    walk: Walk, point: FaultPoint, request: pytest.FixtureRequest
) -> None:
    kills = [
        (scenario, occurrence)
        for scenario in SCENARIOS
        for occurrence in range(1, walk.rehearsed(scenario)[point] + 1)
    ]
    assert kills, "no scenario reaches this point"
    every = point is FaultPoint.TRANSACTION_COMMITTED or request.config.getoption("every_kill")
    for scenario, occurrence in kills if every else kills[:1]:
        walk.play(scenario, point, occurrence)
