"""The command line: serve, ingest, chunks, ask, search, and what further packages add."""

import sys
import uuid
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console

from app.audit_commands import commands as audit
from app.errors import AddressUnavailable
from app.maintenance import commands as maintenance
from app.rule_commands import commands as rules
from app.script_commands import commands as scripts
from app.settings import Settings, Strategy
from app.tune_command import tune
from generation.rules.rule_file import RuleSetError
from ingestion.errors import PASSWORD_PLACE, CatalogError, IngestionError
from ingestion.records import ParseOptions
from ingestion.strategies import NSP_STRATEGIES, ChunkingStrategy
from models.errors import CorruptModel, MissingModelPackage

# Models and web server are imported by the commands that need them, so that help answers at once.
app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
models = typer.Typer(no_args_is_help=True, help="The models this installation runs on.")
app.add_typer(models, name="models")
app.add_typer(rules, name="rules")
app.add_typer(audit, name="audit")
app.add_typer(maintenance)
app.command()(tune)
app.add_typer(scripts, name="scripts")

Collection = Annotated[str | None, typer.Option("--collection", "-c", help="Which collection.")]
Password = Annotated[
    str, typer.Option(help="Opens locked files; `-` asks for it and does not show it.")
]
# Names and documents are printed as they are: nothing in them is markup or the code of an emoji.
console = Console(highlight=False, markup=False, emoji=False)
messages = Console(stderr=True, highlight=False, markup=False, emoji=False)


@app.command()
def serve(
    first: Annotated[
        list[Path] | None,
        typer.Option("--ingest", metavar="PATH", help="Take in this file or folder first."),
    ] = None,
) -> None:
    """Start the service with its ingestion workers and print the address."""
    from app.serving import run_service

    settings = Settings()

    def before() -> None:
        if first:
            _ingest(settings, first, settings.default_collection)

    run_service(settings, _say, before)


@app.command()
def ingest(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="Files, folders or ZIP archives.")
    ],
    collection: Collection = None,
    password: Password = "",
) -> None:
    """Take in files and folders and wait until they are searchable. Safe to stop and repeat."""
    settings = Settings()
    opening = _asked_password() if password == "-" else password
    if not _ingest(settings, paths, collection or settings.default_collection, opening):
        raise typer.Exit(1)


@app.command()
def chunks(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Nothing of it is stored.")],
    strategy: Annotated[
        ChunkingStrategy | None, typer.Option(help="Where chunks end; see YOUJU_CHUNKING.")
    ] = None,
    tokens: Annotated[
        int | None, typer.Option(help="Longest chunk; see YOUJU_CHUNK_TOKENS.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as one JSON object.")] = False,
    password: Password = "",
) -> None:
    """Show where a file would be cut into chunks, how sure that is, and what each says."""
    from app.bootstrap import cut_file
    from app.show_chunks import chunk_json, chunk_lines, read_file

    given: dict[str, Any] = {"chunking": strategy, "chunk_tokens": tokens}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    if settings.chunking in NSP_STRATEGIES and settings.nsp_model == "none":
        raise typer.BadParameter(f"{settings.chunking} needs a model, and YOUJU_NSP_MODEL is none")
    options = ParseOptions(password=_asked_password() if password == "-" else password)
    try:
        content = read_file(file, settings.max_upload_bytes)
        cut, counts = cut_file(settings, content, file.name, options)
    except (IngestionError, OSError, ValueError) as exc:
        _say(f"{file}: {str(exc).replace(PASSWORD_PLACE, 'with `--password`')}", style="red")
        raise typer.Exit(1) from exc
    strategy, limit = settings.chunking, settings.chunk_tokens
    if as_json:
        _print_plain(chunk_json(cut, counts, name=file.name, strategy=strategy, limit=limit))
        return
    for line in chunk_lines(cut, counts):
        _print_plain(line)
    for warning in cut.document.warnings:
        _say(warning)
    _say(f"{len(counts)} chunks of at most {limit} tokens by {strategy}")


def _asked_password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True))
    return sys.stdin.readline().rstrip("\r\n")


