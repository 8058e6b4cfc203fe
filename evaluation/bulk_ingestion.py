"""Ingest a whole corpus with the service's own function, its embedding batched over documents."""

import html
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from evaluation.datasets import CorpusDocument
from ingestion.errors import IngestionError
from ingestion.ports import PassageEmbedder
from ingestion.records import IngestedDocument, Vectors
from ingestion.store.catalog import Catalog

Result = TypeVar("Result")
Task = Callable[[PassageEmbedder], Result]
# Small documents have a few texts each: this many fill several batches sorted by length.
GROUP_DOCUMENTS = 128


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as a user would upload it."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Ingested:
    """What an ingestion made. `failures`: (file name, reason) of what could not be read."""

    documents: int
    chunks: int
    failures: tuple[tuple[str, str], ...]


def source_file(document: CorpusDocument) -> SourceFile:
    """Return a corpus document as an HTML page: its form keeps title and text apart exactly.

    Markdown or plain text would let marks inside the text pass for structure. The page carries
    the id, so that two documents with the same words stay two.
    """
    title = html.escape(document.title)
    head = f'<meta charset="utf-8"><meta name="identifier" content="{html.escape(document.id)}">'
    head += f"<title>{title}</title>" if title else ""
    heading = f"<h1>{title}</h1>\n" if title else ""
    paragraphs = "\n".join(
        f"<p>{html.escape(line)}</p>" for line in document.text.splitlines() if line.strip()
    )
    body = f"<body>\n{heading}{paragraphs}\n</body>"
    page = f"<!doctype html>\n<html><head>{head}</head>\n{body}</html>\n"
    return SourceFile(f"{document.id}.html", page.encode("utf-8", "replace"))


def ingest_corpus(
    files: Sequence[SourceFile],
    ingest: Callable[[SourceFile, PassageEmbedder], IngestedDocument],
    encoder: PassageEmbedder,
    store: Callable[[Sequence[tuple[SourceFile, IngestedDocument]]], None],
    progress: Callable[[int, int], None],
) -> Ingested:
    """Ingest and store every file, group by group. progress gets (done, total).

    ingest: one file to its document, asking the embedder it is given; what raises IngestionError
    is noted and left out, any other exception ends the run.
    """
    chunks = 0
    failures: list[tuple[str, str]] = []
    progress(0, len(files))
    for start in range(0, len(files), GROUP_DOCUMENTS):
        group = files[start : start + GROUP_DOCUMENTS]
        ended = run_gathered([_task(file, ingest) for file in group], encoder)
        done: list[tuple[SourceFile, IngestedDocument]] = []
        for file, future in zip(group, ended, strict=True):
            try:
                done.append((file, future.result()))
            except IngestionError as exc:
                failures.append((file.name, str(exc)))
        store(done)
        chunks += sum(len(document.chunks) for _, document in done)
        progress(start + len(group), len(files))
    return Ingested(len(files) - len(failures), chunks, tuple(failures))


def store_group(
    group: Sequence[tuple[SourceFile, IngestedDocument]], catalog: Catalog, collection: str
) -> None:
    """Store a group in one transaction, without the jobs that uploads have."""
    catalog.put_documents(collection, [(file.name, file.content, one) for file, one in group])


def run_gathered(tasks: Sequence[Task[Result]], encoder: PassageEmbedder) -> list[Future[Result]]:
    """Run tasks whose embedding is gathered: what all of them wait for is embedded in one call.

    Tasks take turns, one at a time, each until it asks for vectors or ends; a text that several
    ask for is embedded once. Returns ended futures in the order of the tasks. What the encoder
    raises is raised here, after every task was made to end.
    """
    if not tasks:
        return []
    with ThreadPoolExecutor(max_workers=len(tasks)) as pool:
        turns = [_Turn(task, encoder) for task in tasks]
        futures = [turn.begin(pool) for turn in turns]
        waiting = turns
        try:
            while waiting := _stepped(waiting):
                _answer(waiting, encoder)
        finally:
            for turn in waiting:
                turn.abandon()
    return futures


class _AbandonedError(RuntimeError):
    """Ends a task whose vectors will never come."""


class _Turn(Generic[Result]):
    """One task in a thread that runs only inside `step`, and the embedder the task sees."""

    def __init__(self, task: Task[Result], encoder: PassageEmbedder) -> None:
        self.wanted: list[str] = []
        self.vectors: Vectors | None = None
        self.ended = False
        self._task = task
        self._encoder = encoder
        self._go = threading.Semaphore(0)
        self._paused = threading.Semaphore(0)

    def begin(self, pool: ThreadPoolExecutor) -> Future[Result]:
        future = pool.submit(self._run)
        future.add_done_callback(self._end)
        return future

    def step(self) -> None:
        """Let the task run until it waits for vectors or has ended."""
        self._go.release()
        self._paused.acquire()

    def abandon(self) -> None:
        """Make a waiting task end."""
        while not self.ended:
            self.vectors = None
            self.step()

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.wanted = list(texts)
        self._paused.release()
        self._go.acquire()
        if self.vectors is None:
            raise _AbandonedError
        return self.vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._encoder.count_tokens(texts)

    def _run(self) -> Result:
        self._go.acquire()
        return self._task(self)

    def _end(self, _: Future[Result]) -> None:
        self.ended = True
        self._paused.release()


def _stepped(turns: Sequence[_Turn[Result]]) -> list[_Turn[Result]]:
    for turn in turns:
        turn.step()
    return [turn for turn in turns if not turn.ended]


def _answer(turns: Sequence[_Turn[Result]], encoder: PassageEmbedder) -> None:
    rows = {text: row for row, text in enumerate(dict.fromkeys(t for u in turns for t in u.wanted))}
    vectors = encoder.embed_passages(list(rows))
    for turn in turns:
        turn.vectors = vectors[np.array([rows[text] for text in turn.wanted], dtype=np.intp)]


def _task(
    file: SourceFile, ingest: Callable[[SourceFile, PassageEmbedder], IngestedDocument]
) -> Task[IngestedDocument]:
    return lambda embedder: ingest(file, embedder)
