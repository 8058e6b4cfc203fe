"""The user's own path: a real service with its worker and models, over HTTP."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docx
import httpx
import psutil
import pytest

from tests.ingestion.parsers.pdf_samples import CHINESE, Sheet

ROOT = Path(__file__).parents[1]
START_SECONDS = 120.0
STATUTE = """# 青禾县图书馆管理办法

## 第一章 总则

第一条 为了规范青禾县图书馆的借阅服务，保障读者权益，制定本办法。

第二条 青禾县图书馆的开馆时间为每日上午九时至下午六时。

## 第二章 借阅

第三条 读者每次借书不得超过五册。借阅期限为三十日。

第四条 遗失图书的，应当按照定价的三倍赔偿。
"""
GUIDE = (
    "Harbour Ferry Guide\n\n"
    "The ferry leaves from pier seven every morning at eight. "
    "The crossing takes forty minutes.\n\n"
    "A bicycle costs two euros extra. Dogs travel free of charge.\n"
)
ENDINGS = {"answered", "fallback"}


@dataclass(frozen=True)
class Running:
    """A service under way."""

    process: subprocess.Popen[bytes]
    client: httpx.Client
    log: Path

    def workers(self) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if "app.worker" in child.cmdline()]

    def ask(self, question: str, **more: Any) -> dict[str, Any]:
        response = self.client.post("/ask", json={"question": question, **more})
        assert response.status_code == 200, response.text
        return dict(response.json())

    def ingest(self, *files: tuple[str, bytes], **params: Any) -> list[dict[str, Any]]:
        parts = [("file", file) for file in files]
        response = self.client.post("/ingest", params=params, files=parts)
        assert response.status_code in {200, 202}, response.text
        return list(response.json()["documents"])


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.1)


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as listener:
            listener.bind(("::1", 0))
    except OSError:
        return False
    return True


def environment(data: Path, models: Path, host: str, port: int) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("YOUJU_")}
    return kept | {
        "YOUJU_DATA_DIR": str(data),
        "YOUJU_MODELS_DIR": str(models),
        "YOUJU_HOST": host,
        "YOUJU_PORT": str(port),
        "YOUJU_LEASE_SECONDS": "3",
    }


@contextmanager
def serving(data: Path, models: Path, host: str = "127.0.0.1") -> Iterator[Running]:
    port = free_port()
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    log = data / f"service-{port}.log"
    with (
        log.open("wb") as output,
        httpx.Client(base_url=url, timeout=120, trust_env=False) as client,
    ):
        process = subprocess.Popen(
            [sys.executable, "-c", "from app.cli import main; main()", "serve"],
            cwd=ROOT,
            env=environment(data, models, host, port),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            running = Running(process, client, log)
            wait_for(lambda: is_ready(running), "readiness", START_SECONDS)
            assert f"Youju is ready: {url}/\n" in log.read_text(encoding="utf-8")
            yield running
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def is_ready(running: Running) -> bool:
    assert running.process.poll() is None, running.log.read_text(encoding="utf-8")
    try:
        return running.client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def service(data: Path, models_dir: Path) -> Iterator[Running]:
    with serving(data, models_dir) as running:
        running.ingest(
            ("图书馆管理办法.md", STATUTE.encode()),
            ("ferry.txt", GUIDE.encode()),
            ("泳池.pdf", pool_pdf()),
            ("garden.docx", garden_docx()),
            wait="true",
        )
        yield running


def pool_pdf() -> bytes:
    sheet = Sheet()
    sheet.lines(72, 760, ["县游泳池须知", "本须知适用于全体泳客。"], 14, CHINESE)
    sheet.next_page()
    sheet.lines(72, 760, ["游泳池的水深为一点八米。", "儿童须由成年人陪同。"], 14, CHINESE)
    sheet.next_page()
    return bytes(sheet.content())


def garden_docx() -> bytes:
    document = docx.Document()
    document.add_heading("Garden rules", level=1)
    document.add_paragraph("The garden gate is locked at ten in the evening.")
    document.add_paragraph("Barbecues are allowed on Sundays only.")
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def assert_cited(service: Running, answer: dict[str, Any], evidence: str) -> dict[str, Any]:
    """Check that all citations are exact and that one of them holds the evidence; return it."""
    assert answer["outcome"] in ENDINGS, answer
    assert answer["citations"], answer
    for cited in answer["citations"]:
        text = service.client.get(
            f"/documents/{cited['document_id']}/text", params={"revision": cited["revision"]}
        ).json()["text"]
        assert text[cited["start"] : cited["end"]] == cited["quote"]
    verdicts = service.client.post("/verify", json={"citations": answer["citations"]}).json()
    assert all(one["verified"] for one in verdicts["results"])
    holding = [one for one in answer["citations"] if evidence in one["quote"]]
    assert holding, answer
    return dict(holding[0])


def test_service_every_format_becomes_searchable(service: Running) -> None:
    listed = service.client.get("/documents").json()
    names = {document["name"] for document in listed["documents"]}
    assert names >= {"图书馆管理办法.md", "ferry.txt", "泳池.pdf", "garden.docx"}
    for query, name in (
        ("借阅期限", "青禾县图书馆管理办法"),
        ("ferry crossing", "ferry"),
        ("游泳池水深", "泳池"),
        ("garden gate", "Garden rules"),
    ):
        hits = service.client.post("/search", json={"query": query}).json()["hits"]
        assert name.lower() in f"{hits[0]['title']} {hits[0]['text']}".lower(), (query, hits[0])


@pytest.mark.parametrize(
    ("question", "evidence"),
    [
        ("青禾县图书馆的借阅期限是多少日？", "三十日"),
        ("How long does the ferry crossing take?", "forty minutes"),
    ],
)
def test_service_question_is_answered_with_proven_citations(
    service: Running, question: str, evidence: str
) -> None:
    assert_cited(service, service.ask(question), evidence)


@pytest.mark.parametrize(
    ("question", "evidence", "page"),
    [
        ("游泳池的水深是多少？", "一点八米", 2),
        ("When is the garden gate locked?", "ten in the evening", None),
    ],
)
def test_service_extract_cites_the_page_where_there_are_pages(
    service: Running, question: str, evidence: str, page: int | None
) -> None:
    cited = assert_cited(service, service.ask(question, strategy="extract"), evidence)
    assert cited["page"] == page


@pytest.mark.parametrize(
    "question", ["火星上的平均气温是多少度？", "Who composed the opera about the moon king?"]
)
def test_service_question_beyond_the_documents_is_refused(service: Running, question: str) -> None:
    answer = service.ask(question)
    assert answer["outcome"] == "refused", answer
    assert answer["citations"] == []
    assert answer["script_id"].startswith("refusal")


def test_service_question_to_an_empty_collection_is_refused_by_name(service: Running) -> None:
    answer = service.ask("How long does the ferry crossing take?", collection="nowhere")
    assert (answer["outcome"], answer["script_id"]) == ("refused", "refusal-no-documents-en")
    assert "nowhere" in answer["answer"]


def test_service_stream_sends_events_in_order(service: Running) -> None:
    asked = {"question": "How long does the ferry crossing take?", "stream": True}
    with service.client.stream("POST", "/ask", json=asked) as response:
        lines = list(response.iter_lines())
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    told = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert names[:2] == ["sentence", "citation"]
    assert names.index("done") == len(names) - 1
    assert told[-1]["citations"] == [
        said for name, said in zip(names, told, strict=True) if name == "citation"
    ]


def test_service_same_bytes_again_are_told_as_duplicate(service: Running) -> None:
    (entry,) = service.ingest(("copy-of-ferry.txt", GUIDE.encode()), wait="true")
    assert entry["status"] == "duplicate"
    assert entry["duplicate_of"] == entry["document_id"]


def test_service_deleted_document_is_found_no_more(service: Running) -> None:
    text = b"The lighthouse keeper is called Zephyrine. She lives on the rock."
    (entry,) = service.ingest(("keeper.txt", text), collection="x", wait="true")
    query = {"query": "lighthouse keeper Zephyrine"}
    before = service.client.post("/search", json=query).json()["hits"]
    assert entry["document_id"] in {hit["document_id"] for hit in before}
    assert service.client.delete(f"/documents/{entry['document_id']}").status_code == 204
    after = service.client.post("/search", json=query).json()["hits"]
    assert entry["document_id"] not in {hit["document_id"] for hit in after}
    assert service.client.get(f"/documents/{entry['document_id']}").status_code == 404


def test_service_worker_killed_at_work_is_replaced_and_the_job_done(service: Running) -> None:
    sentences = (f"Locker {n} on deck {n % 9} keeps {n * 7} ropes of hemp." for n in range(400))
    (entry,) = service.ingest(("lockers.txt", "\n\n".join(sentences).encode()))
    job = f"/jobs/{entry['job_id']}"

    def stage() -> str:
        return str(service.client.get(job).json()["stage"])

    wait_for(lambda: stage() == "embedding", "the job at work")
    (worker,) = service.workers()
    os.kill(worker.pid, signal.SIGKILL)
    wait_for(lambda: service.client.get(job).json()["state"] == "done", "the job done", 150)
    assert service.client.get(job).json()["attempts"] == 2
    (successor,) = service.workers()
    assert successor.pid != worker.pid


def test_service_stopped_leaves_no_process_and_restarts_on_its_data(
    data: Path, models_dir: Path, service: Running
) -> None:
    family = [psutil.Process(service.process.pid), *service.workers()]
    assert len(family) == 2
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(30) == 0
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
    host = "::1" if has_ipv6() else "127.0.0.1"
    with serving(data, models_dir, host) as again:
        assert_cited(again, again.ask("How long does the ferry crossing take?"), "forty minutes")
