"""What reading a folder of files showed, as tables and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from evaluation.file_run import ReadFile, outcome_counts
from evaluation.report import Cell, shown, source_state, this_machine

COLUMNS = [
    "file",
    "outcome",
    "media type",
    "seconds",
    "pages",
    "pages/s",
    "characters",
    "blocks",
    "peak MB",
    "F1",
    "F1 in order",
    "remarks",
]
_SHORT_TYPES = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "DOCX",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PPTX",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX",
    "application/vnd.oasis.opendocument.text": "ODT",
}
_LONGEST_REMARK = 160


def file_rows(results: Sequence[ReadFile]) -> list[list[Cell]]:
    """Return a row of COLUMNS for each file."""
    return [_row(result) for result in results]


def summary_rows(results: Sequence[ReadFile]) -> list[list[Cell]]:
    """Return (what, value) for the folder as a whole."""
    rows: list[list[Cell]] = [["files read", len(results)]]
    rows += [[f"ended: {outcome}", count] for outcome, count in outcome_counts(results).items()]
    rows.append(["ended unexpectedly or not at all", sum(result.is_fault for result in results)])
    peaks = [(result.peak_bytes, result.name) for result in results if result.peak_bytes]
    if peaks:
        most, name = max(peaks)
        rows.append([f"largest peak of memory, MB ({name})", most // 2**20])
    slowest = max(results, key=lambda result: result.seconds, default=None)
    if slowest is not None:
        rows.append([f"longest, seconds ({slowest.name})", slowest.seconds])
    scores = [result.ordered_f1 for result in results if result.ordered_f1 is not None]
    if scores:
        rows.append(["files with a reference text", len(scores)])
        rows.append(["lowest F1 in order", min(scores)])
    return rows


def write_report(path: Path, results: Sequence[ReadFile]) -> None:
    """Write Markdown tables, or JSON where the name ends in .json, replacing the file.

    Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    text = _as_json(results) if path.suffix == ".json" else _as_markdown(results)
    path.write_text(text, encoding="utf-8")


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Return a table in Markdown, its bars and line breaks kept out of the cells."""
    lines = [columns, ["---"] * len(columns), *([shown(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _as_markdown(results: Sequence[ReadFile]) -> str:
    tables = [
        markdown_table(["what", "value"], summary_rows(results)),
        markdown_table(COLUMNS, file_rows(results)),
    ]
    return "\n".join(tables)


def _as_json(results: Sequence[ReadFile]) -> str:
    facts = {
        **asdict(source_state(Path(__file__).parent)),
        "machine": asdict(this_machine()),
        "files": [asdict(result) for result in results],
    }
    return json.dumps(facts, ensure_ascii=False, indent=1) + "\n"


def _row(result: ReadFile) -> list[Cell]:
    name = f"{result.name} (with password)" if result.with_password else result.name
    blocks = ", ".join(f"{count} {kind}" for kind, count in result.blocks.items())
    remarks = " ".join(result.warnings) or result.message
    return [
        name,
        result.outcome,
        _SHORT_TYPES.get(result.media_type or "", result.media_type),
        round(result.seconds, 3),
        result.pages,
        None if result.pages_per_second is None else round(result.pages_per_second),
        result.characters or None,
        blocks or None,
        None if result.peak_bytes is None else result.peak_bytes // 2**20,
        result.bag_f1,
        result.ordered_f1,
        remarks if len(remarks) <= _LONGEST_REMARK else f"{remarks[:_LONGEST_REMARK]}…",
    ]
