"""`youju calibrate answers COLLECTION`: make confidence mean what it says; show it, undo it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.open_catalog import open_catalog
from app.settings import Settings
from evaluation.progress import shown_progress
from evaluation.report import show_table
from generation.calibrate import Calibrated, RiskPoint, TooFewAnswers
from ingestion.store.tuned_weights import StoredWeights

_console = Console(highlight=False, markup=False, emoji=False)
_messages = Console(stderr=True, highlight=False, markup=False, emoji=False)
_COLUMNS = ["threshold", "answered", "wrong of those shown", "unanswerable refused"]


def calibrate_answers(
    collection: Annotated[str, typer.Argument(metavar="COLLECTION")],
    dataset: Annotated[
        Path | None,
        typer.Option(help="Your own questions: a folder with queries.jsonl and qrels.tsv."),
    ] = None,
    most: Annotated[
        int, typer.Option("--questions", min=80, max=5000, help="At most so many.")
    ] = 300,
    risk: Annotated[
        float, typer.Option(min=0.01, max=0.9, help="Largest share of wrong answers shown.")
    ] = 0.1,
    seed: Annotated[int, typer.Option(help="Makes every draw repeatable.")] = 7,
    show: Annotated[bool, typer.Option("--show", help="Only list the versions.")] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Take the latest version back.")
    ] = False,
) -> None:
    """Fit how a collection's confidence is read, and below what its answers are refused.

    Fitted on half of the questions, measured on the other; kept only where confidence tells right
    from wrong better there.
    """
    if show and rollback:
        raise typer.BadParameter("give --show or --rollback, not both")
    if show:
        _show(collection)
    elif rollback:
        _roll_back(collection)
    else:
        _fit(collection, dataset, most, risk, seed)


def _fit(collection: str, dataset: Path | None, most: int, risk: float, seed: int) -> None:
    from app.bootstrap import open_answering
    from evaluation.answer_calibration import (
        calibrate_collection,
        given_questions,
        made_questions,
        store_calibration,
    )
    from evaluation.datasets import DatasetError, load_dataset

    catalog, ask, close = open_answering(Settings())
    try:
        questions = (
            made_questions(catalog, collection, most=most, seed=seed)
            if dataset is None
            else given_questions(load_dataset(dataset, with_answers=True), catalog, collection)
        )[:most]
        with shown_progress(_messages) as report:
            found = calibrate_collection(
                ask, collection, questions, risk=risk, seed=seed, progress=report
            )
        _tell(found)
        if not found.is_better:
            _messages.print("not better than before: nothing was changed", soft_wrap=True)
            return
        _console.print(_version_line(store_calibration(catalog, collection, found)), soft_wrap=True)
    except (TooFewAnswers, DatasetError) as exc:
        _messages.print(f"{collection}: {exc}", style="red", soft_wrap=True)
        raise typer.Exit(1) from exc
    finally:
        close()


def _tell(found: Calibrated) -> None:
    rows = [_cells(point) for point in (*found.curve, found.chosen)]
    rows[-1][0] += " (chosen)"
    show_table(_console, f"Risk and coverage on {found.judged} held-out questions", _COLUMNS, rows)
    _messages.print(
        f"expected calibration error {found.error_before:.3f} → {found.error_after:.3f}, "
        f"log loss {found.loss_before:.3f} → {found.loss_after:.3f}",
        soft_wrap=True,
    )


def _cells(point: RiskPoint) -> list[str]:
    shares = (point.coverage, point.risk, point.refused)
    return [f"{point.threshold:.2f}", *(f"{100 * share:.1f} %" for share in shares)]


def _version_line(stored: StoredWeights) -> str:
    weights, report = stored.weights, stored.report
    return (
        f"version {stored.version}: threshold {weights['threshold']:.3f}, "
        f"slope {weights['slope']:.3f}, bias {weights['bias']:.3f}; on {report['judged']} "
        f"questions {100 * report['risk']:.1f} % wrong of those shown, "
        f"{100 * report['coverage']:.1f} % answered"
    )


def _show(collection: str) -> None:
    catalog = open_catalog(Settings())
    current = catalog.calibrations.current(collection)
    for one in catalog.calibrations.versions(collection):
        mark = "in use" if one == current else "taken back" if one.rolled_back else "older"
        _console.print(f"{_version_line(one)} ({mark})", soft_wrap=True)
    if current is None:
        _messages.print(f"{collection} has no calibration of its own", soft_wrap=True)
    catalog.close()


def _roll_back(collection: str) -> None:
    catalog = open_catalog(Settings())
    taken = catalog.calibrations.roll_back(collection)
    current = catalog.calibrations.current(collection)
    catalog.close()
    if taken is None:
        _messages.print(f"{collection} has no calibration", style="red", soft_wrap=True)
        raise typer.Exit(1)
    now = "the standard one is" if current is None else f"version {current.version} is"
    _messages.print(f"version {taken.version} was taken back; {now} used", soft_wrap=True)
