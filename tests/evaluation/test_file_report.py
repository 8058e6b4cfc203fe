"""The tables and files that tell how reading went."""

import json
from dataclasses import replace
from pathlib import Path

from evaluation.file_report import COLUMNS, file_rows, markdown_table, summary_rows, write_report
from evaluation.file_run import ReadFile

READ = ReadFile(
    name="a|b.pdf",
    with_password=True,
    outcome="partial",
    message="",
    media_type="application/pdf",
    seconds=0.5,
    peak_bytes=80 * 2**20,
    pages=20,
    characters=1000,
    blocks={"paragraph": 3, "table": 1},
    warnings=("Pages that have no text layer: 2.",),
    bag_f1=1.0,
    ordered_f1=0.9,
)
BROKEN = replace(
    READ,
    name="b.docx",
    with_password=False,
    outcome="internal_error",
    message="long " * 100,
    pages=None,
    peak_bytes=None,
    warnings=(),
    blocks={},
    ordered_f1=None,
)


def test_file_rows_have_all_columns_and_short_remarks() -> None:
    first, second = file_rows([READ, BROKEN])
    shown = dict(zip(COLUMNS, first, strict=True))
    assert shown["file"] == "a|b.pdf (with password)"
    assert (shown["pages/s"], shown["peak MB"]) == (40, 80)
    assert shown["blocks"] == "3 paragraph, 1 table"
    assert shown["remarks"] == READ.warnings[0]
    assert len(str(second[-1])) == 161


def test_summary_rows_count_outcomes_and_name_the_extremes() -> None:
    rows = {str(what): value for what, value in summary_rows([READ, BROKEN])}
    assert rows["files read"] == 2
    assert rows["ended: partial"] == 1
    assert rows["ended unexpectedly or not at all"] == 1
    assert rows["largest peak of memory, MB (a|b.pdf)"] == 80
    assert rows["lowest F1 in order"] == 0.9
    assert summary_rows([])[0] == ["files read", 0]


def test_markdown_table_keeps_bars_and_line_breaks_out_of_cells() -> None:
    table = markdown_table(["a", "b"], [["x|y\nz", None]])
    assert table == "| a | b |\n| --- | --- |\n| x\\|y z | – |\n"


def test_write_report_is_markdown_or_json_by_the_name(tmp_path: Path) -> None:
    write_report(tmp_path / "new" / "files.md", [READ])
    assert "| a\\|b.pdf (with password) | partial |" in (tmp_path / "new" / "files.md").read_text()
    write_report(tmp_path / "files.json", [READ])
    [file] = json.loads((tmp_path / "files.json").read_text())["files"]
    assert (file["ordered_f1"], file["blocks"]) == (0.9, {"paragraph": 3, "table": 1})
