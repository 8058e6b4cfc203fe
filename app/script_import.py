"""Take a file of scripts into the library, all of it or what is right of it."""

from importlib.resources import files

from app.script_files import read_scripts
from app.script_schemas import ImportReply
from ingestion.store.scripts import ScriptDraft, Scripts

STARTER_NAME = "scripts.json"


def starter_file() -> bytes:
    """Return the scripts that ship with the service, to begin with."""
    return (files("generation") / "starter" / STARTER_NAME).read_bytes()


def import_scripts(
    scripts: Scripts, content: bytes, name: str, *, partial: bool = False, dry_run: bool = False
) -> ImportReply:
    """Store the scripts of a file and return what became of its rows.

    Where a row is wrong nothing is stored, unless `partial`, which leaves only that row out.
    dry_run: store nothing, and say what would be. Raises InvalidForm where the file is unreadable.
    """
    drafts, errors, rows = read_scripts(content, name)
    kept: list[ScriptDraft] = drafts if partial or not errors else []
    changing = sum(scripts.would_change(kept))
    if kept and not dry_run:
        scripts.put_all(kept)
    return ImportReply(
        rows=rows,
        stored=changing,
        unchanged=len(kept) - changing,
        errors=errors,
        dry_run=dry_run,
    )
