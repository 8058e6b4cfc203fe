"""A small service that speaks the HTTP contract to the chat page and says what a test tells it."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

WEB = Path(__file__).parents[3] / "app" / "web"
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
Events = list[tuple[str, dict[str, Any]]]

# Two characters outside the basic plane stand before the cited words: offsets count code points.
TEXT = (
    "𠮷祥条例😀\n第一条 总则\n为了规范存储，制定本条例。\n"
    "第二条 期限\n记录应当保存五年。期满后销毁。\n<img src=x onerror=alert(1)>\n"
    "类别 | 年限\n电子记录 | 五年"
)
QUOTE = "记录应当保存五年。"
QUESTION = "记录保存多久？"


def block(kind: str, words: str, *, page: int | None = 1, level: int = 0) -> dict[str, Any]:
    start = TEXT.index(words)
    return {"kind": kind, "start": start, "end": start + len(words), "page": page, "level": level}


BLOCKS = [
    block("heading", "𠮷祥条例😀", level=1),
    block("heading", "第一条 总则", level=2),
    block("paragraph", "为了规范存储，制定本条例。"),
    block("heading", "第二条 期限", level=2, page=2),
    block("paragraph", "记录应当保存五年。期满后销毁。", page=2),
    block("paragraph", "<img src=x onerror=alert(1)>", page=2),
    block("table", "类别 | 年限\n电子记录 | 五年", page=2),
]


def key(kind: str, words: str) -> dict[str, Any]:
    start = TEXT.index(words)
    return {"kind": kind, "text": words, "start": start, "end": start + len(words)}


def chunk(
    ordinal: int, words: str, *keys: dict[str, Any], coherence: float | None = None
) -> dict[str, Any]:
    start = TEXT.index(words)
    return {
        "revision": "r1",
        "ordinal": ordinal,
        "start": start,
        "end": start + len(words),
        "page": 1,
        "heading_path": ["𠮷祥条例😀"],
        "text": words,
        "keys": list(keys),
        "coherence": coherence,
    }


def citation(quote: str = QUOTE, *, sentence: int = 0, revision: str = "r1") -> dict[str, Any]:
    start = TEXT.index(quote)
    return {
        "sentence": sentence,
        "document_id": "d1",
        "revision": revision,
        "title": "𠮷祥条例",
        "page": 2,
        "start": start,
        "end": start + len(quote),
        "quote": quote,
    }


def final(
    answer: str, outcome: str = "answered", citations: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    return {
        "answer": answer,
        "outcome": outcome,
        "confidence": 0.874,
        "citations": citations or [],
        "script_id": None,
        "trace_id": "trace-1",
        "timings_ms": {"total": 1234.0},
    }


def answered() -> Events:
    first, second = citation(), citation("期满后销毁。", sentence=1)
    return [
        ("sentence", {"index": 0, "text": "记录要保存五年。"}),
        ("citation", first),
        ("sentence", {"index": 1, "text": "之后销毁。"}),
        ("citation", second),
        ("done", final("记录要保存五年。之后销毁。", citations=[first, second])),
    ]


def job(
    state: str,
    stage: str = "embedding",
    progress: float = 0.5,
    reason: str | None = None,
    code: str = "no_text",
) -> Any:
    return {
        "job_id": "j",
        "state": state,
        "stage": stage,
        "progress": progress,
        "eta_seconds": 12.0,
        "reason_code": code if reason else None,
        "reason": reason,
    }


def stored_text(revision: str = "r1", text: str = TEXT) -> dict[str, Any]:
    return {
        "document_id": "d1",
        "revision": revision,
        "title": "𠮷祥条例",
        "text": text,
        "blocks": BLOCKS if text == TEXT else [],
    }


@dataclass
class Service:
    """What the page talks to: set what it answers, read what it was asked.

    chunks: of every document, their texts or all of them. uploads: an entry of a reply for each file, entries for an archive,
    or a problem. ends: how jobs end that do not go the way of `jobs`, by their ids.
    """

    documents: list[dict[str, Any]] = field(default_factory=list)
    text: dict[str, Any] | None = None
    events: Events = field(default_factory=answered)
    problem: dict[str, Any] | None = None
    chunks: Sequence[str | dict[str, Any]] = ()
    uploads: list[dict[str, Any] | list[dict[str, Any]]] = field(default_factory=list)
    jobs: list[dict[str, Any]] = field(default_factory=lambda: [job("done", progress=1.0)])
    ends: dict[str, dict[str, Any]] = field(default_factory=dict)
    streams_jobs: bool = True
    hits: list[dict[str, Any]] = field(default_factory=list)
    explained: dict[str, Any] | None = None
    hold: threading.Event | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    received: list[tuple[str, str]] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    address: str = ""


def document(document_id: str = "d1", title: str = "𠮷祥条例") -> dict[str, Any]:
    return {
        "document_id": document_id,
        "collection": "default",
        "name": f"{title}.docx",
        "title": title,
        "revision": "r1",
        "page_count": 2,
        "size": 20480,
        "warnings": [],
    }


class Handler(BaseHTTPRequestHandler):
    """The HTTP contract, as far as the page needs it."""

    service: Service

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        match url.path.strip("/").split("/"):
            case ["static", name]:
                self.page(WEB / name)
            case [""]:
                self.page(WEB / "index.html")
            case ["manage"]:
                self.page(WEB / "manage.html")
            case ["documents"]:
                self.list_documents(parse_qs(url.query))
            case ["documents", _, "text"] if self.service.text is not None:
                self.json(200, self.service.text)
            case ["documents", _, "chunks"]:
                self.list_chunks(parse_qs(url.query))
            case ["jobs", name, "events"] if name in self.service.ends:
                self.stream([("job", self.service.ends[name])])
            case ["jobs", name] if name in self.service.ends:
                self.json(200, self.service.ends[name])
            case ["jobs", _, "events"] if self.service.streams_jobs:
                self.stream([("job", state) for state in self.service.jobs])
            case ["jobs", _]:
                jobs = self.service.jobs
                self.json(200, jobs.pop(0) if len(jobs) > 1 else jobs[0])
            case _:
                self.json(404, {"title": "Not found", "detail": "", "status": 404})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/ingest":
            self.ingest(body)
            return
        self.service.asked.append(json.loads(body))
        problem, self.service.problem = self.service.problem, None
        if problem is not None:
            self.json(problem["status"], problem, retry_after="7")
            return
        if self.path == "/search":
            self.json(200, {"hits": self.service.hits, "timings_ms": {}, "documents": 1})
        elif self.path == "/explain" and self.service.explained is None:
            self.json(404, {"title": "", "detail": "", "status": 404, "code": "not_indexed"})
        elif self.path == "/explain":
            self.json(200, self.service.explained or {})
        else:
            self.stream(self.service.events)

    def do_DELETE(self) -> None:
        if self.path.startswith("/jobs/"):
            self.service.jobs[:] = [job("cancelled")]
            self.json(200, self.service.jobs[0])
            return
        document_id = self.path.rsplit("/", 1)[-1]
        self.service.deleted.append(document_id)
        self.service.documents = [
            kept for kept in self.service.documents if kept["document_id"] != document_id
        ]
        self.send_response(204)
        self.end_headers()

    def list_documents(self, query: dict[str, list[str]]) -> None:
        wanted = query.get("collection")
        found = [d for d in self.service.documents if not wanted or d["collection"] in wanted]
        self.json(200, {"documents": found, "total": len(found)})

    def list_chunks(self, query: dict[str, list[str]]) -> None:
        found = [c if isinstance(c, dict) else {"text": c} for c in self.service.chunks]
        first, limit = int(query["offset"][0]), int(query["limit"][0])
        self.json(200, {"chunks": found[first : first + limit], "total": len(found)})

    def ingest(self, body: bytes) -> None:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parts = list(message_from_bytes(head + body, policy=HTTP).iter_parts())
        named = {part.get_param("name", header="Content-Disposition"): part for part in parts}
        name = named["file"].get_filename() or ""
        collection: Any = named["collection"].get_payload(decode=True)
        self.service.received.append((name, collection.decode()))
        password: Any = named["password"].get_payload(decode=True) if "password" in named else b""
        self.service.passwords.append(password.decode())
        reply = self.service.uploads.pop(0) if self.service.uploads else {"status": "queued"}
        if isinstance(reply, dict) and "detail" in reply:
            self.json(reply["status"], reply)
            return
        given = {"name": name, "document_id": "d9", "revision": "r1", "job_id": "j"}
        entries = reply if isinstance(reply, list) else [reply]
        self.json(202, {"documents": [{**given, **entry} for entry in entries]})

    def page(self, path: Path) -> None:
        content = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", f"{TYPES[path.suffix]}; charset=utf-8")
        self.send_header("Content-Security-Policy", "default-src 'self'")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def json(self, status: int, body: dict[str, Any], retry_after: str = "") -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def stream(self, events: Events) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.end_headers()
        for name, data in events:
            told = json.dumps(data, ensure_ascii=False)
            content = f": ping\r\n\r\nevent: {name}\r\ndata: {told}\r\n\r\n".encode()
            self.wfile.write(content)
            self.wfile.flush()
            if self.service.hold is not None:
                self.service.hold.wait(20)

    def handle(self) -> None:
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):
            # The page hung up, as it may.
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def serving() -> Iterator[Service]:
    """Give a service that listens on a free port of this machine."""
    state = Service()
    handler = type("BoundHandler", (Handler,), {"service": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    state.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield state
    finally:
        if state.hold is not None:
            state.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()
