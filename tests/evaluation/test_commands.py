"""The command line: what is wrong is said at once, before anything is loaded."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluation.commands import app


def _invoke(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("command", ["retrieval", "answers"])
def test_command_malformed_dataset_ends_with_file_and_line(command, dataset_folder: Path) -> None:
    path = dataset_folder / "queries.jsonl"
    path.write_text(path.read_text(encoding="utf-8") + "{\n", encoding="utf-8")
    result = _invoke(command, dataset_folder, "--out", dataset_folder / "runs")
    assert result.exit_code == 2
    assert f"{path}, line 31: not JSON" in result.stderr
    assert not (dataset_folder / "runs").exists()


def test_answers_leaving_out_too_many_is_said(dataset_folder: Path) -> None:
    result = _invoke("answers", dataset_folder, "--limit", 5, "--leave-out", 6)
    assert result.exit_code == 2
    assert "cannot leave out 6 of 5 answerable questions" in result.stderr


def test_command_missing_folder_is_said(tmp_path: Path) -> None:
    result = _invoke("retrieval", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "no such folder" in result.stderr


@pytest.mark.parametrize(
    ("command", "options"),
    [("retrieval", ["--depth"]), ("answers", ["--leave-out"])],
)
def test_command_help_names_its_options(command, options) -> None:
    shown = re.sub(r"\x1b\[[0-9;]*m", "", _invoke(command, "--help").stdout)
    for option in ["--limit", "--sample", "--seed", "--out", "--data-dir", "--fresh", *options]:
        assert option in shown
