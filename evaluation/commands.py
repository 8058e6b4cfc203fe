"""`youju evaluate …`: measure search and answers on a dataset, and the reading of files."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console

from app.settings import Settings
from evaluation.compliance_commands import compliance
from evaluation.datasets import (
    DatasetError,
    SelectionError,
    choose_questions,
    leave_out,
    load_dataset,
)
from evaluation.injection_commands import injection
from evaluation.noise import Noise as Kind
from evaluation.progress import shown_progress
from evaluation.report import Cell, show_table
from evaluation.script_commands import evaluate_scripts
from evaluation.served import NotServed

# What the runs need is imported once the data is known to be good: it takes seconds, and the
# command line loads this module also when it is asked for something else.
app = typer.Typer(no_args_is_help=True, help="Measure search, answers and reading.")

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

app.command()(compliance)
app.command()(injection)
app.command("scripts")(evaluate_scripts)


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
def noise(
    dataset: DatasetFolder,
    kind: Annotated[
        Kind | None, typer.Option(help="Which mistakes; default: each kind in turn.")
    ] = None,
    limit: Limit = None,
    sample: Sample = None,
    seed: Seed = 7,
    out: Out = Path("runs"),
    data_dir: DataDir = None,
    reuse: Reuse = True,
) -> None:
    """Ask every question with one mistake in it, and compare with the question as it is."""
    with _reported_errors():
        loaded = load_dataset(dataset, with_answers=False)
        chosen = choose_questions(loaded, limit=limit, sample=sample, seed=seed)
        from evaluation import measure
        from evaluation.binding import open_subject

        options = {"limit": limit, "sample": sample, "seed": seed}
        collections = data_dir or out / "collections"
        plan = measure.RunPlan(Settings(), out, collections, seed, reuse, options)
        console = Console()
        with shown_progress(console) as progress:
            found = measure.measure_noise(
                chosen, plan, open_subject, [kind] if kind else get_args(Kind), progress=progress
            )
    rows: list[list[Cell]] = [
        [name, recall, recall / (found["clean"] or 1)] for name, recall in found.items()
    ]
    show_table(console, chosen.name, ["mistake", "recall@10", "of clean"], rows)


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


@app.command()
def files(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", exists=True, file_okay=False, help="What to read.")
    ],
    truth: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Reference texts, FILE.txt or FILE.md."),
    ] = None,
    passwords: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="JSON: file name to password.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--out", help="Write the tables here: .md or .json.")
    ] = None,
) -> None:
    """Read every file of a folder as the service would, and show how each one ended.

    Status 1: one ended unexpectedly or not at all.
    """
    from app.build_models import build_parser
    from evaluation import file_report, file_run

    with _reported_errors():
        opened = _passwords(passwords) if passwords else {}
    settings = Settings()
    console = Console()
    with shown_progress(console) as progress:
        results = file_run.read_folder(
            folder, truth, opened, lambda: build_parser(settings), progress
        )
    show_table(console, folder.name, file_report.COLUMNS, file_report.file_rows(results))
    show_table(console, "All files", ["what", "value"], file_report.summary_rows(results))
    if report is not None:
        file_report.write_report(report, results)
        _say_where(console, report)
    if any(result.is_fault for result in results):
        raise typer.Exit(1)


@app.command()
def ingestion(
    documents: Annotated[int, typer.Option(min=1, help="How many small documents.")] = 2000,
    searches: Annotated[int, typer.Option(min=1, help="Before and after, to compare.")] = 200,
    seed: Seed = 7,
    out: Out = Path("runs"),
    models_dir: Annotated[
        Path | None, typer.Option(help="Prepared models; default: those of the data directory.")
    ] = None,
) -> None:
    """Upload many small documents to a service of its own and search while it takes them in.

    Status 1: one was lost, failed or stuck.
    """
    from evaluation import http_ingestion, report, served
    from evaluation.binding import embedding_seconds

    notes = http_ingestion.small_files(documents, seed=seed)
    console = Console()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix="ingestion-") as data, _reported_errors():
        models = models_dir or Settings().models_path
        settings = Settings(data_dir=Path(data), models_dir=models.absolute())
        with (
            shown_progress(console) as progress,
            served.served(settings, out / "service.log") as client,
        ):
            run = http_ingestion.ingest_over_http(
                client, notes, searches=searches, stuck_seconds=300, progress=progress
            )
        alone = embedding_seconds(settings, [note.content.decode() for note in notes])
    rows = http_ingestion.ingestion_rows(run, alone)
    show_table(console, "Many documents at once", ["what", "value"], rows)
    facts = {"run": asdict(run), "embedding_seconds": alone, "seed": seed}
    _say_where(console, report.append_result(out, "ingestion", facts))
    if not run.is_complete:
        raise typer.Exit(1)


@app.command()
def chunks(
    weights: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="What `youju train nsp` wrote.")
    ],
    joined: Annotated[
        list[Path] | None, typer.Option(exists=True, file_okay=False, help="Choi's .ref files.")
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Questions with spans.")
    ] = None,
    pairs: Annotated[
        list[Path] | None, typer.Option(exists=True, dir_okay=False, help="Labelled pairs, JSONL.")
    ] = None,
    most: Annotated[int, typer.Option(min=2, help="Joined texts of each folder.")] = 60,
    limit: Annotated[list[int] | None, typer.Option(min=32, help="Longest chunk, tokens.")] = None,
    seed: Seed = 7,
    out: Out = Path("runs"),
) -> None:
    """Compare chunkers: where they cut joined texts, and what they keep together as evidence."""
    from evaluation import chunk_run, chunkers, report
    from evaluation.binding import open_coherence

    encoder, scorer = open_coherence(Settings(), weights)
    embedder = chunkers.RememberedEmbedder(encoder)
    options = chunkers.chunkers(embedder, chunkers.RememberedScorer(scorer), limit or [256])
    console = Console()
    tables: list[tuple[str, list[str], list[list[report.Cell]]]] = []
    with shown_progress(console) as progress, _reported_errors():
        for file in pairs or ():
            labelled = chunk_run.read_pairs(file)
            scores = scorer.score_pairs([(pair.first, pair.second) for pair in labelled])
            rows = chunk_run.pair_rows(labelled, scores)
            tables.append((file.stem, chunk_run.PAIR_COLUMNS, rows))
            rows = chunk_run.reliability_rows(labelled, scores)
            tables.append((f"{file.stem}, reliability", chunk_run.RELIABILITY_COLUMNS, rows))
        for folder in joined or ():
            texts = chunk_run.read_joined(folder, most=most, seed=seed)
            rows = chunk_run.segmentation_rows(texts, options, embedder, progress)
            tables.append((folder.name, chunk_run.SEGMENTATION_COLUMNS, rows))
            rows = chunk_run.cost_rows([one.document for one in texts], scorer, encoder)
            tables.append((f"{folder.name}, cost", ["what", "value"], rows))
        if evidence is not None:
            documents, asked = chunk_run.read_evidence(evidence)
            rows = chunk_run.span_rows(
                documents, asked, options, embedder, encoder.embed_queries, progress
            )
            tables.append((evidence.name, chunk_run.SPAN_COLUMNS, rows))
    for title, columns, rows in tables:
        show_table(console, title, columns, rows)
    facts = {title: {"columns": columns, "rows": rows} for title, columns, rows in tables}
    _say_where(console, report.append_result(out, "chunks", {**facts, "seed": seed}))


def _passwords(path: Path) -> dict[str, str]:
    """Return passwords by file name. Raises SelectionError."""
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as exc:
        raise SelectionError(f"{path}: not JSON") from exc
    if not isinstance(read, dict) or not all(isinstance(value, str) for value in read.values()):
        raise SelectionError(f"{path}: not an object of file names and passwords")
    return read


@contextmanager
def _reported_errors() -> Iterator[None]:
    """Turn what is wrong with the data or the numbers asked for into one line and status 2."""
    try:
        yield
    except (DatasetError, SelectionError, NotServed) as exc:
        Console(stderr=True).print(str(exc), markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(2) from exc


def _say_where(console: Console, folder: Path) -> None:
    console.print(f"Written to {folder}", markup=False, highlight=False, soft_wrap=True)
