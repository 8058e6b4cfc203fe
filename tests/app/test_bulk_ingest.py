"""`youju ingest` with the real catalog and parsers; the encoder is a fake where one is needed."""

import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from app import bulk_ingest
from app.bulk_ingest import ingest_files, shown_name
from app.file_walk import walk_files
from app.ingest_document import ingest_document
from app.open_catalog import open_catalog
from app.settings import Settings
from ingestion.ports import Progress
from ingestion.records import IngestedDocument, ParseOptions, Vectors
from ingestion.store.catalog import Catalog
from ingestion.strategies import Chunking
from tests.ingestion.zip_samples import raw_zip, zipped

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
        content, name, embedder=FakeEmbedder(), chunking=Chunking(100), progress=progress
    )


class Run:
    """Ingests into one data directory and keeps what was printed."""

    def __init__(self, data: Path) -> None:
        self.settings = Settings(data_dir=data, max_upload_bytes=2000)
        self.printed = self.password = ""
        self.passwords: list[str] = []

    def __call__(self, *paths: Path) -> int:
        out = io.StringIO()
        files = list(walk_files(paths))
        console = Console(file=out, width=40)
        failed = ingest_files(
            self.settings, files, "c", console, build=self.build, password=self.password
        )
        self.printed = out.getvalue()
        return failed

    def build(self, settings: Settings) -> tuple[Catalog, object]:
        def noted(
            content: bytes, name: str, options: ParseOptions, progress: Progress
        ) -> IngestedDocument:
            self.passwords.append(options.password)
            return ingest(content, name, options, progress)

        return open_catalog(settings), noted

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
    files = list(walk_files([folder]))
    out = io.StringIO()
    assert ingest_files(run.settings, files, "a\nb", Console(file=out), build=run.build) == 2
    assert "collection" in out.getvalue()


def test_ingest_archive_is_its_files_named_after_it_inside_a_folder(run: Run, folder: Path) -> None:
    archive = zipped({"合同/一.txt": "第一份。".encode(), "b.bin": b"\x7fELF" + bytes(50)})
    (folder / "deep" / "档案.zip").write_bytes(archive)
    assert run(folder) == 1
    assert run.names() == ["a.txt", "deep/a.txt", "deep/档案.zip/合同/一.txt"]
    assert "deep/档案.zip/b.bin: " in run.printed
    assert run(folder / "deep" / "档案.zip") == 1
    assert "0 ingested, 1 unchanged, 1 failed (c)" in run.printed


def test_ingest_password_comes_with_every_file_and_opens_archives(run: Run, folder: Path) -> None:
    locked = raw_zip(b"locked.txt", "上锁的内容。".encode(), password=b"secret")
    (folder / "locked.zip").write_bytes(locked)
    assert run(folder) == 1
    assert "needs a password. Send it with `youju ingest --password`." in run.printed
    assert "field" not in run.printed
    run.password = "secret"
    (folder / "a.txt").write_text("新的内容。", encoding="utf-8")
    assert run(folder) == 0
    assert "locked.zip/locked.txt" in run.names()
    assert run.passwords == ["", "", "secret", "secret"]
    assert "secret" not in run.printed


def test_ingest_pipes_and_loops_are_told_and_fail_alone(run: Run, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to(folder)
    assert run(folder) == 2
    assert "pipe: is a pipe" in run.printed
    assert "loop: is a link to a folder" in run.printed
    assert run.names() == ["a.txt", "deep/a.txt"]


def test_ingest_goes_on_with_what_an_interrupted_call_queued(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        (folder / f"{number}.txt").write_text(f"第 {number} 份。", encoding="utf-8")

    def interrupt(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(bulk_ingest, "_watch", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(folder)
    assert len(run.names()) < 32
    assert run(folder) == 0
    assert len(run.names()) == 32
    assert " 0 failed (c)" in run.printed


def test_ingest_full_collection_fails_the_rest_with_the_reason(run: Run, folder: Path) -> None:
    run.settings = run.settings.model_copy(update={"collection_documents": 1})
    assert run(folder) == 1
    assert "holds 1 of at most 1 documents" in run.printed
    assert run.names() == ["a.txt"]


def test_watching_many_jobs_takes_few_questions(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        (folder / f"{number}.txt").write_text(f"第 {number} 份。", encoding="utf-8")
    asked: list[int] = []
    begun_jobs = Catalog.begun_jobs

    def counted(catalog: Catalog, job_ids: Sequence[str]) -> object:
        asked.append(len(job_ids))
        return begun_jobs(catalog, job_ids)

    monkeypatch.setattr(Catalog, "begun_jobs", counted)
    monkeypatch.setattr(Catalog, "job", None)
    assert run(folder) == 0
    assert asked[1] == 52


def test_shown_name_keeps_every_letter() -> None:
    assert shown_name("合同 ü.txt") == "合同 ü.txt"
