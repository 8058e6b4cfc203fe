from pathlib import Path

import pytest
from typer.testing import CliRunner

from training.commands import app


def test_sft_recipe_that_is_missing_ends_in_one_line(tmp_path: Path) -> None:
    recipe = tmp_path / "none.json"
    asked = ["sft", str(recipe), "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 1
    assert "none.json: " in done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["reranker", "embedder"])
def test_ranking_recipe_that_is_missing_ends_in_one_line(
    models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("YOUJU_MODELS_DIR", str(models_dir))
    recipe = tmp_path / "none.json"
    asked = [command, str(recipe), "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 1
    assert "none.json: " in done.output
    assert not (tmp_path / "out").exists()
