from pathlib import Path

import pytest

from app.settings import Settings
from app.settings_doc import main, render

ROOT = Path(__file__).parents[2]


def test_render_names_every_setting_with_its_default() -> None:
    page = render()
    for name in Settings.model_fields:
        assert f"| `YOUJU_{name.upper()}` |" in page
    assert "| `YOUJU_PORT` | integer ≥ 1, ≤ 65535 | `8000` |" in page
    assert "| `YOUJU_GENERATOR_URL` | text | not set |" in page
    assert "| `YOUJU_LEASE_SECONDS` | number > 1 | `30.0` |" in page


def test_committed_page_is_current() -> None:
    assert (ROOT / "docs/configuration.md").read_text(encoding="utf-8") == render()


def test_main_writes_the_page(tmp_path: Path) -> None:
    assert main([str(tmp_path / "page.md")]) == 0
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == render()


@pytest.mark.parametrize("content", [None, "old"])
def test_main_check_of_missing_or_old_page_fails_and_leaves_it(
    tmp_path: Path, content: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    if content is not None:
        page.write_text(content)
    assert main(["--check", str(page)]) == 1
    assert "make docs" in capsys.readouterr().err
    assert (page.read_text() if page.exists() else None) == content


def test_main_check_of_current_page_passes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(render(), encoding="utf-8")
    assert main(["--check", str(page)]) == 0
