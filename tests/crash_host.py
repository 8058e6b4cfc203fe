"""A process that forks the real worker and API, each of which kills itself at a fault point.

Forked rather than started: what they import takes seconds, and there are hundreds of kills. Reads
one order a line, as JSON, and answers each with one line.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from rich.console import Console

from app.reembed import reembed_documents
from app.settings import Settings
from app.worker import run_worker
from ingestion.errors import BrokenDocument
from ingestion.ports import Progress
from ingestion.records import IngestedDocument, ParseOptions, Vectors
from ingestion.store.audit import AuditDraft
from ingestion.store.backup import restore_backup, write_backup
from ingestion.store.catalog import Catalog, utc_now
from ingestion.store.fault_points import FaultPoint, watched
from ingestion.store.policies import SessionState
from ingestion.store.scripts import ScriptDraft
from tests.app.gate_stack import Stack
from tests.ingestion.catalog_samples import DIMENSION, ingested_document
from tests.retrieval.snapshot_samples import indexed

CATALOG = "catalog.sqlite3"
COLLECTION = "hr"
BULK = [("甲.txt", "散装的甲文，第二版。"), ("乙.txt", "散装的乙文。")]


NEW_ENCODER = "new"


class NewEmbedder:
    """A unit vector that the text decides, of as many numbers as the samples have."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text."""
        rows = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for letter in text:
                row[ord(letter) % DIMENSION] += 1
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of characters of each."""
        return [len(text) for text in texts]


class Assassin:
    """Notes each point on disk, and kills its own process at one of them."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._trace = os.open(order["trace"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._point = order.get("point")
        self._left = order.get("occurrence", 0)
        self.renewed = threading.Event()

    def __call__(self, point: FaultPoint) -> None:
        os.write(self._trace, f"{point}\n".encode())
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        if point is FaultPoint.JOB_RENEWED:
            self.renewed.set()


