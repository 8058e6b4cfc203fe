"""`youju ingest` with the real catalog and parsers; the encoder is a fake where one is needed."""

import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from app.bulk_ingest import files_under, ingest_files, shown_name
from app.ingest_document import ingest_document
from app.settings import Settings
from ingestion.catalog import Catalog
from ingestion.ports import Progress
from ingestion.records import IngestedDocument, ParseOptions, Vectors

CATALOG = "catalog.sqlite3"


class FakeEmbedder:
    """Vectors that mean nothing, at once."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 4), dtype=np.float32) / 2

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]


def ingest(
    content: bytes, name: str, _options: ParseOptions, progress: Progress
) -> IngestedDocument:
    return ingest_document(
        content, name, embedder=FakeEmbedder(), chunk_tokens=100, progress=progress
    )


class Run:
    """Ingests into one data directory and keeps what was printed."""

    def __init__(self, data: Path) -> None:
        self.settings = Settings(data_dir=data, max_upload_bytes=2000)
        self.printed = ""

    def __call__(self, *paths: Path) -> int:
        out = io.StringIO()
        files, missing = files_under(paths)
        assert missing == []
        console = Console(file=out, width=40)
        failed = ingest_files(self.settings, files, "c", console, build=self.build)
        self.printed = out.getvalue()
        return failed

    def build(self, settings: Settings) -> tuple[Catalog, object]:
        return Catalog(settings.data_dir / CATALOG), ingest

    def names(self) -> list[str]:
        catalog = Catalog(self.settings.data_dir / CATALOG)
        documents, _ = catalog.documents("c", 0, 100)
        catalog.close()
        return sorted(document.name for document in documents)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "data")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    for name in ("a.txt", "deep/a.txt", ".hidden.txt", ".git/config.txt"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"这是文件 {name} 的内容。", encoding="utf-8")
    return folder


def test_files_under_folder_leaves_hidden_files_out_and_keeps_the_way(folder: Path) -> None:
    files, missing = files_under([folder])
    assert files == [(folder / "a.txt", "a.txt"), (folder / "deep/a.txt", "deep/a.txt")]
    assert missing == []


def test_files_under_hidden_file_that_is_named_is_taken(folder: Path) -> None:
    assert files_under([folder / ".hidden.txt"])[0] == [(folder / ".hidden.txt", ".hidden.txt")]


def test_files_under_missing_path_is_told_and_the_others_are_found(folder: Path) -> None:
    files, missing = files_under([folder / "none", folder / "a.txt"])
    assert [name for _, name in files] == ["a.txt"]
    assert missing == [folder / "none"]


def test_ingest_same_name_in_two_folders_is_two_documents(run: Run, folder: Path) -> None:
    assert run(folder) == 0
    assert run.names() == ["a.txt", "deep/a.txt"]
    assert "2 ingested, 0 unchanged, 0 failed (c)" in run.printed


def test_ingest_second_run_skips_what_did_not_change(run: Run, folder: Path) -> None:
    run(folder)
    (folder / "a.txt").write_text("这是新的内容。", encoding="utf-8")
    assert run(folder) == 0
    assert "1 ingested, 1 unchanged, 0 failed (c)" in run.printed


def test_ingest_two_files_of_one_name_takes_the_first_and_says_so(run: Run, folder: Path) -> None:
    assert run(folder / "a.txt", folder / "deep" / "a.txt") == 1
    assert "a.txt: Another file of this request has the same name" in run.printed
    assert run.names() == ["a.txt"]


def test_ingest_failing_files_are_told_with_reasons_and_the_rest_is_done(
    run: Run, folder: Path
) -> None:
    (folder / "big.txt").write_bytes(b"x" * 2001)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    (folder / "[red]empty.txt").write_bytes(b"\n")
    assert run(folder) == 3
    lines = run.printed.splitlines()
    for name in ("big.txt", "broken.pdf", "[red]empty.txt"):
        reasons = [line for line in lines if line.startswith(f"{name}: ")]
        assert len(reasons) == 1 and len(reasons[0]) > len(name) + 10, run.printed
    assert "2 ingested, 0 unchanged, 3 failed (c)" in run.printed
    assert run.names() == ["a.txt", "deep/a.txt"]


def test_ingest_file_that_cannot_be_read_fails_alone(run: Run, folder: Path) -> None:
    # The memory of a process is a file that nobody can read from its start.
    assert run(Path("/proc/self/mem"), folder / "a.txt") == 1
    assert "mem: " in run.printed
    assert run.names() == ["a.txt"]


def test_ingest_name_that_is_no_text_fails_alone(run: Run, folder: Path) -> None:
    (folder / os.fsdecode(b"b\xff.txt")).write_text("内容。", encoding="utf-8")
    assert run(folder) == 1
    assert "b?.txt: " in run.printed
    assert run.names() == ["a.txt", "deep/a.txt"]


def test_ingest_collection_that_is_no_name_fails_every_file(run: Run, folder: Path) -> None:
    files, _ = files_under([folder])
    out = io.StringIO()
    assert ingest_files(run.settings, files, "a\nb", Console(file=out), build=run.build) == 2
    assert "collection" in out.getvalue()


def test_shown_name_keeps_every_letter() -> None:
    assert shown_name("合同 ü.txt") == "合同 ü.txt"
