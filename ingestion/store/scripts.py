"""The library of approved wording, kept in the catalog's database with every earlier version."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from ingestion.store.compliance_tables import script_vectors, script_versions, scripts
from ingestion.store.database import Database
from ingestion.store.fault_points import FaultPoint, reach
from ingestion.store.schema import counters, next_value


class ApprovalState(StrEnum):
    """Only an approved script is ever shown."""

    DRAFT = "draft"
    APPROVED = "approved"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class ScriptDraft:
    """A script as its author gives it. collection: empty for every collection.

    valid_from, valid_to: when it may be used, the end excluded; None: no bound.
    """

    text: str
    language: str
    stage: str
    collection: str = ""
    variants: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    state: ApprovalState = ApprovalState.DRAFT
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    author: str = ""
    script_id: str = ""


@dataclass(frozen=True, slots=True)
class StoredScript:
    """A version of a script. created_at: of the script; updated_at: of this version."""

    script_id: str
    collection: str
    language: str
    stage: str
    state: ApprovalState
    version: int
    text: str
    variants: tuple[str, ...]
    tags: tuple[str, ...]
    valid_from: datetime | None
    valid_to: datetime | None
    author: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ScriptFilter:
    """Which scripts to list; None: all. collection: also those of every collection."""

    collection: str | None = None
    stage: str | None = None
    language: str | None = None
    state: ApprovalState | None = None
    tag: str | None = None
    text: str | None = None


_COLUMNS = [scripts.c[name] for name in StoredScript.__dataclass_fields__]
_NAMED_AT_ONCE = 500  # beyond, reading all of them takes less than naming them
_CONTENT = ("collection", "language", "stage", "state", "text", "variants", "tags")


def script_id_of(draft: ScriptDraft) -> str:
    """Return the id that was given, or one made of what the script says and where."""
    named = "\n".join((draft.collection, draft.language, draft.stage, draft.text))
    return draft.script_id or hashlib.sha256(named.encode()).hexdigest()[:16]


class Scripts:
    """All scripts. Each method is one transaction; every change moves `change_number` on."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def change_number(self) -> int:
        """Return a number that grows with every change of a script or a policy."""
        statement = sa.select(counters.c.value).where(counters.c.name == "scripts")
        with self._database.reading() as connection:
            return int(connection.execute(statement).scalar_one())

    def put_all(self, drafts: Sequence[ScriptDraft]) -> list[StoredScript]:
        """Store each draft as a new script or as the next version of the one with its id.

        A draft that says what is stored already changes nothing. All are stored or none.
        """
        now = self._clock()
        with self._database.writing() as connection:
            stored = [_put(connection, draft, now) for draft in drafts]
            if any(is_new for _, is_new in stored):
                next_value(connection, "scripts")
        return [script for script, _ in stored]

    def would_change(self, drafts: Sequence[ScriptDraft]) -> list[bool]:
        """Return for each draft whether `put_all` would store anything."""
        with self._database.reading() as connection:
            found = [_find(connection, script_id_of(draft)) for draft in drafts]
        return [
            stored is None or _says(stored) != _says(draft)
            for stored, draft in zip(found, drafts, strict=True)
        ]

    def create(self, draft: ScriptDraft) -> StoredScript | None:
        """Store a new script; None where its id is taken."""
        now = self._clock()
        with self._database.writing() as connection:
            if _find(connection, script_id_of(draft)) is not None:
                return None
            script, _ = _put(connection, draft, now)
            next_value(connection, "scripts")
        return script

    def replace(self, script_id: str, draft: ScriptDraft, version: int | None) -> bool | None:
        """Store the next version of a script; None where it does not exist.

        version: the one that the edit was made of. False where another edit came between.
        """
        now = self._clock()
        with self._database.writing() as connection:
            found = _find(connection, script_id)
            if found is None:
                return None
            if version is not None and version != found.version:
                return False
            _, is_new = _put(connection, draft, now)
            if is_new:
                next_value(connection, "scripts")
        return True

    def get(self, script_id: str) -> StoredScript | None:
        """Return the newest version of a script."""
        with self._database.reading() as connection:
            return _find(connection, script_id)

    def delete(self, script_id: str) -> bool:
        """Delete a script with all its versions. Returns whether there was one."""
        with self._database.writing() as connection:
            gone = connection.execute(sa.delete(scripts).where(scripts.c.script_id == script_id))
            reach(FaultPoint.SCRIPT_DELETED)
            if gone.rowcount:
                next_value(connection, "scripts")
        if gone.rowcount:
            self._database.scrub()
        return gone.rowcount > 0

    def versions(self, script_id: str) -> list[StoredScript]:
        """Return all versions of a script, newest first."""
        statement = (
            sa.select(script_versions)
            .where(script_versions.c.script_id == script_id)
            .order_by(script_versions.c.version.desc())
        )
        with self._database.reading() as connection:
            current = _find(connection, script_id)
            rows = connection.execute(statement).mappings().all()
        return [] if current is None else [_version(dict(row), current) for row in rows]

    def listed(
        self, wanted: ScriptFilter, offset: int, limit: int
    ) -> tuple[list[StoredScript], int]:
        """Return a page of scripts in the order of their ids, and how many there are."""
        where = list(_conditions(wanted))
        order = (scripts.c.collection, scripts.c.stage, scripts.c.script_id)
        page = sa.select(*_COLUMNS).where(*where).order_by(*order).offset(offset).limit(limit)
        count = sa.select(sa.func.count()).select_from(scripts).where(*where)
        with self._database.reading() as connection:
            rows = connection.execute(page).all()
            total = int(connection.execute(count).scalar_one())
        return [_script(row) for row in rows], total

    def approved(self) -> list[StoredScript]:
        """Return every approved script, whenever it is valid."""
        statement = sa.select(*_COLUMNS).where(scripts.c.state == ApprovalState.APPROVED)
        with self._database.reading() as connection:
            return [_script(row) for row in connection.execute(statement.order_by("script_id"))]

    def approved_at(self, moment: datetime) -> list[StoredScript]:
        """Return every script that was approved at a moment, in the version of then.

        Those that were deleted since are not among them.
        """
        columns = script_versions.c
        newest = (
            sa.select(columns.script_id, sa.func.max(columns.version).label("version"))
            .where(columns.created_at <= moment)
            .group_by(columns.script_id)
            .subquery()
        )
        joined = sa.and_(
            newest.c.script_id == columns.script_id, newest.c.version == columns.version
        )
        statement = sa.select(script_versions).join(newest, joined)
        with self._database.reading() as connection:
            rows = connection.execute(statement).mappings().all()
            current = {one.script_id: one for one in map(_script, connection.execute(_all()))}
        then = [_version(dict(row), current[row["script_id"]]) for row in rows]
        found = [script for script in then if script.state is ApprovalState.APPROVED]
        return sorted(found, key=lambda script: script.script_id)

    def vectors(self, encoder: str, script_ids: Collection[str]) -> dict[tuple[str, int], bytes]:
        """Return the stored vectors of an encoder by script and version, of these scripts."""
        statement = sa.select(
            script_vectors.c.script_id, script_vectors.c.version, script_vectors.c.vectors
        ).where(script_vectors.c.encoder == encoder)
        if len(script_ids) <= _NAMED_AT_ONCE:
            statement = statement.where(script_vectors.c.script_id.in_(script_ids))
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        return {
            (row.script_id, row.version): row.vectors for row in rows if row.script_id in script_ids
        }

    def keep_vectors(self, encoder: str, made: Iterable[tuple[str, int, bytes]]) -> None:
        """Keep what embedding scripts gave; those deleted since are left out."""
        with self._database.writing() as connection:
            for script_id, version, vectors in made:
                if _find(connection, script_id) is None:
                    continue
                connection.execute(
                    sa.delete(script_vectors).where(script_vectors.c.script_id == script_id)
                )
                row = {
                    "script_id": script_id,
                    "version": version,
                    "encoder": encoder,
                    "vectors": vectors,
                }
                reach(FaultPoint.SCRIPT_VECTORS_KEPT)
                connection.execute(sa.insert(script_vectors).values(row))


