import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import app
from app.open_catalog import CATALOG_FILE
from ingestion.store.audit import AuditDraft
from ingestion.store.catalog import Catalog


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YOUJU_DATA_DIR", str(tmp_path))
    catalog = Catalog(tmp_path / CATALOG_FILE)
    for trace in ("a", "b"):
        catalog.audit.append([AuditDraft(trace, "hr", "allowed", "", {}, {"draft": "句子"})])
    catalog.close()


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["audit", *words])


def test_head_is_what_verify_takes() -> None:
    head = "".join(run("head").stdout.split())
    assert head.startswith("2:")
    assert run("verify", "--head", head).exit_code == 0
    assert run("verify", "--head", "3:" + head[2:]).exit_code == 1
    assert run("verify", "--head", "nonsense").exit_code == 2


def test_erase_then_export_has_no_words_and_the_chain_holds(tmp_path: Path) -> None:
    assert run("erase").exit_code == 2
    assert run("erase", "--trace", "a").exit_code == 0
    assert run("verify").exit_code == 0
    file = tmp_path / "audit.jsonl"
    assert run("export", str(file), "--collection", "hr").exit_code == 0
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [row["texts"] for row in rows] == [None, {"draft": "句子"}]
    assert run("export", str(file)).exit_code == 1


def test_replay_of_what_is_not_there_says_so() -> None:
    for entry in ("99", "0", "no-such-trace", "9" * 40):
        assert run("replay", entry).exit_code == 1


def test_replay_by_number_or_trace_tells_each_entry(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YOUJU_MODELS_DIR", str(models_dir))
    for entry in ("1", "a"):
        said = run("replay", entry)
        assert said.exit_code == 1
        assert said.stdout.split("\n")[:2] == ["1  impossible", "    it is no verdict"]
