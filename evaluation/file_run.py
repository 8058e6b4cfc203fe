"""Read a folder of files as the service would, and note how each one ended."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evaluation.text_fidelity import bag_f1, document_words, ordered_f1, plain_markdown
from ingestion.errors import ParserFailed
from ingestion.isolated import IsolatedParser
from ingestion.records import Document, ParseOptions

# A file that is read faster is read once more: the first time loads the parser's libraries too.
_READ_TWICE_SECONDS = 2.0
_FAULTS = frozenset(("internal_error", "not_ended"))


@dataclass(frozen=True, slots=True)
class ReadFile:
    """How reading one file ended.

    outcome: `ok`, `partial` (a document with warnings) or the code of the error. message: of the
    error. seconds: of reading alone, in a process that runs and has loaded what it needs.
    peak_bytes: of resident memory of that process, None where the system does not tell. blocks:
    how many of each kind. bag_f1, ordered_f1: against the reference text, None without one.
    """

    name: str
    with_password: bool
    outcome: str
    message: str
    media_type: str | None
    seconds: float
    peak_bytes: int | None
    pages: int | None
    characters: int
    blocks: Mapping[str, int]
    warnings: tuple[str, ...]
    bag_f1: float | None
    ordered_f1: float | None

    @property
    def pages_per_second(self) -> float | None:
        """Return the speed, None for formats without pages."""
        return self.pages / self.seconds if self.pages and self.seconds else None

    @property
    def is_fault(self) -> bool:
        """Tell whether it ended in a way that no file may: unexpectedly, or not at all."""
        return self.outcome in _FAULTS


def read_folder(
    folder: Path,
    truth: Path | None,
    passwords: Mapping[str, str],
    open_parser: Callable[[], IsolatedParser],
    progress: Callable[[str, int, int], None],
) -> list[ReadFile]:
    """Read every file of a folder, each in a process of its own, in the order of their names.

    truth: a folder of reference texts, FILE.txt or FILE.md for a file. passwords: by file name;
    such a file is read twice, without and with it. Raises OSError.
    """
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    results: list[ReadFile] = []
    for number, path in enumerate(paths):
        progress("reading files", number, len(paths))
        reference = reference_text(truth, path.name) if truth else None
        for password in ("", *filter(None, [passwords.get(path.name)])):
            options = ParseOptions(password=password)
            results.append(read_file(path, options, open_parser, reference))
    progress("reading files", len(paths), len(paths))
    return results


def reference_text(truth: Path, name: str) -> str | None:
    """Return the words of a file's reference text, None where there is none. Raises OSError."""
    plain, marked = truth / f"{name}.txt", truth / f"{name}.md"
    if plain.is_file():
        return plain.read_text(encoding="utf-8")
    return plain_markdown(marked.read_text(encoding="utf-8")) if marked.is_file() else None


def read_file(
    path: Path,
    options: ParseOptions,
    open_parser: Callable[[], IsolatedParser],
    reference: str | None,
) -> ReadFile:
    """Read one file in a new process. Raises OSError where the file itself cannot be read."""
    content = path.read_bytes()
    parser = open_parser()
    watch = _Watch(parser)
    try:
        # What starting the process takes is not the file's.
        parser(b"-", "start.txt", ParseOptions(), lambda _share: None)
        document, seconds = _timed(parser, content, path.name, options, watch)
    except ParserFailed as failed:
        blank = _blank(path.name, options)
        ended = replace(blank, outcome=failed.code, message=str(failed), seconds=watch.seconds())
    except Exception as exc:  # noqa: BLE001 the edge of a file: what ends otherwise is what is looked for
        message = f"{type(exc).__name__}: {exc}"
        blank = _blank(path.name, options)
        ended = replace(blank, outcome="not_ended", message=message, seconds=watch.seconds())
    else:
        ended = _described(_blank(path.name, options), document, seconds, reference)
    finally:
        watch.look(1.0)
        parser.close()
    return replace(ended, peak_bytes=watch.peak_bytes)


def outcome_counts(results: Sequence[ReadFile]) -> dict[str, int]:
    """Return how many files ended in each way, the most frequent first."""
    return dict(Counter(result.outcome for result in results).most_common())


class _Watch:
    """Looks at a parser's process while it reads: its peak of memory lasts as long as it does."""

    def __init__(self, parser: IsolatedParser) -> None:
        self._parser = parser
        self._began = time.perf_counter()
        self.peak_bytes: int | None = None

    def begin(self) -> None:
        self._began = time.perf_counter()

    def seconds(self) -> float:
        return time.perf_counter() - self._began

    def look(self, _share: float) -> None:
        if (pid := self._parser.pid) is not None:
            self.peak_bytes = peak_memory(pid) or self.peak_bytes


def peak_memory(pid: int) -> int | None:
    """Return the largest resident memory that a process has had, in bytes; None if unknown."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(found[0]) * 1024 if found else None


def _timed(
    parser: IsolatedParser, content: bytes, name: str, options: ParseOptions, watch: _Watch
) -> tuple[Document, float]:
    watch.begin()
    document = parser(content, name, options, watch.look)
    if watch.seconds() < _READ_TWICE_SECONDS:
        watch.begin()
        document = parser(content, name, options, watch.look)
    return document, watch.seconds()


def _blank(name: str, options: ParseOptions) -> ReadFile:
    return ReadFile(
        name=name,
        with_password=bool(options.password),
        outcome="",
        message="",
        media_type=None,
        seconds=0.0,
        peak_bytes=None,
        pages=None,
        characters=0,
        blocks={},
        warnings=(),
        bag_f1=None,
        ordered_f1=None,
    )


def _described(
    blank: ReadFile, document: Document, seconds: float, reference: str | None
) -> ReadFile:
    words = document_words(document)
    return replace(
        blank,
        outcome="partial" if document.warnings else "ok",
        media_type=document.media_type,
        seconds=seconds,
        pages=document.page_count,
        characters=len(document.text),
        blocks=dict(Counter(block.kind.value for block in document.blocks).most_common()),
        warnings=document.warnings,
        bag_f1=None if reference is None else bag_f1(words, reference),
        ordered_f1=None if reference is None else ordered_f1(words, reference),
    )
