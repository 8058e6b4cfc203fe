"""The commands of the script library: import, export, list."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from app.errors import InvalidForm
from app.settings import Settings

commands = typer.Typer(no_args_is_help=True, help="The library of approved wording.")
console = Console(highlight=False, markup=False, emoji=False)
messages = Console(stderr=True, highlight=False, markup=False, emoji=False)
Collection = Annotated[str | None, typer.Option("--collection", "-c", help="Which collection.")]


@commands.command("import")
def import_file(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A CSV, XLSX or JSON file.")
    ] = None,
    starter: Annotated[
        bool, typer.Option("--starter", help="The scripts that ship with Youju.")
    ] = False,
    partial: Annotated[bool, typer.Option("--partial", help="Leave wrong rows out.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be.")] = False,
) -> None:
    """Take in a file of scripts; a running service uses them at once."""
    from app.open_catalog import open_catalog
    from app.script_import import import_scripts, starter_file

    if (file is None) is not starter:
        raise typer.BadParameter("give either a FILE or --starter")
    try:
        content = starter_file() if file is None else file.read_bytes()
    except OSError as exc:
        _fail(f"{file}: {exc.strerror}")
    catalog = open_catalog(Settings())
    try:
        done = import_scripts(
            catalog.scripts,
            content,
            "starter.json" if file is None else file.name,
            partial=partial,
            dry_run=dry_run,
        )
    except InvalidForm as exc:
        _fail("; ".join(f"{file} {complaint.msg}" for complaint in exc.complaints))
    finally:
        catalog.close()
    for error in done.errors:
        messages.print(f"row {error.row}, {error.field}: {error.msg}", soft_wrap=True)
    kept = "would be stored" if dry_run else "stored"
    messages.print(f"{done.stored} of {done.rows} scripts {kept}, {done.unchanged} unchanged")
    if done.errors:
        raise typer.Exit(1)


@commands.command("export")
def export_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV, XLSX or JSON file.")],
    collection: Collection = None,
) -> None:
    """Write the scripts to a file that can be edited and imported again."""
    from app.open_catalog import open_catalog
    from app.script_files import ScriptFormat, write_scripts
    from ingestion.store.scripts import ScriptFilter

    try:
        kind = ScriptFormat(file.suffix.removeprefix(".").lower())
    except ValueError as exc:
        raise typer.BadParameter("FILE must end in .csv, .xlsx or .json") from exc
    catalog = open_catalog(Settings())
    found, total = catalog.scripts.listed(ScriptFilter(collection), 0, 1_000_000)
    catalog.close()
    try:
        file.write_bytes(write_scripts(found, kind))
    except OSError as exc:
        _fail(f"{file}: {exc.strerror}")
    messages.print(f"{total} scripts written to {file}", soft_wrap=True)


@commands.command("list")
def list_scripts(collection: Collection = None) -> None:
    """List the scripts."""
    from app.open_catalog import open_catalog
    from ingestion.store.scripts import ScriptFilter

    catalog = open_catalog(Settings())
    found, total = catalog.scripts.listed(ScriptFilter(collection), 0, 1_000_000)
    catalog.close()
    for script in found:
        where = f"{script.collection or '*'}  {script.stage}  {script.language}  {script.state}"
        console.print(
            f"{script.script_id}  v{script.version}  {where}  {script.text}", soft_wrap=True
        )
    messages.print(f"{total} scripts")


def _fail(text: str) -> NoReturn:
    messages.print(text, style="red", soft_wrap=True)
    raise typer.Exit(1)
