"""The terms of a collection's documents on disk, for the snapshot to be written.

Memory holds only where each line is. What is new lies in a file without a name, which goes with the
process; the rest in the snapshot that was loaded or written last, which may be removed meanwhile.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple


class Span(NamedTuple):
    """Where a line is in its file, in bytes."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Part:
    """A file of lines, and where in it the line of each document number is."""

    file: IO[bytes]
    spans: Mapping[int, Span]

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Give each document's number and line, in order."""
        for number, span in self.spans.items():
            # By position: another thread may be writing at the end of the file.
            yield number, os.pread(self.file.fileno(), span.length, span.start)


class Journal:
    """One line for each document, by its number. Numbers only grow.

    Changed by one thread at a time; lines may be read from another meanwhile. Every method may
    raise OSError.
    """

    def __init__(
        self,
        folder: Path,
        saved: IO[bytes] | None = None,
        spans: Mapping[int, Span] | None = None,
    ) -> None:
        """folder: on whose disk new lines are kept; it is made where missing.

        saved: a file of earlier lines, closed with the journal, and their places in it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._saved = saved
        self._saved_spans = dict(spans or {})
        self._fresh = self._nameless()
        self._fresh_spans: dict[int, Span] = {}
        self._end = 0

    def close(self) -> None:
        """Let go of the files."""
        self._fresh.close()
        if self._saved is not None:
            self._saved.close()

    def append(self, number: int, line: bytes) -> None:
        """Keep the line of a document whose number is higher than all before."""
        _write(self._fresh, line)
        self._fresh_spans[number] = Span(self._end, len(line))
        self._end += len(line)

    def drop(self, number: int) -> None:
        """Forget a document; its line stays on disk until `adopt` or `compact`."""
        self._saved_spans.pop(number, None)
        self._fresh_spans.pop(number, None)

    def view(self) -> list[Part]:
        """Return all lines as they are now, in order; good until `adopt`, `compact` or `close`."""
        fresh = Part(self._fresh, dict(self._fresh_spans))
        if self._saved is None:
            return [fresh]
        return [Part(self._saved, dict(self._saved_spans)), fresh]

    def adopt(self, saved: IO[bytes], spans: Mapping[int, Span]) -> None:
        """Take over a file that holds these documents' lines; it is closed with the journal.

        Those that were dropped since it was written stay so. All older files are closed.
        """
        kept = {
            number: span
            for number, span in spans.items()
            if number in self._saved_spans or number in self._fresh_spans
        }
        self._renew({n: span for n, span in self._fresh_spans.items() if n not in spans})
        if self._saved is not None:
            self._saved.close()
        self._saved, self._saved_spans = saved, kept

    def compact(self) -> None:
        """Write all lines anew, so that those of dropped documents are gone from the disk."""
        parts = self.view()
        older = self._saved
        self._fresh_spans = self._copied(parts)
        self._saved, self._saved_spans = None, {}
        if older is not None:
            older.close()

    def _renew(self, spans: dict[int, Span]) -> None:
        self._fresh_spans = self._copied([Part(self._fresh, spans)])

    def _copied(self, parts: list[Part]) -> dict[int, Span]:
        """Write lines to a new file, which takes the place of the one for new lines."""
        target, end, spans = self._nameless(), 0, dict[int, Span]()
        for part in parts:
            for number, line in part.lines():
                _write(target, line)
                spans[number] = Span(end, len(line))
                end += len(line)
        self._fresh.close()
        self._fresh, self._end = target, end
        return spans

    def _nameless(self) -> IO[bytes]:
        # Unbuffered: a full disk is to be told of at the line that meets it.
        return tempfile.TemporaryFile(dir=self._folder, buffering=0)


def _write(file: IO[bytes], line: bytes) -> None:
    left = memoryview(line)
    while left:
        left = left[file.write(left) :]
