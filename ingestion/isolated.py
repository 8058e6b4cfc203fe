"""Parsing in a process of its own: what a hostile file does to a parser, it does to that alone.

The process has a limit of memory and every file a deadline. One that is over either, or that
crashes a library, ends the process; the next file gets a new one.
"""

import logging
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from queue import LifoQueue
from time import monotonic

from ingestion import media
from ingestion.errors import ParserFailed
from ingestion.parser_child import EXIT_OUT_OF_MEMORY
from ingestion.ports import Advance
from ingestion.records import MOST_STOPS, Document, ParseOptions

logger = logging.getLogger(__name__)

_TICK_SECONDS = 0.5
# The system kills where memory runs out, libraries abort where they are given no more.
_OUT_OF_MEMORY = frozenset((EXIT_OUT_OF_MEMORY, -signal.SIGKILL, -signal.SIGABRT))

# What one page may be to blame for.
_OF_ONE_PAGE = frozenset(("out_of_memory", "parser_crashed", "deadline_exceeded", "internal_error"))


class IsolatedParser:
    """Reads one file at a time; calls from several threads take turns.

    The process ends with this object, or with the program.

    memory_bytes: most memory of the process, without files that it maps. seconds: longest time for
    one file. stall_seconds: longest time in which none of its pages is read. command: what to run;
    three numbers are added, see `ingestion.parser_child`.
    """

    def __init__(
        self,
        *,
        memory_bytes: int,
        seconds: float,
        stall_seconds: float,
        command: Sequence[str] = (sys.executable, "-m", "ingestion.parser_child"),
    ) -> None:
        self._command = tuple(command)
        self._memory_bytes = memory_bytes
        self._seconds = seconds
        self._stall_seconds = stall_seconds
        self._lock = threading.Lock()
        # When the file was begun, and the share of it that is read; None before its pages.
        self._began = 0.0
        self._share: float | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._end: weakref.finalize[[subprocess.Popen[bytes], Connection], IsolatedParser] | None
        self._end = None

    def __call__(
        self, content: bytes, name: str, options: ParseOptions, advance: Advance
    ) -> Document:
        """Return the document in a file's bytes, as `ingestion.parse.parse` does.

        A PDF whose pages stop the parser is read again without them, as `ParseOptions.stopped_at`
        tells. advance: called at least twice a second; what it raises ends the parsing. Raises
        ParserFailed, with the code and message of what the parser raised.
        """
        first: ParserFailed | None = None
        with self._lock:
            self._began = monotonic()
            while True:
                try:
                    return self._read(content, name, options, advance)
                except ParserFailed as exc:
                    first = first or exc
                    if self._share is None or not self._may_try_again(content, name, options, exc):
                        raise first from exc
                options = replace(options, stopped_at=(*options.stopped_at, self._share))

    def _may_try_again(
        self, content: bytes, name: str, options: ParseOptions, failure: ParserFailed
    ) -> bool:
        """Return whether leaving one more page out may help."""
        return (
            failure.code in _OF_ONE_PAGE
            and self._share != 1
            and self._share not in options.stopped_at
            and len(options.stopped_at) < MOST_STOPS
            and monotonic() - self._began < self._seconds
            and media.sniff(content, name) == media.PDF
        )

    def _read(self, content: bytes, name: str, options: ParseOptions, advance: Advance) -> Document:
        try:
            document, code, message = self._ask((name, content, options), advance)
        except BaseException:  # also what `advance` raises: half an answer may be on its way
            self._stop()
            raise
        if code == "out_of_memory":
            self._stop()
            raise self._out_of_memory()
        if not isinstance(document, Document):
            raise ParserFailed(code, message)
        return document

    @property
    def pid(self) -> int | None:
        """Return the id of the process that reads, None while there is none."""
        return self._process.pid if self._process is not None else None

    def close(self) -> None:
        """End the process; the next call starts another."""
        with self._lock:
            self._stop()

    def _ask(
        self, request: tuple[str, bytes, ParseOptions], advance: Advance
    ) -> tuple[object, str, str]:
        stirred = monotonic()
        self._share = None
        pipe = self._pipe_of_running_process()
        try:
            pipe.send_bytes(pickle.dumps(request, pickle.HIGHEST_PROTOCOL))
            while True:
                if pipe.poll(_TICK_SECONDS):
                    said = pickle.loads(pipe.recv_bytes())  # noqa: S301 from our own process
                    if isinstance(said, tuple):
                        return said
                    self._share, stirred = said, monotonic()
                advance(self._share or 0.0)
                self._check_time(stirred)
        except (EOFError, OSError) as exc:
            # Both may have been told to stop at once; then the file is not to blame.
            advance(self._share or 0.0)
            raise self._death() from exc

    def _check_time(self, stirred: float) -> None:
        """Raise ParserFailed for a file that takes too long, as a whole or for one step."""
        now = monotonic()
        for since, limit in ((self._began, self._seconds), (stirred, self._stall_seconds)):
            if now - since > limit:
                raise ParserFailed(
                    "deadline_exceeded",
                    f"Reading the file took more than {limit:g} seconds"
                    f"{'' if since == self._began else ' for one page'} and was "
                    "stopped. Split it or save it in another format, and upload it again.",
                )

    def _pipe_of_running_process(self) -> Connection:
        if self._pipe is not None and self._process is not None and self._process.poll() is None:
            return self._pipe
        self._stop()
        ours, theirs = multiprocessing.Pipe()
        with theirs:
            numbers = (theirs.fileno(), os.getpid(), self._memory_bytes)
            self._process = subprocess.Popen(  # noqa: S603 the command is ours, no shell
                [*self._command, *map(str, numbers)],
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                stdin=subprocess.DEVNULL,
            )
        self._pipe = ours
        self._end = weakref.finalize(self, _end, self._process, ours)
        return ours

    def _death(self) -> ParserFailed:
        """Return what the end of the process says about the file."""
        status = self._process.wait() if self._process else 0
        logger.warning("a parser process ended with status %d", status)
        if status in _OUT_OF_MEMORY:
            return self._out_of_memory()
        return ParserFailed(
            "parser_crashed",
            "The file stopped the program that reads it; it is probably damaged. "
            "Save it anew or in another format, and upload it again.",
        )

    def _out_of_memory(self) -> ParserFailed:
        return ParserFailed(
            "out_of_memory",
            "Reading the file was stopped, most likely because it takes more than "
            f"{self._memory_bytes // 2**20} MB of memory. Split it, and upload the parts.",
        )

    def _stop(self) -> None:
        if self._end is not None:
            self._end()
        self._process = self._pipe = self._end = None


class ParserPool:
    """Parsers for calls from several threads."""

    def __init__(self, parsers: Sequence[IsolatedParser]) -> None:
        """parsers: as many as calls may be under way; more wait. Each is this pool's own."""
        # Last in, first out: a process starts only for a call that finds all others busy.
        self._free: LifoQueue[IsolatedParser] = LifoQueue()
        for parser in reversed(parsers):
            self._free.put(parser)

    def __call__(
        self, content: bytes, name: str, options: ParseOptions, advance: Advance
    ) -> Document:
        """Return the document in a file's bytes, as a parser does."""
        parser = self._free.get()
        try:
            return parser(content, name, options, advance)
        finally:
            self._free.put(parser)


def _end(process: subprocess.Popen[bytes], pipe: Connection) -> None:
    pipe.close()
    process.kill()
    process.wait()
