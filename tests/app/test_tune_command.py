from pathlib import Path

import pytest

from app.cli import main
from ingestion.store.catalog import Catalog


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("YOUJU_DATA_DIR", str(tmp_path))
    return tmp_path / "catalog.sqlite3"


def _call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    code = ended.value.code
    assert isinstance(code, int | None)
    return code or 0


def test_tune_shows_versions_and_takes_the_latest_back(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog = Catalog(data)
    for words in (0.5, 0.625):
        catalog.tuned_weights.put("hr", {"words": words}, {"before": 0.5, "after": 0.75})
    catalog.close()
    assert _call("tune", "hr", "--show") == 0
    assert capsys.readouterr().out.splitlines() == [
        "version 2 (in use), 0.500 → 0.750: words 0.625",
        "version 1 (older), 0.500 → 0.750: words 0.5",
    ]
    assert _call("tune", "hr", "--rollback") == 0
    assert "version 2 was taken back; version 1 is used" in capsys.readouterr().err
    assert _call("tune", "hr", "--rollback") == 0
    assert "the standard weights are used" in capsys.readouterr().err
    assert _call("tune", "hr", "--rollback") == 1
    assert "no tuned weights" in capsys.readouterr().err


def test_tune_show_of_a_collection_never_tuned_says_so(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _call("tune", "hr", "--show") == 0
    assert "standard weights" in capsys.readouterr().err
    assert _call("tune", "hr", "--show", "--rollback") == 2


def test_tune_of_one_level_alone_is_a_wrong_call(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YOUJU_KEY_INDEX", "raw_only")
    assert _call("tune", "hr") == 2
