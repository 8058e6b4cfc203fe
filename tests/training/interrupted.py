from collections.abc import Callable

import pytest


class Interrupted(Exception):
    """Stands for a run that is killed."""


def run_until(step: int, run: Callable[[Callable[[str], None]], object]) -> list[str]:
    """Run a training up to a step that it reports, and kill it there; returns its reports."""
    lines: list[str] = []

    def report(line: str) -> None:
        lines.append(line)
        if line.startswith(f"step {step} "):
            raise Interrupted

    with pytest.raises(Interrupted):
        run(report)
    return lines
