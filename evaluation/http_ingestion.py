"""Many small documents through the HTTP service at once: none lost, how fast, search meanwhile."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import httpx

from evaluation.bulk_ingestion import SourceFile
from evaluation.report import Cell

COLLECTION = "evaluation"
BATCH_FILES = 50
PROBES = 20
_OPEN = ("queued", "running")
_POLL_SECONDS = 1.0
# A reader's pause, also before and after: without one, searches take all of both cores from a
# worker that yields to them, and find their code and data still in the caches.
_PAUSE_SECONDS = 0.25
_WORDS = (
    "valve pump bearing harbour ferry garden library archive turbine cable ladder bridge engine "
    "market river signal tower station window winter summer morning evening copper timber"
).split()
_CHARS = "设备检查安全制度库房河流桥梁花园档案电缆阀门轴承信号车站冬季夏天铜木材市场灯塔"


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of searches as their client sees them."""

    searches: int
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class IngestionRun:
    """What happened to many files uploaded at once.

    states: ended and open jobs, by state. searchable: documents in the collection afterwards.
    unfound: of PROBES files, those that a search for their own number did not return first.
    seconds: from the first upload until no job was open. quiet_rate: files a second while nobody
    searched. before, during, after: the ingestion.
    """

    files: int
    states: Mapping[str, int]
    searchable: int
    unfound: int
    seconds: float
    quiet_rate: float
    before: Latency
    during: Latency
    after: Latency

    @property
    def is_complete(self) -> bool:
        """Tell whether nothing is stuck, failed or lost."""
        done = self.states.get("done", 0) == self.files == self.searchable
        return done and self.unfound == 0


def small_files(count: int, *, seed: int) -> list[SourceFile]:
    """Return `count` different notes of 100 to 400 characters, half Chinese, half English."""
    random = Random(seed)
    return [SourceFile(f"note-{n}.txt", _note(n, random).encode()) for n in range(count)]