class StopWhenIdle(threading.Event):
    """Ends a worker as soon as it would wait for work."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True


def work(data: Path, assassin: Assassin, clock: Callable[[], datetime] = utc_now) -> None:
    """Run a worker until nothing is left to do."""
    catalog = Catalog(data / CATALOG, clock=clock)
    stop = StopWhenIdle()
    lease = 30.0

    def ingest(
        content: bytes, name: str, _options: ParseOptions, progress: Progress
    ) -> IngestedDocument:
        if name.startswith("broken"):
            raise BrokenDocument("text/plain", "it is a test")
        if name.startswith("stop") and clock is utc_now:
            stop.set()
        if name.startswith("slow") and clock is utc_now:
            assert assassin.renewed.wait(20)
        progress("embedding", 0.5)
        return ingested_document(*content.decode().split("\n"), title=name)

    # One lane: which point a kill reaches must not depend on threads.
    settings = Settings(lease_seconds=lease, jobs_at_once=1)
    run_worker(settings, ingest=ingest, catalog=catalog, stop=stop)
    catalog.close()


def work_an_hour_later(data: Path, assassin: Assassin) -> None:
    """Start anew after a kill, when every lease of the dead has run out."""
    work(data, assassin, lambda: utc_now() + timedelta(hours=1))


def serve(data: Path, listener: socket.socket) -> None:
    """Run the API with fakes in place of models, and the gate as it is, until killed."""
    catalog = Catalog(data / CATALOG)
    app = Stack(catalog, Settings(data_dir=data, default_collection=COLLECTION), data).app
    config = uvicorn.Config(app, log_config=None, access_log=False, ws="none")
    uvicorn.Server(config).run(sockets=[listener])


def bulk(data: Path, _assassin: Assassin) -> None:
    """Store two documents without jobs, one of which is there in another revision."""
    catalog = Catalog(data / CATALOG)
    files = [(name, text.encode(), ingested_document(text)) for name, text in BULK]
    catalog.put_documents(COLLECTION, files)
    catalog.close()


def talk(data: Path, _assassin: Assassin) -> None:
    """Say two things in one conversation, and delete another."""
    catalog = Catalog(data / CATALOG)
    catalog.sessions.append("新", COLLECTION, [("user", "问"), ("assistant", "答")])
    catalog.sessions.delete("旧")
    catalog.close()


def back_up(data: Path, _assassin: Assassin) -> None:
    """Write a backup beside the data."""
    write_backup(data / CATALOG, data.parent / "new.zip", lambda *_told: None)


def restore(data: Path, _assassin: Assassin) -> None:
    """Replace the data by that of a backup."""
    backup = data.parent / "other.zip"
    restore_backup(backup, data / CATALOG, lambda *_told: None, replace=True)


def save_indexes(data: Path, _assassin: Assassin) -> None:
    """Follow the catalog and write a snapshot of the indexes."""
    catalog = Catalog(data / CATALOG)
    indexes = indexed(catalog)
    indexes.save(COLLECTION, wait=True)
    indexes.close()
    catalog.close()


def reembed(data: Path, _assassin: Assassin) -> None:
    """Embed all documents anew, one after the other."""
    catalog = Catalog(data / CATALOG, encoder=NEW_ENCODER, alone=True)
    failed = reembed_documents(
        catalog.embeddings,
        NewEmbedder(),
        catalog.embeddings.outdated(),
        longest_chunk=256,
        lanes=1,
        console=Console(quiet=True),
    )
    assert failed == []
    catalog.close()


SCRIPT = ScriptDraft("付款可用银行卡。", "zh", "inquiry", script_id="pay")
GONE = ScriptDraft("旧的话术。", "zh", "inquiry", script_id="gone")


def comply(data: Path, _assassin: Assassin) -> None:
    """Write all that compliance keeps."""
    catalog = Catalog(data / CATALOG)
    catalog.scripts.put_all(
        [replace(SCRIPT, text="付款可用微信。"), replace(SCRIPT, script_id="new")]
    )
    catalog.scripts.keep_vectors("grams", [("pay", 2, bytes(8))])
    catalog.scripts.delete("gone")
    catalog.policies.put(COLLECTION, {"mode": "strict"}, "li")
    catalog.rule_sets.put(COLLECTION, "{}", "li")
    catalog.policies.keep_state("s", COLLECTION, SessionState("inquiry", ("pay",), 1))
    drafts = [AuditDraft(one, COLLECTION, "allowed", "", {}, {"shown": one}) for one in "ab"]
    catalog.audit.append(drafts)
    catalog.audit.erase(trace_id="a")
    catalog.close()


ROLES: dict[str, Callable[[Path, Assassin], None]] = {
    "work": work,
    "work_an_hour_later": work_an_hour_later,
    "bulk": bulk,
    "talk": talk,
    "back_up": back_up,
    "restore": restore,
    "save_indexes": save_indexes,
    "reembed": reembed,
    "comply": comply,
}


def play(order: dict[str, Any], listener: socket.socket) -> int:
    """Be what is ordered, in a forked process. Returns its exit status."""
    try:
        assassin = Assassin(order)
        with watched(assassin):
            if order["role"] == "serve":
                serve(Path(order["data"]), listener)
            else:
                ROLES[order["role"]](Path(order["data"]), assassin)
    except BaseException:  # noqa: BLE001 (a forked child must never run on)
        traceback.print_exc()
        return 1
    return 0


def start(order: dict[str, Any]) -> dict[str, int]:
    """Fork a process; it listens on the port if it is the API."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        port = listener.getsockname()[1]
        pid = os.fork()
        if pid == 0:
            os._exit(play(order, listener))
    return {"pid": pid, "port": port}


def end(pid: int, seconds: float) -> dict[str, int]:
    """Wait for a process, for some time. The status is that of Popen, 1000 if it did not end."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return {"status": os.waitstatus_to_exitcode(status)}
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return {"status": 1000}


def main() -> None:
    """Obey until standard input ends."""
    for line in sys.stdin:
        order = json.loads(line)
        reply = end(order["pid"], order["seconds"]) if "pid" in order else start(order)
        print(json.dumps(reply), flush=True)  # noqa: T201 (the way to answer)


if __name__ == "__main__":
    main()
