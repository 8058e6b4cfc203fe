"""Whether scripts, policies, rules and the states of conversations are whole.

Rows are read as they lie in the database, so that one which can't be read is told and not raised.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ingestion.store.findings import Finding, Flaw
from ingestion.store.scripts import ApprovalState

Row = Mapping[str, Any]
_CONTENT = ("collection", "language", "stage", "state", "text", "variants", "tags")
_MOMENTS = ("valid_from", "valid_to")
_FLOAT_BYTES = 4


def check_compliance(connection: sa.Connection) -> Iterator[Finding]:
    """Yield what is wrong in the tables that answers are held against."""
    scripts = {row["script_id"]: row for row in _rows(connection, "scripts")}
    yield from _each(Flaw.SCRIPT_WRONG, "script_id", list(scripts.values()), _read_script)
    yield from _check_versions(connection, scripts)
    for row in _rows(connection, "script_vectors"):
        detail = _wrong_vectors(row, scripts.get(row["script_id"]))
        if detail:
            yield Finding(Flaw.SCRIPT_WRONG, str(row["script_id"]), detail)
    for flaw, table in ((Flaw.POLICY_WRONG, "policies"), (Flaw.RULES_WRONG, "rule_sets")):
        rows = _rows(connection, table)
        yield from _each(flaw, "collection", rows, _read_content)
        yield from _gaps(flaw, "collection", rows)
    states = _rows(connection, "session_states")
    yield from _each(Flaw.SESSION_WRONG, "session_id", states, _read_state)


def _rows(connection: sa.Connection, table: str) -> list[Row]:
    found = connection.exec_driver_sql(f"SELECT * FROM {table}")  # noqa: S608  # own names
    return [dict(row) for row in found.mappings()]


def _each(flaw: Flaw, key: str, rows: list[Row], read: Callable[[Row], None]) -> Iterator[Finding]:
    for row in rows:
        try:
            read(row)
        except (ValueError, TypeError, KeyError) as exc:
            yield Finding(flaw, str(row[key]), f"it can't be read: {exc}")


def _gaps(flaw: Flaw, key: str, rows: list[Row]) -> Iterator[Finding]:
    versions = defaultdict[str, set[object]](set)
    for row in rows:
        versions[str(row[key])].add(row["version"])
    for name, found in versions.items():
        if found != set(range(1, len(found) + 1)):
            yield Finding(flaw, name, "its versions are not numbered from 1 without a gap")


def _check_versions(connection: sa.Connection, scripts: Mapping[str, Row]) -> Iterator[Finding]:
    versions = _rows(connection, "script_versions")
    yield from _gaps(Flaw.SCRIPT_WRONG, "script_id", versions)
    stored = {(row["script_id"], row["version"]): row for row in versions}
    for script_id, row in scripts.items():
        newest = stored.get((script_id, row["version"]))
        if newest is None or (script_id, _next(row["version"])) in stored:
            detail = "its version is not the newest that is kept"
            yield Finding(Flaw.SCRIPT_WRONG, script_id, detail)
        elif not _is_same(row, newest):
            detail = "it does not say what its newest version says"
            yield Finding(Flaw.SCRIPT_WRONG, script_id, detail)


def _next(version: object) -> int | None:
    return version + 1 if isinstance(version, int) else None


def _is_same(row: Row, version: Row) -> bool:
    try:
        content = json.loads(version["content"])
        said = {name: row[name] for name in _CONTENT} | {
            name: json.loads(row[name]) for name in ("variants", "tags")
        }
        moments = [content[name] and datetime.fromisoformat(content[name]) for name in _MOMENTS]
        own = [row[name] and datetime.fromisoformat(row[name]) for name in _MOMENTS]
    except (ValueError, TypeError, KeyError):
        return False
    naive = [moment and moment.replace(tzinfo=None) for moment in moments]
    return naive == own and said == {name: content.get(name) for name in _CONTENT}


def _wrong_vectors(row: Row, script: Row | None) -> str:
    """Return what is wrong with a script's vectors: they are those of its version, one a text."""
    if script is None:
        return "its vectors belong to no script"
    try:
        texts = 1 + len(json.loads(script["variants"]))
        if isinstance(row["vectors"], bytes) and len(row["vectors"]) % (texts * _FLOAT_BYTES) == 0:
            return ""
        # Those of an earlier version wait to be replaced.
        return "" if row["version"] != script["version"] else "its vectors are not one a text"
    except (ValueError, TypeError):
        return "its vectors can't be held against it"


def _read_script(row: Row) -> None:
    ApprovalState(row["state"])
    for name in ("collection", "language", "stage", "text", "author"):
        _is(row[name], str)
    if not row["text"].strip():
        raise ValueError("it has no text")
    for name in ("variants", "tags"):
        _strings(row[name])
    for name in (*_MOMENTS, "created_at", "updated_at"):
        if row[name] is not None or name not in _MOMENTS:
            datetime.fromisoformat(row[name])


def _read_content(row: Row) -> None:
    _is(json.loads(row["content"]), dict)
    _is(row["author"], str)
    datetime.fromisoformat(row["created_at"])


def _read_state(row: Row) -> None:
    _is(row["stage"], str)
    _strings(row["used"])
    if _is(row["fallbacks"], int) < 0:
        raise ValueError("fewer than no fallbacks")


def _strings(content: str) -> None:
    for one in _is(json.loads(content), list):
        _is(one, str)


def _is(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"a {type(value).__name__} where a {kind.__name__} should be")
    return value
