"""The command line: serve, ingest, ask, search, and what further packages add."""

import sys
import uuid
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from app.settings import Settings

# Models and web server are imported by the commands that need them, so that help answers at once.
app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
models = typer.Typer(no_args_is_help=True, help="The models this installation runs on.")
app.add_typer(models, name="models")

Collection = Annotated[str | None, typer.Option("--collection", "-c", help="Which collection.")]
console = Console(highlight=False)
messages = Console(stderr=True, highlight=False)


@app.command()
def serve() -> None:
    """Start the service with its ingestion workers and print the address."""
    from app.serving import run_service

    run_service(Settings(), messages.print)


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files or folders.")],
    collection: Collection = None,
) -> None:
    """Take in files and folders and wait until they are searchable. Safe to repeat."""
    from app.bulk_ingest import files_under, ingest_files

    settings = Settings()
    files, missing = files_under(paths)
    for path in missing:
        messages.print(f"{path}: there is no such file or folder", style="red")
    failed = ingest_files(settings, files, collection or settings.default_collection, messages)
    if failed or missing:
        raise typer.Exit(1)


@app.command()
def ask(
    question: str,
    collection: Collection = None,
    strategy: Annotated[
        str | None, typer.Option(help="`extract`: the documents' own sentences.")
    ] = None,
) -> None:
    """Answer a question from the documents, with the evidence."""
    from app.answer_events import AnswerRequest, SentenceEvent
    from app.bootstrap import build_service

    settings = Settings()
    service = build_service(settings)
    request = AnswerRequest(
        question=question,
        collection=collection or settings.default_collection,
        history=(),
        session_id=None,
        stage=None,
        strategy=strategy,
        top_k=None,
        trace_id=uuid.uuid4().hex,
    )
    for event in service.answer(request):
        if isinstance(event, SentenceEvent):
            _print_plain(event.text)
            continue
        answer = event.answer
        for citation in answer.citations:
            page = f", p. {citation.page}" if citation.page else ""
            where = f"{citation.title}{page}, {citation.start}–{citation.end}"
            _print_plain(f"  [{citation.sentence + 1}] {where}: {citation.quote}")
        messages.print(f"{answer.outcome.value}, confidence {answer.confidence:.2f}")
    service.close()


@app.command()
def search(
    query: str,
    collection: Collection = None,
    top_k: Annotated[int, typer.Option("--top-k", "-k", min=1, max=100)] = 5,
) -> None:
    """Show the passages that a question would be answered from."""
    from app.bootstrap import build_service
    from retrieval.records import SearchRequest

    settings = Settings()
    service = build_service(settings)
    name = collection or settings.default_collection
    result = service.search(SearchRequest(query, name, top_k, None))
    for rank, passage in enumerate(result.passages, start=1):
        path = " > ".join((passage.title, *passage.heading_path))
        _print_plain(f"{rank}. {path} [{passage.start}–{passage.end}] {passage.score:.4f}")
        _print_plain(f"   {passage.text[:200]}")
    service.close()
    if not result.passages:
        messages.print(f"nothing found in collection {name}")


@app.command()
def documents(collection: Collection = None) -> None:
    """List the searchable documents."""
    from app.bootstrap import open_catalog

    catalog = open_catalog(Settings())
    found, total = catalog.documents(collection, 0, 1000)
    for document in found:
        _print_plain(
            f"{document.document_id}  {document.collection}  {document.chunk_count:>5} chunks  "
            f"{document.name}"
        )
    messages.print(f"{total} documents")
    catalog.close()


@app.command()
def jobs(collection: Collection = None) -> None:
    """List the latest ingestion jobs with their state and, where one failed, why."""
    from app.bootstrap import open_catalog

    catalog = open_catalog(Settings())
    found, total = catalog.jobs(collection, None, 0, 50)
    for job in found:
        reason = f"  {job.reason_code}: {job.reason}" if job.reason_code else ""
        _print_plain(f"{job.job_id}  {job.state.value:<9} {job.progress:>4.0%}  {job.name}{reason}")
    messages.print(f"{total} jobs")
    catalog.close()


@models.command()
def prepare() -> None:
    """Make the bundled models ready; does nothing when they are."""
    from app.bootstrap import prepare_models

    settings = Settings()
    prepare_models(settings, messages.print)
    messages.print(f"models are ready in {settings.models_path}")


def _print_plain(text: str) -> None:
    """Print text of users and documents as it is: no markup, no line folding."""
    console.print(text, markup=False, soft_wrap=True)


def _add_commands_of_other_packages(root: typer.Typer) -> None:
    """Add the groups that packages above this one declare as `youju.commands`."""
    for point in entry_points(group="youju.commands"):
        group: Any = point.load()
        root.add_typer(group, name=point.name)


def main() -> None:
    """Run the command line; failures that the user can mend end in one line, not a traceback."""
    from ingestion.errors import IngestionError
    from models.errors import CorruptModel, MissingModelPackage

    _add_commands_of_other_packages(app)
    try:
        app()
    except (IngestionError, CorruptModel, MissingModelPackage) as exc:
        messages.print(str(exc), style="red", markup=False)
        sys.exit(1)
