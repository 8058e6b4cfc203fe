"""Files read for their outcome, in the real parser process."""

import os
import sys
from pathlib import Path

import pytest

from evaluation.file_run import ReadFile, peak_memory, read_folder, reference_text
from ingestion.isolated import IsolatedParser
from ingestion.records import Document, ParseOptions
from tests.ingestion.parsers.pdf_samples import Sheet

HOSTILE = (sys.executable, "-m", "tests.ingestion.hostile_child")


def open_parser() -> IsolatedParser:
    return IsolatedParser(memory_bytes=2**30, seconds=30, stall_seconds=30, command=HOSTILE)


def read(folder: Path, truth: Path | None = None, **passwords: str) -> dict[str, ReadFile]:
    seen: list[tuple[str, int, int]] = []
    results = read_folder(folder, truth, passwords, open_parser, lambda *told: seen.append(told))
    assert seen[-1] == ("reading files", len(list(folder.iterdir())), len(seen) - 1)
    return {f"{one.name}{'+' if one.with_password else ''}": one for one in results}


def locked() -> bytes:
    sheet = Sheet(encrypt="open")
    sheet.line(72, 700, "Two words")
    sheet.next_page()
    return sheet.content()


def test_read_folder_tells_how_each_file_ended(tmp_path: Path) -> None:
    files, truth = tmp_path / "files", tmp_path / "truth"
    files.mkdir()
    truth.mkdir()
    (files / "a.txt").write_bytes("第一条 甲乙。\n\n第二条 丙丁。".encode())
    (files / "bug").write_bytes(b"x")
    (files / "locked.pdf").write_bytes(locked())
    (truth / "a.txt.txt").write_text("第一条 甲乙。", encoding="utf-8")
    (truth / "locked.pdf.md").write_text("# Two words", encoding="utf-8")
    ended = read(files, truth, **{"locked.pdf": "open"})
    outcomes = {name: one.outcome for name, one in ended.items()}
    assert outcomes == {
        "a.txt": "ok",
        "bug": "internal_error",
        "locked.pdf": "password_required",
        "locked.pdf+": "ok",
    }
    assert [name for name, one in ended.items() if one.is_fault] == ["bug"]
    text = ended["a.txt"]
    assert (text.characters, text.pages, text.pages_per_second) == (16, None, None)
    assert sum(text.blocks.values()) == 2
    assert text.bag_f1 == text.ordered_f1 == pytest.approx(12 / 18)
    assert (text.peak_bytes or 0) > 10 * 2**20
    opened = ended["locked.pdf+"]
    assert (opened.ordered_f1, opened.pages) == (1.0, 1)
    assert (opened.pages_per_second or 0) > 0
    assert ended["bug"].ordered_f1 is None


class Deaf(IsolatedParser):
    """Raises what no parser may."""

    def __call__(
        self, content: bytes, name: str, options: ParseOptions, advance: object
    ) -> Document:
        raise EOFError("half an answer")


def test_read_folder_other_errors_are_files_that_did_not_end(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"text")
    deaf = Deaf(memory_bytes=2**30, seconds=1, stall_seconds=1)
    [one] = read_folder(tmp_path, None, {}, lambda: deaf, lambda *_: None)
    assert (one.outcome, one.is_fault, one.peak_bytes) == ("not_ended", True, None)
    assert one.message == "EOFError: half an answer"


def test_reference_text_is_none_without_a_file(tmp_path: Path) -> None:
    assert reference_text(tmp_path, "a.txt") is None


def test_peak_memory_is_known_of_a_process_that_runs() -> None:
    assert (peak_memory(os.getpid()) or 0) > 2**20
    assert peak_memory(2**22 + 1) is None
