"""Ways to read PDFs, compared: `python -m evaluation.pdf_engines FOLDER --truth FOLDER`.

Each engine reads each file in a process of its own, which ends at a deadline. Engines that are not
installed are left out; none but our own parser and what it stands on comes with this project.
"""

import argparse
import io
import multiprocessing
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from multiprocessing.connection import Connection
from pathlib import Path

from evaluation.file_report import markdown_table
from evaluation.file_run import reference_text
from evaluation.report import Cell
from evaluation.text_fidelity import bag_f1, document_words, ordered_f1
from ingestion.errors import IngestionError
from ingestion.parse import parse
from ingestion.records import ParseOptions

Extract = Callable[[bytes], tuple[str, int]]
"""A PDF's bytes to its text and the number of its pages."""

COLUMNS = ["engine", "files read", "failed", "F1", "F1 in order", "lowest in order", "pages/s"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one engine made of one file. failure: a class of exception, `died` or `deadline`.

    cpu_seconds: of the process, what loading the engine takes left out.
    """

    engine: str
    name: str
    text: str
    pages: int
    cpu_seconds: float
    failure: str


def with_parser(content: bytes) -> tuple[str, int]:
    """Read with our own parser, without OCR. Raises IngestionError."""
    document = parse(content, "file.pdf", ParseOptions(ocr=False))
    return document_words(document), document.page_count or 0


def with_pypdfium2(content: bytes) -> tuple[str, int]:
    """Read PDFium's own order of the text."""
    with import_module("pypdfium2").PdfDocument(content) as pdf:
        return "\n".join(page.get_textpage().get_text_range() for page in pdf), len(pdf)


def with_pypdf(content: bytes) -> tuple[str, int]:
    """Read with pypdf."""
    pdf = import_module("pypdf").PdfReader(io.BytesIO(content))
    return "\n".join(page.extract_text() for page in pdf.pages), len(pdf.pages)


def with_pdfminer(content: bytes) -> tuple[str, int]:
    """Read with pdfminer.six and its analysis of the layout; it ends pages with form feeds."""
    text: str = import_module("pdfminer.high_level").extract_text(io.BytesIO(content))
    return text, text.count("\f")


def with_pdfplumber(content: bytes) -> tuple[str, int]:
    """Read with pdfplumber, which stands on pdfminer.six."""
    with import_module("pdfplumber").open(io.BytesIO(content)) as pdf:
        return "\n".join(page.extract_text() for page in pdf.pages), len(pdf.pages)


ENGINES: Mapping[str, tuple[str, Extract]] = {
    "Youju": ("youju", with_parser),
    "pypdfium2": ("pypdfium2", with_pypdfium2),
    "pypdf": ("pypdf", with_pypdf),
    "pdfminer.six": ("pdfminer.six", with_pdfminer),
    "pdfplumber": ("pdfplumber", with_pdfplumber),
}
"""By name: the package whose version is shown, and what reads with it."""


def installed() -> dict[str, str]:
    """Return the version of each engine that is there."""
    versions: dict[str, str] = {}
    for engine, (package, _) in ENGINES.items():
        try:
            versions[engine] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def read_apart(engine: str, extract: Extract, path: Path, seconds: float) -> Reading:
    """Read a file in a process of its own. Raises OSError where the file cannot be read."""
    content = path.read_bytes()
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_answer, args=(theirs, extract, content), daemon=True)
    process.start()
    theirs.close()
    text, pages, spent, failure = "", 0, 0.0, "deadline"
    try:
        if ours.poll(seconds):
            text, pages, spent, failure = ours.recv()
    except EOFError:
        failure = "died"
    process.kill()
    process.join()
    ours.close()
    return Reading(engine, path.name, text, pages, spent, failure)


def engine_rows(
    readings: Sequence[Reading], references: Mapping[str, str], versions: Mapping[str, str]
) -> list[list[Cell]]:
    """Return a row of COLUMNS for each engine. references: by file name.

    The speed is of all files of ten pages or more that the engine could read, a CPU second each.
    """
    rows: list[list[Cell]] = []
    for engine, number in versions.items():
        own = [reading for reading in readings if reading.engine == engine]
        read = [reading for reading in own if not reading.failure]
        known = [reading for reading in own if reading.name in references]
        ordered = [ordered_f1(one.text, references[one.name]) for one in known]
        bags = [bag_f1(one.text, references[one.name]) for one in known]
        long = [reading for reading in read if reading.pages >= 10 and reading.cpu_seconds]
        seconds = sum(reading.cpu_seconds for reading in long)
        rows.append(
            [
                f"{engine} {number}",
                len(read),
                len(own) - len(read),
                sum(bags) / len(bags) if bags else None,
                sum(ordered) / len(ordered) if ordered else None,
                min(ordered, default=None),
                round(sum(reading.pages for reading in long) / seconds, 1) if seconds else None,
            ]
        )
    return rows


def failure_rows(readings: Sequence[Reading], versions: Mapping[str, str]) -> list[list[Cell]]:
    """Return, for each file that some engine could not read, what each made of it."""
    failed = sorted({reading.name for reading in readings if reading.failure})
    ended = {(one.name, one.engine): one.failure or f"{len(one.text)} chars" for one in readings}
    return [[name, *(ended.get((name, engine)) for engine in versions)] for name in failed]


def main() -> None:
    """Compare the installed engines and show the tables in Markdown."""
    arguments = argparse.ArgumentParser(
        prog="python -m evaluation.pdf_engines", description=__doc__
    )
    arguments.add_argument("folder", type=Path)
    arguments.add_argument(
        "--truth", type=Path, required=True, help="reference texts, FILE.txt/.md"
    )
    arguments.add_argument("--seconds", type=float, default=300, help="longest for one file")
    asked = arguments.parse_args()
    paths = sorted(asked.folder.glob("*.pdf"))
    references = {path.name: reference_text(asked.truth, path.name) for path in paths}
    versions = installed()
    for _, extract in (ENGINES[engine] for engine in versions):
        _loaded(extract)
    readings = [
        read_apart(engine, ENGINES[engine][1], path, asked.seconds)
        for path in paths
        for engine in versions
    ]
    known = {name: text for name, text in references.items() if text is not None}
    tables = [
        markdown_table(COLUMNS, engine_rows(readings, known, versions)),
        markdown_table(["file", *versions], failure_rows(readings, versions)),
    ]
    sys.stdout.write("\n".join(tables))


def _loaded(extract: Extract) -> None:
    """Import what an engine needs, so that its processes start with it; the file is no PDF."""
    try:
        extract(b"%PDF-1.4")
    except Exception:  # noqa: BLE001 each engine has its own way to refuse it
        return


def _answer(pipe: Connection, extract: Extract, content: bytes) -> None:
    began = time.process_time()
    try:
        text, pages = extract(content)
    except IngestionError as exc:
        pipe.send(("", 0, 0.0, exc.code))
    except Exception as exc:  # noqa: BLE001 what an engine raises is what is looked for
        pipe.send(("", 0, 0.0, type(exc).__name__))
    else:
        pipe.send((text, pages, time.process_time() - began, ""))


if __name__ == "__main__":
    main()
