"""What a run leaves behind: TREC run files, one JSON line with its circumstances, and tables."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

Cell = float | int | str | None


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a run was made. `cores` counts those this process may use; `load` is of one minute."""

    cpu: str
    cores: int
    memory_bytes: int
    load: float
    system: str
    python: str


@dataclass(frozen=True, slots=True)
class SourceState:
    """The commit that was run, and whether files differed from it; None where git can't say."""

    commit: str | None
    changed: bool | None


def this_machine() -> Machine:
    """Return the facts of the machine this runs on."""
    return Machine(
        cpu=_cpu_model(),
        cores=_usable_cores(),
        memory_bytes=psutil.virtual_memory().total,
        load=round(psutil.getloadavg()[0], 2),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
    )


def source_state(folder: Path) -> SourceState:
    """Ask git about the folder. Without git, or outside a repository, both facts are None."""
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return SourceState(None, None)
    status = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return SourceState(commit, None if status is None else bool(status))


def trec_lines(system: str, rankings: Mapping[str, Sequence[str]]) -> list[str]:
    """Return `question Q0 document rank score system` per ranked document.

    The score column falls strictly with the rank (it is 1 / rank): evaluators sort by it and break
    ties their own way, and would otherwise measure another order than the one that was served.
    """
    return [
        f"{question} Q0 {document} {rank} {1 / rank:.8f} {system}"
        for question, documents in rankings.items()
        for rank, document in enumerate(documents, start=1)
    ]


def write_trec_run(path: Path, system: str, rankings: Mapping[str, Sequence[str]]) -> None:
    """Write a run in TREC form, replacing the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in trec_lines(system, rankings)), encoding="utf-8")


def append_result(folder: Path, kind: str, facts: Mapping[str, object]) -> Path:
    """Append one JSON line to `folder/results.jsonl` and return its path.

    The line has `kind`, `at` (UTC), the source state and machine, then the facts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "results.jsonl"
    line = {
        "kind": kind,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        **asdict(source_state(Path(__file__).parent)),
        "machine": asdict(this_machine()),
        **facts,
    }
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return path


def show_table(
    console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]
) -> None:
    """Show rows as a table on a terminal, as tab-separated lines elsewhere."""
    cells = [[shown(cell) for cell in row] for row in rows]
    if not console.is_terminal:
        for line in ([title], list(columns), *cells):
            console.file.write("\t".join(line) + "\n")  # print would expand the tabs
        return
    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left")
    for row in cells:
        table.add_row(*row)
    console.print(table)


def shown(cell: Cell) -> str:
    """Return a cell as text: floats with three or more digits, a dash for what is unknown."""
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:.3f}" if abs(cell) < 100 else f"{cell:.0f}"
    return str(cell)


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603  fixed program and arguments, no shell
            ["git", "-C", str(folder), *arguments],  # noqa: S607  found on the user's own PATH
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _usable_cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def _cpu_model() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.is_file():
        for line in facts.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
