from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluation.commands import app
from evaluation.compliance_commands import calibrate


def test_compliance_without_topics_prints_rates_and_what_went_wrong(tmp_path: Path) -> None:
    line = (
        '{"text": "%s", "language": "zh", "kind": "violation", "category": "promise",'
        ' "expected": "block"}\n'
    )
    path = tmp_path / "own.jsonl"
    path.write_text(line % "本产品保证收益。" + line % "今天天气很好。", encoding="utf-8")
    done = CliRunner().invoke(app, ["compliance", str(path), "--no-topics", "--wrong"])
    assert done.exit_code == 0, done.output
    assert "1 = 50.0 %" in done.output
    assert "let through: zh violation promise: 今天天气很好。" in done.output


@pytest.mark.parametrize("content", ["{", ""])
def test_compliance_with_wrong_file_says_so(tmp_path: Path, content: str) -> None:
    path = tmp_path / "own.jsonl"
    if content:
        path.write_text(content, encoding="utf-8")
    done = CliRunner().invoke(app, ["compliance", str(path), "--no-topics"])
    assert done.exit_code == 1
    assert "own.jsonl" in done.output


def test_calibrate_with_missing_file_says_so(tmp_path: Path) -> None:
    done = CliRunner().invoke(calibrate, ["compliance", str(tmp_path / "none.jsonl")])
    assert done.exit_code == 1
    assert "none.jsonl" in done.output