def ingest_over_http(
    client: httpx.Client,
    files: Sequence[SourceFile],
    *,
    searches: int,
    stuck_seconds: float,
    progress: Callable[[str, int, int], None],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> IngestionRun:
    """Upload files to a running service whose collection is empty, and watch until they are in.

    Searches run while the first half is taken in; the second half shows the rate without them.
    stuck_seconds: longest time in which no job ends before the rest count as stuck. Raises
    httpx.HTTPError.
    """
    _wait_for_worker(client)
    before = _latency(client, searches, clock, sleep)
    began = clock()
    for start in range(0, len(files), BATCH_FILES):
        batch = [("file", (file.name, file.content)) for file in files[start : start + BATCH_FILES]]
        client.post("/ingest", files=batch, data={"collection": COLLECTION}).raise_for_status()
    times: list[float] = []
    halfway: tuple[float, int] | None = None
    ended, changed = 0, clock()
    while (open_jobs := _open_jobs(client)) and clock() - changed < stuck_seconds:
        if len(files) - open_jobs > ended:
            ended, changed = len(files) - open_jobs, clock()
        progress("ingestion", ended, len(files))
        if 2 * ended < len(files):
            until = clock() + _POLL_SECONDS
            while clock() < until:
                times.append(_search(client, len(times), clock))
                sleep(_PAUSE_SECONDS)
        else:
            halfway = halfway or (clock(), ended)
            sleep(_POLL_SECONDS)
    finished = clock()
    progress("ingestion", len(files) - open_jobs, len(files))
    since, count = halfway or (began, 0)
    return IngestionRun(
        files=len(files),
        states=_states(client),
        searchable=_total(client, "/documents", {}),
        unfound=_unfound(client, files),
        seconds=finished - began,
        quiet_rate=(len(files) - count) / max(finished - since, _POLL_SECONDS),
        before=before,
        during=_summary(times),
        after=_latency(client, searches, clock, sleep),
    )


def ingestion_rows(run: IngestionRun, embedding_seconds: float) -> list[list[Cell]]:
    """Return (what, value) of a run. embedding_seconds: the same texts embedded, nothing else."""
    states = ", ".join(f"{count} {state}" for state, count in run.states.items())
    rows: list[list[Cell]] = [
        ["files", run.files],
        ["jobs", states],
        ["searchable documents", run.searchable],
        [f"of {PROBES} files, not found by their number", run.unfound],
        ["seconds until all were searchable", run.seconds],
        ["files a second", run.files / run.seconds],
        ["files a second while nobody searched", run.quiet_rate],
        ["files a second, embedding alone", run.files / embedding_seconds],
        ["share of the speed of embedding alone", run.quiet_rate * embedding_seconds / run.files],
    ]
    for when, latency in (("before", run.before), ("during", run.during), ("after", run.after)):
        shown = f"{latency.p50:.0f} / {latency.p95:.0f} ms ({latency.searches})"
        rows.append([f"search p50 / p95, {when}", shown])
    if run.after.p95:
        rows.append(["search p95, during / after", run.during.p95 / run.after.p95])
    return rows


def _note(number: int, random: Random) -> str:
    if number % 2:
        words = " ".join(random.choice(_WORDS) for _ in range(random.randrange(15, 60)))
        return f"Note {_mark(number)}\n\nThe {words}."
    text = "".join(random.choice(_CHARS) for _ in range(random.randrange(100, 400)))
    return f"记录 {_mark(number)}\n\n{text}。"


def _mark(number: int) -> str:
    """Return a word that stands in this note only."""
    return f"QX{number * 7919 % 1_000_003:06d}"


def _wait_for_worker(client: httpx.Client) -> None:
    """Return once a file of another collection is in: the worker has loaded its models."""
    first = client.post(
        "/ingest",
        params={"wait": "true"},
        files=[("file", ("first.txt", b"The first note."))],
        data={"collection": f"{COLLECTION}-first"},
        timeout=600,
    )
    first.raise_for_status()


def _latency(
    client: httpx.Client,
    searches: int,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Latency:
    times = []
    for number in range(searches):
        times.append(_search(client, number, clock))
        sleep(_PAUSE_SECONDS)
    return _summary(times)


def _search(client: httpx.Client, number: int, clock: Callable[[], float]) -> float:
    """Search once and return the milliseconds. Each number asks something else."""
    random = Random(number)
    query = " ".join(random.choice(_WORDS) for _ in range(4))
    began = clock()
    asked = {"query": f"where is the {query}?", "collection": COLLECTION}
    client.post("/search", json=asked).raise_for_status()
    return 1000 * (clock() - began)


def _summary(times: Sequence[float]) -> Latency:
    ranked = sorted(times) or [0.0]
    last = len(ranked) - 1
    return Latency(len(times), ranked[last // 2], ranked[round(0.95 * last)])


def _open_jobs(client: httpx.Client) -> int:
    return sum(_total(client, "/jobs", {"state": state}) for state in _OPEN)


def _states(client: httpx.Client) -> dict[str, int]:
    states = (*_OPEN, "done", "failed", "cancelled")
    counts = Counter({state: _total(client, "/jobs", {"state": state}) for state in states})
    return {state: count for state, count in counts.items() if count}


def _total(client: httpx.Client, path: str, asked: Mapping[str, str]) -> int:
    reply = client.get(path, params={**asked, "collection": COLLECTION, "limit": 1})
    total: int = reply.raise_for_status().json()["total"]
    return total


def _unfound(client: httpx.Client, files: Sequence[SourceFile]) -> int:
    missing = 0
    for number in Random(0).sample(range(len(files)), min(PROBES, len(files))):
        asked = {"query": _mark(number), "collection": COLLECTION, "top_k": 1}
        hits = client.post("/search", json=asked).raise_for_status().json()["hits"]
        missing += not hits or _mark(number) not in hits[0]["text"]
    return missing
