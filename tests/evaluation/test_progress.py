"""Progress, on a terminal and elsewhere."""

import io

from rich.console import Console

from evaluation.progress import plain_progress, shown_progress


def test_plain_progress_lines_are_seldom_and_tell_what_is_left() -> None:
    stream = io.StringIO()
    now = [0.0]
    report = plain_progress(Console(file=stream), lambda: now[0])
    for done in range(0, 101, 10):
        report("ingestion", done, 100)
        now[0] += 4.0
    assert stream.getvalue().splitlines() == [
        "ingestion: 30/100, 12 s, about 28 s left",
        "ingestion: 60/100, 24 s, about 16 s left",
        "ingestion: 90/100, 36 s, about 4 s left",
        "ingestion: 100/100, 40 s",
    ]


def test_shown_progress_elsewhere_is_plain() -> None:
    stream = io.StringIO()
    with shown_progress(Console(file=stream)) as report:
        report("search", 1, 1)
    assert stream.getvalue() == "search: 1/1, 0 s\n"


def test_shown_progress_on_a_terminal_draws_a_bar() -> None:
    stream = io.StringIO()
    with shown_progress(Console(file=stream, force_terminal=True, width=80)) as report:
        report("search", 3, 7)
        report("questions", 7, 7)
    assert "3/7" in stream.getvalue()
    assert "questions" in stream.getvalue()
