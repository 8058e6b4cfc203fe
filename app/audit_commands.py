"""`youju audit …`: check the record of compliance, export it, erase users' words from it."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.audit_replay import ReplayOutcome
from app.settings import Settings
from ingestion.store.audit import AuditFilter, AuditHead

commands = typer.Typer(no_args_is_help=True, help="The record of what compliance decided.")
messages = Console(stderr=True, highlight=False, markup=False, emoji=False)
_DIGITS = 19
console = Console(highlight=False, markup=False, emoji=False)
Moment = Annotated[datetime | None, typer.Option(metavar="DATE", help="In UTC.")]


@commands.command()
def verify(
    head: Annotated[
        str, typer.Option(metavar="NUMBER:HASH", help="A head noted before; `youju audit head`.")
    ] = "",
) -> None:
    """Find any change, deletion or reordering, and with --head a cut-off end. Status 1 if any."""
    from app.open_catalog import open_catalog

    known = _head(head) if head else None
    catalog = open_catalog(Settings())
    newest, found = catalog.audit.head(), list(catalog.audit.verify(known))
    for flaw in found:
        console.print(f"{flaw.sequence}  {flaw.detail}", soft_wrap=True)
    catalog.close()
    if found:
        messages.print(f"{len(found)} findings")
        raise typer.Exit(1)
    messages.print(f"the chain holds, {newest.sequence} entries")


@commands.command("head")
def show_head() -> None:
    """Print the newest entry's number and hash, to be kept elsewhere."""
    from app.open_catalog import open_catalog

    catalog = open_catalog(Settings())
    newest = catalog.audit.head()
    catalog.close()
    console.print(f"{newest.sequence}:{newest.hash}", soft_wrap=True)


@commands.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines; must not exist.")],
    since: Moment = None,
    until: Moment = None,
    collection: Annotated[str | None, typer.Option("--collection", "-c")] = None,
) -> None:
    """Write entries, oldest first, with the words that are not erased."""
    from app.open_catalog import open_catalog

    wanted = AuditFilter(collection=collection, since=_utc(since), until=_utc(until))
    catalog = open_catalog(Settings())
    count = 0
    try:
        with file.open("x", encoding="utf-8") as out:
            for entry in catalog.audit.every(wanted):
                count += 1
                row = {**asdict(entry), "created_at": entry.created_at.isoformat()}
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
    except OSError as exc:
        messages.print(f"{file}: {exc.strerror}", style="red", soft_wrap=True)
        raise typer.Exit(1) from exc
    finally:
        catalog.close()
    messages.print(f"{count} entries written to {file}", soft_wrap=True)


@commands.command()
def replay(
    entry: Annotated[
        str, typer.Argument(metavar="ID", help="An entry's number, or the trace id of an answer.")
    ],
) -> None:
    """Judge an entry's words anew by the rules, scripts and policy of then. Status 1 unless same.

    Prints whether the verdict is the same, what differs, and why.
    """
    from app.bootstrap import build_replay
    from app.build_models import build_encoder
    from app.open_catalog import open_catalog

    settings = Settings()
    catalog = open_catalog(settings)
    try:
        wanted = AuditFilter(trace_id=entry)
        numbers = [one.sequence for one in catalog.audit.every(wanted)]
        if not numbers and entry.isdecimal() and len(entry) < _DIGITS:
            numbers = [int(entry)] if catalog.audit.entry(int(entry)) else []
        if not numbers:
            messages.print(f"the audit has no entry {entry}", soft_wrap=True)
            raise typer.Exit(1)
        player = build_replay(settings, catalog, build_encoder(settings))
        replays = [one for one in map(player.replay, numbers) if one is not None]
    finally:
        catalog.close()
    for one in replays:
        console.print(f"{one.sequence}  {one.outcome}", soft_wrap=True)
        for line in (*one.reasons, *(f"note: {note}" for note in one.notes)):
            console.print(f"    {line}", soft_wrap=True)
    if any(one.outcome is not ReplayOutcome.SAME for one in replays):
        raise typer.Exit(1)


@commands.command()
def erase(
    trace: Annotated[str | None, typer.Option(help="Of this answer.")] = None,
    session: Annotated[str | None, typer.Option(help="Of this conversation.")] = None,
    before: Moment = None,
) -> None:
    """Erase the words of entries; what was decided stays, and the chain still holds.

    The write-ahead log is emptied too. Words in backups stay there.
    """
    from app.open_catalog import open_catalog

    if trace is None and session is None and before is None:
        raise typer.BadParameter("give --trace, --session or --before")
    catalog = open_catalog(Settings())
    count = catalog.audit.erase(trace_id=trace, session_id=session, before=_utc(before))
    catalog.close()
    messages.print(f"the words of {count} entries were erased")


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=UTC)


def _head(text: str) -> AuditHead:
    sequence, _, digest = text.partition(":")
    if not sequence.isdecimal() or len(digest) != 64:
        raise typer.BadParameter("--head is NUMBER:HASH, as `youju audit head` prints it")
    return AuditHead(int(sequence), digest)
