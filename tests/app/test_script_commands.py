from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.script_commands import commands


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YOUJU_DATA_DIR", str(tmp_path / "data"))


def test_starter_scripts_imported_are_exported_and_listed(tmp_path: Path) -> None:
    run = CliRunner().invoke
    assert run(commands, ["import", "--starter"]).exit_code == 0
    file = tmp_path / "s.csv"
    assert run(commands, ["export", str(file)]).exit_code == 0
    assert file.read_bytes().count(b"starter-zh-") >= 40
    again = run(commands, ["import", str(file)])
    assert again.exit_code == 0
    assert "0 of" in again.output
    assert run(commands, ["list"]).output.count("starter-en-") >= 40


def test_import_of_a_wrong_file_stores_nothing_and_says_why(tmp_path: Path) -> None:
    run = CliRunner().invoke
    file = tmp_path / "s.csv"
    file.write_text("text,language,stage\n好,zh,opening\n坏,fr,opening\n", encoding="utf-8")
    wrong = run(commands, ["import", str(file)])
    assert wrong.exit_code == 1
    assert "row 2, language" in wrong.output
    assert "starter" not in run(commands, ["list"]).output
    assert run(commands, ["import", str(tmp_path / "none.csv")]).exit_code == 1
    assert run(commands, ["import"]).exit_code == 2
    assert run(commands, ["export", str(tmp_path / "s.txt")]).exit_code == 2
