"""`youju evaluate retrieval|answers DATASET`: measure search and answers on a dataset folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.settings import Settings
from evaluation.datasets import (
    DatasetError,
    SelectionError,
    choose_questions,
    leave_out,
    load_dataset,
)
from evaluation.progress import shown_progress
from evaluation.report import show_table

# What the runs need is imported once the data is known to be good: it takes seconds, and the
# command line loads this module also when it is asked for something else.
app = typer.Typer(no_args_is_help=True, help="Measure search and answers on a dataset.")

DatasetFolder = Annotated[
    Path, typer.Argument(metavar="DATASET", help="Folder with corpus, queries and qrels.")
]
Limit = Annotated[int | None, typer.Option(min=1, help="Only the first N questions.")]
Sample = Annotated[int | None, typer.Option(min=1, help="Only N questions, drawn by --seed.")]
Seed = Annotated[int, typer.Option(help="Makes every draw repeatable.")]
Out = Annotated[Path, typer.Option(help="Where results are written.")]
DataDir = Annotated[
    Path | None, typer.Option(help="Where ingested corpora are kept; default OUT/collections.")
]
Reuse = Annotated[bool, typer.Option("--reuse/--fresh", help="Use a corpus ingested before.")]
Depth = Annotated[int, typer.Option(min=10, help="Length of the ranked lists that are scored.")]
LeaveOut = Annotated[
    int,
    typer.Option("--leave-out", min=0, help="Drop the evidence of N questions: must be refused."),
]


@app.command()
def retrieval(
    dataset: DatasetFolder,
    limit: Limit = None,
    sample: Sample = None,
    seed: Seed = 7,
    out: Out = Path("runs"),
    data_dir: DataDir = None,
    reuse: Reuse = True,
    depth: Depth = 100,
) -> None:
    """Rank documents with the service's own search and with plain systems, in one run."""
    with _reported_errors():
        loaded = load_dataset(dataset, with_answers=False)
        chosen = choose_questions(loaded, limit=limit, sample=sample, seed=seed)
        from evaluation import figures, measure
        from evaluation.binding import open_subject

        options = {"limit": limit, "sample": sample, "seed": seed, "depth": depth}
        collections = data_dir or out / "collections"
        plan = measure.RunPlan(Settings(), out, collections, seed, reuse, options)
        console = Console()
        with shown_progress(console) as progress:
            run = measure.measure_retrieval(
                chosen, plan, open_subject, depth=depth, progress=progress
            )
    show_table(console, chosen.name, figures.RETRIEVAL_COLUMNS, figures.retrieval_rows(run.scores))
    show_table(console, "Circumstances", ["what", "value"], figures.circumstance_rows(run))
    _say_where(console, run.folder)


@app.command()
def answers(
    dataset: DatasetFolder,
    limit: Limit = None,
    sample: Sample = None,
    seed: Seed = 7,
    out: Out = Path("runs"),
    data_dir: DataDir = None,
    reuse: Reuse = True,
    left_out: LeaveOut = 0,
) -> None:
    """Ask every question through the whole pipeline and score answers, refusals, citations."""
    with _reported_errors():
        loaded = load_dataset(dataset, with_answers=True)
        chosen = choose_questions(loaded, limit=limit, sample=sample, seed=seed)
        asked = leave_out(chosen, left_out, seed=seed)
        from evaluation import figures, measure
        from evaluation.binding import open_subject

        options = {"limit": limit, "sample": sample, "seed": seed, "leave_out": left_out}
        collections = data_dir or out / "collections"
        plan = measure.RunPlan(Settings(), out, collections, seed, reuse, options)
        console = Console()
        with shown_progress(console) as progress:
            run = measure.measure_answers(asked, plan, open_subject, progress=progress)
    show_table(console, asked.name, ["what", "value"], figures.answer_rows(run))
    _say_where(console, run.folder)


@contextmanager
def _reported_errors() -> Iterator[None]:
    """Turn what is wrong with the data or the numbers asked for into one line and status 2."""
    try:
        yield
    except (DatasetError, SelectionError) as exc:
        Console(stderr=True).print(str(exc), markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(2) from exc


def _say_where(console: Console, folder: Path) -> None:
    console.print(f"Written to {folder}", markup=False, highlight=False, soft_wrap=True)