def _conditions(wanted: ScriptFilter) -> Iterable[sa.ColumnElement[bool]]:
    if wanted.collection is not None:
        yield scripts.c.collection.in_(("", wanted.collection))
    for name in ("stage", "language", "state"):
        value = getattr(wanted, name)
        if value is not None:
            yield scripts.c[name] == value
    if wanted.tag is not None:
        # The quotes of JSON keep a tag from matching inside another.
        quoted = f'"{wanted.tag}"'
        yield sa.cast(scripts.c.tags, sa.Text).contains(quoted, autoescape=True)
    if wanted.text is not None:
        places = (scripts.c.text, sa.cast(scripts.c.variants, sa.Text), scripts.c.script_id)
        yield sa.or_(*(place.icontains(wanted.text, autoescape=True) for place in places))


def _all() -> sa.Select[Any]:
    return sa.select(*_COLUMNS)


def _find(connection: sa.Connection, script_id: str) -> StoredScript | None:
    row = connection.execute(sa.select(*_COLUMNS).where(scripts.c.script_id == script_id)).first()
    return None if row is None else _script(row)


def _put(connection: sa.Connection, draft: ScriptDraft, now: datetime) -> tuple[StoredScript, bool]:
    script_id = script_id_of(draft)
    before = _find(connection, script_id)
    if before is not None and _says(before) == _says(draft):
        return before, False
    script = StoredScript(
        script_id=script_id,
        version=before.version + 1 if before else 1,
        created_at=before.created_at if before else now,
        updated_at=now,
        author=draft.author,
        **_says(draft),
    )
    row = {name: getattr(script, name) for name in StoredScript.__dataclass_fields__}
    row |= {"variants": list(script.variants), "tags": list(script.tags)}
    if before is None:
        connection.execute(sa.insert(scripts).values(row))
    else:
        connection.execute(sa.update(scripts).where(scripts.c.script_id == script_id).values(row))
    reach(FaultPoint.SCRIPT_STORED)
    content: dict[str, Any] = {name: row[name] for name in _CONTENT}
    for name in ("valid_from", "valid_to"):
        moment = getattr(script, name)
        content[name] = None if moment is None else moment.isoformat()
    version = {
        "script_id": script_id,
        "version": script.version,
        "content": content,
        "author": script.author,
        "created_at": now,
    }
    connection.execute(sa.insert(script_versions).values(version))
    return script, True


def _says(script: ScriptDraft | StoredScript) -> dict[str, Any]:
    return {name: getattr(script, name) for name in (*_CONTENT, "valid_from", "valid_to")}


def _script(row: Any) -> StoredScript:
    values = dict(row._mapping)
    values |= {
        "state": ApprovalState(values["state"]),
        "variants": tuple(values["variants"]),
        "tags": tuple(values["tags"]),
    }
    return StoredScript(**values)


def _version(row: dict[str, Any], current: StoredScript) -> StoredScript:
    content = row["content"]
    moments = {
        name: None if content[name] is None else datetime.fromisoformat(content[name])
        for name in ("valid_from", "valid_to")
    }
    return StoredScript(
        script_id=row["script_id"],
        collection=content["collection"],
        language=content["language"],
        stage=content["stage"],
        state=ApprovalState(content["state"]),
        version=row["version"],
        text=content["text"],
        variants=tuple(content["variants"]),
        tags=tuple(content["tags"]),
        valid_from=moments["valid_from"],
        valid_to=moments["valid_to"],
        author=row["author"],
        created_at=current.created_at,
        updated_at=row["created_at"],
    )