@app.command()
def ask(
    question: str,
    collection: Collection = None,
    strategy: Annotated[
        Strategy | None, typer.Option(help="How the answer is drafted; see YOUJU_STRATEGY.")
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
        _say(f"{answer.outcome.value}, confidence {answer.confidence:.2f}")
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
        path = passage.title_path
        _print_plain(f"{rank}. {path} [{passage.start}–{passage.end}] {passage.score:.4f}")
        _print_plain(f"   {passage.text[:200]}")
    service.close()
    if not result.passages:
        empty = result.documents == 0
        _say(f"collection {name} holds no documents" if empty else f"nothing found in {name}")


@app.command()
def explain(
    query: str,
    document: Annotated[
        str | None, typer.Option("--document", help="Id of a document that should be found.")
    ] = None,
    chunk: Annotated[
        str | None, typer.Option("--chunk", help="Id of a chunk that should be found.")
    ] = None,
    collection: Collection = None,
) -> None:
    """Show at which stage of a search an expected document or chunk was lost, and what to do."""
    from app.bootstrap import build_service
    from app.explanation_text import advice, stage_lines
    from generation.language import question_language
    from retrieval.explain import Expected, NotIndexed
    from retrieval.records import SearchRequest

    if (document is None) == (chunk is None):
        raise typer.BadParameter("give --document or --chunk, one of them")
    settings = Settings()
    service = build_service(settings)
    name = collection or settings.default_collection
    request = SearchRequest(query, name, settings.top_k, None)
    try:
        found = service.explain(request, Expected(chunk, document))
    except NotIndexed as exc:
        _say(f"collection {name} holds no such document or chunk", style="red")
        raise typer.Exit(1) from exc
    finally:
        service.close()
    _print_plain(f"{found.title} ({found.document_id}), chunk {found.chunk_id}")
    for line in stage_lines(found):
        _print_plain(line)
    _say(advice(found, question_language(query)))


@app.command()
def documents(collection: Collection = None) -> None:
    """List the searchable documents."""
    from app.open_catalog import open_catalog

    catalog = open_catalog(Settings())
    found, total = catalog.documents(collection, 0, 1000)
    for document in found:
        _print_plain(
            f"{document.document_id}  {document.collection}  {document.chunk_count:>5} chunks  "
            f"{document.name}"
        )
    _say(f"{total} documents")
    catalog.close()


@app.command()
def jobs(collection: Collection = None) -> None:
    """List the latest ingestion jobs with their state and, where one failed, why."""
    from app.bulk_ingest import shown_reason
    from app.open_catalog import open_catalog

    catalog = open_catalog(Settings())
    found, total = catalog.jobs(collection, None, 0, 50)
    for job in found:
        reason = f"  {job.reason_code}: {shown_reason(job.reason or '')}" if job.reason_code else ""
        _print_plain(f"{job.job_id}  {job.state.value:<9} {job.progress:>4.0%}  {job.name}{reason}")
    _say(f"{total} jobs")
    catalog.close()


@models.command()
def prepare() -> None:
    """Make the bundled models ready; does nothing when they are."""
    from app.build_models import prepare_models

    settings = Settings()
    prepare_models(settings, _say)
    _say(f"models are ready in {settings.models_path}")


def _ingest(settings: Settings, paths: Sequence[Path], collection: str, password: str = "") -> bool:
    """Take in files and folders; returns whether all of them got there."""
    from app.bootstrap import Ingest, build_worker
    from app.build_models import prepare_models
    from app.bulk_ingest import ingest_files
    from app.file_walk import walk_files
    from ingestion.store.catalog import Catalog

    def build(settings: Settings) -> tuple[Catalog, Ingest]:
        prepare_models(settings, _say)
        return build_worker(settings)

    files = list(walk_files(paths))
    return not ingest_files(settings, files, collection, messages, build=build, password=password)


def _print_plain(text: str) -> None:
    """Print text of users and documents without line folding."""
    console.print(text, soft_wrap=True)


def _say(text: str, *, style: str | None = None) -> None:
    """Print a message, always as one line, where it does not mix with results."""
    messages.print(text, style=style, soft_wrap=True)


def _add_commands_of_other_packages(root: typer.Typer) -> None:
    """Add the groups that packages above this one declare as `youju.commands`."""
    for point in entry_points(group="youju.commands"):
        group: Any = point.load()
        root.add_typer(group, name=point.name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; failures that the user can mend end in one line, not a traceback.

    arguments: what follows the program's name; None: those of the process. Ends in SystemExit, 2
    for a setting or a call that is not valid, 1 for every other failure.
    """
    _add_commands_of_other_packages(app)
    try:
        app(args=None if arguments is None else list(arguments))
    except ValidationError as exc:
        _say(wrong_settings(exc), style="red")
        sys.exit(2)
    except (
        AddressUnavailable,
        CatalogError,
        CorruptModel,
        IngestionError,
        MissingModelPackage,
        RuleSetError,
    ) as exc:
        _say(str(exc), style="red")
        sys.exit(1)


def wrong_settings(error: ValidationError) -> str:
    """Return in one line which settings are wrong and why, without the values (one is a key)."""
    prefix = str(Settings.model_config["env_prefix"])
    return "; ".join(
        f"{prefix}{str(entry['loc'][0]).upper()}: {entry['msg']}"
        for entry in error.errors(include_url=False, include_context=False, include_input=False)
    )


if __name__ == "__main__":
    main()
