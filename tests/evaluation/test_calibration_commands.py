from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluation.compliance_commands import calibrate
from ingestion.store.catalog import Catalog

REPORT = {"judged": 100, "risk": 0.08, "coverage": 0.75}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("YOUJU_DATA_DIR", str(tmp_path))
    return tmp_path / "catalog.sqlite3"


def test_calibrate_answers_shows_versions_and_takes_the_latest_back(data: Path) -> None:
    catalog = Catalog(data)
    for threshold in (0.25, 0.5):
        weights = {"threshold": threshold, "slope": 1.0, "bias": -0.5}
        catalog.calibrations.put("hr", weights, REPORT)
    catalog.close()
    runner = CliRunner()
    shown = runner.invoke(calibrate, ["answers", "hr", "--show"])
    assert shown.exit_code == 0, shown.output
    first, second = shown.stdout.splitlines()
    assert first.startswith("version 2: threshold 0.500, slope 1.000, bias -0.500; on 100")
    assert first.endswith("8.0 % wrong of those shown, 75.0 % answered (in use)")
    assert second.endswith("(older)")
    assert runner.invoke(calibrate, ["answers", "hr", "--rollback"]).exit_code == 0
    assert "(taken back)" in runner.invoke(calibrate, ["answers", "hr", "--show"]).stdout
    assert runner.invoke(calibrate, ["answers", "hr", "--rollback"]).exit_code == 0
    nothing = runner.invoke(calibrate, ["answers", "hr", "--rollback"])
    assert nothing.exit_code == 1
    assert "no calibration" in nothing.output


def test_calibrate_answers_show_and_rollback_together_are_refused(data: Path) -> None:
    done = CliRunner().invoke(calibrate, ["answers", "hr", "--show", "--rollback"])
    assert done.exit_code == 2
    assert not data.exists()
