from pathlib import Path

from typer.testing import CliRunner

from evaluation.commands import app


def test_injection_with_a_wrong_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text("{", encoding="utf-8")
    done = CliRunner().invoke(app, ["injection", str(path), "--out", str(tmp_path / "runs")])
    assert done.exit_code == 1
    assert "own.jsonl, line 1" in done.output
    missing = CliRunner().invoke(app, ["injection", str(tmp_path / "none.jsonl")])
    assert missing.exit_code == 1
    assert "none.jsonl" in missing.output
