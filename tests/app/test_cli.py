"""The command line as a user calls it, over one small data directory with the bundled models."""

import io
import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.cli import _asked_password, main
from ingestion.errors import WrongPassword
from ingestion.store.catalog import Catalog

STATUTE = "# 借阅规则\n\n第一条 借阅期限为三十日。\n\n第二条 每次借书不得超过五册。\n"
FERRY = "The ferry crossing takes forty minutes. It leaves from pier seven.\n"
MARKUP = "[red]gate[/red] :cat: opens at nine in the morning.\n"


@dataclass(frozen=True)
class Said:
    """What a call of the program came to."""

    code: int
    out: str
    err: str


class Youju:
    """Calls the program in this process."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, *arguments: str) -> Said:
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        code = ended.value.code
        assert isinstance(code, int | None)
        captured = self._capture.readouterr()
        return Said(code or 0, captured.out, captured.err)


@pytest.fixture
def youju(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Youju:
    for name in list(os.environ):
        if name.startswith("YOUJU_"):
            monkeypatch.delenv(name)
    return Youju(capsys)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Path:
    """Ingest three documents and one that fails, once."""
    data = tmp_path_factory.mktemp("data")
    files = tmp_path_factory.mktemp("files")
    (files / "rules.md").write_text(STATUTE, encoding="utf-8")
    (files / "ferry.txt").write_text(FERRY, encoding="utf-8")
    (files / "[red]gate.txt").write_text(MARKUP, encoding="utf-8")
    (files / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("YOUJU_DATA_DIR", str(data))
        patch.setenv("YOUJU_MODELS_DIR", str(models_dir))
        with pytest.raises(SystemExit) as ended:
            main(["ingest", str(files)])
    assert ended.value.code == 1
    return data


@pytest.fixture
def here(filled: Path, models_dir: Path, youju: Youju, monkeypatch: pytest.MonkeyPatch) -> Youju:
    monkeypatch.setenv("YOUJU_DATA_DIR", str(filled))
    monkeypatch.setenv("YOUJU_MODELS_DIR", str(models_dir))
    return youju


def test_help_lists_every_command(youju: Youju) -> None:
    said = youju("--help")
    assert said.code == 0
    for command in (
        "serve",
        "ingest",
        "chunks",
        "ask",
        "search",
        "documents",
        "jobs",
        "models",
        "fsck",
        "reembed",
        "backup",
        "restore",
        "evaluate",
    ):
        assert command in said.out


def test_unknown_command_is_a_wrong_call(youju: Youju) -> None:
    assert youju("fly").code == 2


@pytest.mark.parametrize("command", [["serve"], ["documents"], ["ask", "谁？"], ["search", "x"]])
def test_wrong_setting_ends_in_one_line_without_its_value(
    youju: Youju, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YOUJU_TOP_K", "many")
    monkeypatch.setenv("YOUJU_GENERATOR", "gpt")
    said = youju(*command)
    assert (said.code, said.out) == (2, "")
    (line,) = said.err.splitlines()
    assert "YOUJU_TOP_K: Input should be a valid integer" in line
    assert "YOUJU_GENERATOR: Input should be 'bundled' or 'none'" in line
    assert "many" not in line


def test_data_directory_that_cannot_be_ends_in_one_line(
    youju: Youju, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "catalog.sqlite3").write_bytes(b"no database" * 1000)
    monkeypatch.setenv("YOUJU_DATA_DIR", str(tmp_path))
    said = youju("documents")
    assert said.code == 1
    assert len(said.err.splitlines()) == 1


def test_ingest_path_that_is_missing_is_told_as_it_is(
    youju: Youju, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YOUJU_DATA_DIR", str(tmp_path / "data"))
    missing = tmp_path / "[red]none[" / ":cat:"
    said = youju("ingest", str(missing))
    assert said.code == 1
    assert f"{missing}: there is no such file or folder" in said.err.splitlines()
    assert "0 ingested, 0 unchanged, 1 failed (default)" in said.err


def test_chunks_prints_where_a_file_is_cut_and_stores_nothing(here: Youju, tmp_path: Path) -> None:
    path = tmp_path / "[red]规则.md"
    path.write_text("\n\n".join(f"{STATUTE}第{n}条 {FERRY * 4}" for n in "三四"), "utf-8")
    said = here("chunks", str(path), "--strategy", "greedy_nsp", "--tokens", "64", "--json")
    assert said.code == 0
    told = json.loads(said.out)
    assert (told["name"], told["strategy"], told["limit"]) == (path.name, "greedy_nsp", 64)
    first, *others = told["chunks"]
    assert first["coherence"] is None
    assert others
    assert all(0 <= chunk["coherence"] <= 1 for chunk in others)
    assert all(0 < chunk["tokens"] <= 64 for chunk in told["chunks"])
    lines = here("chunks", str(path)).out.splitlines()
    assert lines[1] == "   借阅规则"
    assert here("documents").err.strip() == "3 documents"


def test_chunks_of_what_cannot_be_read_says_why_in_one_line(
    youju: Youju, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 and nothing more")
    for path, reason in ((tmp_path, "is a folder; name one file"), (broken, "cannot be read")):
        said = youju("chunks", str(path))
        assert (said.code, said.out) == (1, "")
        (line,) = said.err.splitlines()
        assert line.startswith(f"{path}: ")
        assert reason in line
    assert youju("chunks", str(broken), "--tokens", "5").code == 2
    assert youju("chunks", str(broken), "--strategy", "random").code == 2
    monkeypatch.setenv("YOUJU_NSP_MODEL", "none")
    said = youju("chunks", str(broken), "--strategy", "nsp")
    assert said.code == 2
    assert "nsp needs a model" in said.err


def test_ask_prints_the_answer_with_its_evidence(here: Youju) -> None:
    said = here("ask", "The ferry crossing takes how many minutes?", "--strategy", "extract")
    assert said.code == 0
    assert said.out.splitlines() == [
        "The ferry crossing takes forty minutes.",
        "  [1] ferry, 0–39: The ferry crossing takes forty minutes.",
    ]
    assert "answered, confidence 0." in said.err


def test_ask_beyond_the_documents_is_refused(here: Youju) -> None:
    said = here("ask", "火星的平均气温是多少？", "--strategy", "extract")
    assert said.code == 0
    assert "refused" in said.err
    assert "default" in said.out


def test_search_prints_passages_as_they_are(here: Youju) -> None:
    said = here("search", "gate opens in the morning", "--top-k", "1")
    first, text = said.out.splitlines()
    assert first.startswith("1. ")
    assert text.strip() == MARKUP.strip()


def test_search_in_a_collection_without_documents_says_so(here: Youju) -> None:
    said = here("search", "gate", "-c", "[b]none")
    assert (said.code, said.out) == (0, "")
    assert said.err.splitlines()[-1] == "collection [b]none holds no documents"


def test_documents_lists_names_as_they_are(here: Youju) -> None:
    said = here("documents")
    assert {line.split("chunks  ")[1] for line in said.out.splitlines()} == {
        "rules.md",
        "ferry.txt",
        "[red]gate.txt",
    }
    assert said.err.strip() == "3 documents"


def test_jobs_lists_states_and_reasons(here: Youju) -> None:
    said = here("jobs")
    lines = said.out.splitlines()
    assert len(lines) == 4
    (failed,) = (line for line in lines if "failed" in line)
    assert "broken.pdf  broken_document: " in failed
    assert sum(" done " in line and "100%" in line for line in lines) == 3


def test_jobs_names_the_option_for_a_password_not_the_field_of_a_form(
    youju: Youju, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    catalog.submit("default", "a.pdf", b"locked", {})
    job = catalog.claim("w1", 60)
    assert job is not None
    catalog.fail(job.job_id, "w1", WrongPassword.code, str(WrongPassword()))
    catalog.close()
    monkeypatch.setenv("YOUJU_DATA_DIR", str(tmp_path))
    said = youju("jobs")
    assert "wrong_password: The password does not open the document." in said.out
    assert "Send the right one with `youju ingest --password`." in said.out
    assert "field" not in said.out


def test_models_prepare_is_quick_when_they_are_there(here: Youju, models_dir: Path) -> None:
    said = here("models", "prepare")
    assert (said.code, said.err) == (0, f"models are ready in {models_dir}\n")


def test_password_from_a_pipe_is_its_first_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("open sesame \nnot this"))
    assert _asked_password() == "open sesame "
