"""Run files, JSON lines and tables."""

import io
import json
import subprocess
from itertools import pairwise
from pathlib import Path

import ir_measures
import pytest
from ir_measures import nDCG
from rich.console import Console

from evaluation import metrics
from evaluation.report import (
    SourceState,
    append_result,
    show_table,
    shown,
    source_state,
    this_machine,
    trec_lines,
    write_trec_run,
)


def test_trec_lines_scores_fall_strictly_with_the_rank() -> None:
    lines = trec_lines("youju", {"q1": [f"d{n}" for n in range(1000)]})
    assert lines[0] == "q1 Q0 d0 1 1.00000000 youju"
    scores = [float(line.split()[4]) for line in lines]
    assert all(before > after for before, after in pairwise(scores))


def test_write_trec_run_trec_eval_reads_the_same_order(tmp_path: Path) -> None:
    ranked = ["d3", "d1", "d9", "d2"]
    path = tmp_path / "deep" / "run.trec"
    write_trec_run(path, "youju", {"q1": ranked})
    qrels = {"q1": {"d1": 1, "d2": 3}}
    [value] = ir_measures.pytrec_eval.iter_calc(
        [nDCG @ 10], qrels, list(ir_measures.read_trec_run(str(path)))
    )
    assert value.value == pytest.approx(metrics.ndcg(ranked, qrels["q1"], 10))


def test_append_result_adds_one_json_line_with_its_circumstances(tmp_path: Path) -> None:
    for number in range(2):
        path = append_result(tmp_path / "runs", "retrieval", {"名": number})
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert '"名": 1' in lines[1]
    line = json.loads(lines[1])
    assert line["kind"] == "retrieval"
    assert line["at"].endswith("+00:00")
    assert {"commit", "changed"} <= set(line)
    assert line["machine"]["cores"] >= 1


def test_this_machine_facts_are_filled() -> None:
    machine = this_machine()
    assert machine.cpu
    assert machine.memory_bytes > 2**28
    assert machine.python.startswith("3.")


def test_source_state_outside_a_repository_is_unknown(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert source_state(tmp_path) == SourceState(None, None)


def test_source_state_without_git_is_unknown(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert source_state(tmp_path) == SourceState(None, None)


def test_source_state_tells_commit_and_changes(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    file = tmp_path / "file"
    file.write_text("a", encoding="utf-8")
    git("add", "file")
    git("commit", "-q", "-m", "first")
    commit = git("rev-parse", "HEAD")
    assert source_state(tmp_path) == SourceState(commit, False)
    file.write_text("b", encoding="utf-8")
    assert source_state(tmp_path) == SourceState(commit, True)


def test_show_table_elsewhere_is_plain_lines() -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=20)
    show_table(console, "title", ["what", "value"], [["[x] 很长的名字很长的名字", 0.12345]])
    assert stream.getvalue() == "title\nwhat\tvalue\n[x] 很长的名字很长的名字\t0.123\n"


def test_show_table_on_a_terminal_is_drawn() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=60)
    show_table(console, "title", ["what", "value"], [["x", None]])
    assert "┃" in stream.getvalue()
    assert "–" in stream.getvalue()


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, "–"), (0.5, "0.500"), (1234.5, "1234"), (7, "7"), ("x", "x"), (-0.25, "-0.250")],
)
def test_shown_cell_is_short(cell, text) -> None:
    assert shown(cell) == text
