"""`youju tune COLLECTION`: fit the weights of a collection's search, show them, take them back."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from app.settings import Settings

_console = Console(highlight=False, markup=False, emoji=False)
_messages = Console(stderr=True, highlight=False, markup=False, emoji=False)


def tune(
    collection: Annotated[str, typer.Argument(metavar="COLLECTION")],
    dataset: Annotated[
        Path | None,
        typer.Option(help="Your own questions: a folder with queries.jsonl and qrels.tsv."),
    ] = None,
    most: Annotated[
        int, typer.Option("--questions", min=40, max=5000, help="At most so many.")
    ] = 400,
    seed: Annotated[int, typer.Option(help="Makes every draw repeatable.")] = 7,
    show: Annotated[bool, typer.Option("--show", help="Only list the versions.")] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Take the latest version back.")
    ] = False,
) -> None:
    """Fit the weights of a collection's search; kept only where it gets better for certain."""
    if show and rollback:
        raise typer.BadParameter("give --show or --rollback, not both")
    if show:
        _show(collection)
    elif rollback:
        _roll_back(collection)
    else:
        _fit(collection, dataset, most, seed)


def _fit(collection: str, dataset: Path | None, most: int, seed: int) -> None:
    from app.bootstrap import open_search
    from app.tune_collection import (
        WrongDataset,
        corpus_questions,
        dataset_questions,
        store_tuning,
        tune_collection,
        tuning_line,
        weights_line,
    )
    from retrieval.fusion_weights import tuned_content
    from retrieval.tune import TooFewQuestions

    settings = Settings()
    if settings.key_index != "both":
        raise typer.BadParameter("YOUJU_KEY_INDEX searches one level; weights are of both")
    catalog, searcher, close = open_search(settings)
    try:
        questions = (
            corpus_questions(catalog, collection, most=most, seed=seed)
            if dataset is None
            else dataset_questions(dataset, catalog, collection)[:most]
        )
        with _Bars() as report:
            tuning = tune_collection(
                searcher.run, collection, questions, seed=seed, progress=report
            )
        _messages.print(tuning_line(tuning), soft_wrap=True)
        if not tuning.accepted:
            _messages.print("not better for certain: nothing was changed", soft_wrap=True)
            return
        stored = store_tuning(catalog, collection, tuning)
        told = weights_line(tuned_content(tuning.weights))
        _console.print(f"version {stored.version}: {told}", soft_wrap=True)
    except (TooFewQuestions, WrongDataset) as exc:
        _messages.print(f"{collection}: {exc}", style="red", soft_wrap=True)
        raise typer.Exit(1) from exc
    finally:
        close()


def _show(collection: str) -> None:
    from app.open_catalog import open_catalog
    from app.tune_collection import weights_line

    catalog = open_catalog(Settings())
    current = catalog.tuned_weights.current(collection)
    for one in catalog.tuned_weights.versions(collection):
        mark = "in use" if one == current else "taken back" if one.rolled_back else "older"
        told = f"{one.report['before']:.3f} → {one.report['after']:.3f}"
        line = f"version {one.version} ({mark}), {told}: {weights_line(one.weights)}"
        _console.print(line, soft_wrap=True)
    if current is None:
        _messages.print(f"{collection} is searched with the standard weights", soft_wrap=True)
    catalog.close()


def _roll_back(collection: str) -> None:
    from app.open_catalog import open_catalog

    catalog = open_catalog(Settings())
    taken = catalog.tuned_weights.roll_back(collection)
    current = catalog.tuned_weights.current(collection)
    catalog.close()
    if taken is None:
        _messages.print(f"{collection} has no tuned weights", style="red", soft_wrap=True)
        raise typer.Exit(1)
    now = "the standard weights are" if current is None else f"version {current.version} is"
    _messages.print(f"version {taken.version} was taken back; {now} used", soft_wrap=True)


class _Bars:
    """Draws a bar for each stage on a terminal, and nothing elsewhere."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=_messages,
            disable=not _messages.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "_Bars":
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total)
        self._bars.update(self._tasks[stage], completed=done, total=total)
