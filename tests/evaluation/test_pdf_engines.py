"""Engines side by side: each in a process of its own, each failure told."""

import os
import time
from pathlib import Path

import pytest

from evaluation import pdf_engines
from evaluation.pdf_engines import (
    ENGINES,
    Reading,
    engine_rows,
    failure_rows,
    installed,
    read_apart,
)
from tests.ingestion.parsers.pdf_samples import Sheet


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sheet = Sheet()
    sheet.line(72, 700, "Two words")
    sheet.next_page()
    path = tmp_path_factory.mktemp("pdf") / "drawn.pdf"
    path.write_bytes(sheet.content())
    return path


@pytest.mark.parametrize("engine", ["Youju", "pypdfium2", "pypdf"])
def test_engine_reads_words_and_pages(engine: str, drawn: Path) -> None:
    text, pages = ENGINES[engine][1](drawn.read_bytes())
    assert (text.split(), pages) == (["Two", "words"], 1)


def test_installed_names_what_is_there() -> None:
    assert {"Youju", "pypdfium2", "pypdf"} <= set(installed())


def test_read_apart_tells_text_and_failures(drawn: Path) -> None:
    def dies(_content: bytes) -> tuple[str, int]:
        os._exit(3)

    def hangs(_content: bytes) -> tuple[str, int]:
        time.sleep(30)
        return "", 0

    def raises(_content: bytes) -> tuple[str, int]:
        raise ZeroDivisionError

    read = read_apart("a", lambda content: (str(len(content)), 1), drawn, 20)
    assert (read.text, read.failure) == (str(drawn.stat().st_size), "")
    assert read_apart("a", dies, drawn, 20).failure == "died"
    assert read_apart("a", hangs, drawn, 0.1).failure == "deadline"
    assert read_apart("a", raises, drawn, 20).failure == "ZeroDivisionError"
    refused = drawn.with_name("broken.pdf")
    refused.write_bytes(b"%PDF-1.4")
    assert read_apart("a", pdf_engines.with_parser, refused, 20).failure == "broken_document"


def test_rows_compare_fidelity_speed_and_failures() -> None:
    readings = [
        Reading("A", "a.pdf", "cdab", 10, 2.0, ""),
        Reading("A", "b.pdf", "xy", 40, 3.0, ""),
        Reading("B", "a.pdf", "", 0, 0.0, "died"),
        Reading("B", "b.pdf", "xy", 5, 1.0, ""),
    ]
    versions = {"A": "1", "B": "2"}
    assert engine_rows(readings, {"a.pdf": "abcd"}, versions) == [
        ["A 1", 2, 0, 1.0, 0.5, 0.5, 10.0],
        ["B 2", 1, 1, 0.0, 0.0, 0.0, None],
    ]
    assert failure_rows(readings, versions) == [["a.pdf", "4 chars", "died"]]
