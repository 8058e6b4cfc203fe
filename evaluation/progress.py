"""Progress of a run: bars on a terminal, a plain line now and then elsewhere, both with an ETA."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

StageProgress = Callable[[str, int, int], None]
"""Called with (what is being done, done, total)."""

PLAIN_INTERVAL_SECONDS = 10.0


@contextmanager
def shown_progress(console: Console) -> Iterator[StageProgress]:
    """Give a StageProgress that draws on the console until the block ends."""
    if not console.is_terminal:
        yield plain_progress(console, time.monotonic)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield report


def plain_progress(console: Console, clock: Callable[[], float]) -> StageProgress:
    """Return a StageProgress that writes a line at a stage's end and every ten seconds.

    clock: monotonic seconds.
    """
    started: dict[str, tuple[float, int]] = {}
    written: dict[str, float] = {}

    def report(stage: str, done: int, total: int) -> None:
        now = clock()
        start, first = started.setdefault(stage, (now, done))
        if done < total and now - written.setdefault(stage, now) < PLAIN_INTERVAL_SECONDS:
            return
        written[stage] = now
        line = f"{stage}: {done}/{total}, {now - start:.0f} s"
        if first < done < total:
            left = (now - start) / (done - first) * (total - done)
            line += f", about {left:.0f} s left"
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    return report
