"""The append-only record of what compliance decided, hash-chained, in the catalog's database.

Users' words lie in a row of their own that an entry commits to by salted hashes, so that they can
be erased and the chain still holds.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from ingestion.store.audit_chain import GENESIS, Facts, canonical, commitments, link
from ingestion.store.database import Database
from ingestion.store.fault_points import FaultPoint, reach
from ingestion.store.schema import audit_entries, audit_texts, counters, next_value

ERASURE = "erasure"
_PAGE = 500
_UNLINKED = "its hash is not that of its content and the one before"


@dataclass(frozen=True, slots=True)
class AuditDraft:
    """An entry to be. facts: without a user's words; texts: those words, by name."""

    trace_id: str
    collection: str
    action: str
    session_id: str
    facts: Facts
    texts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A stored entry. texts: None where they were erased."""

    sequence: int
    created_at: datetime
    trace_id: str
    collection: str
    action: str
    facts: Mapping[str, Any]
    texts: Mapping[str, Any] | None
    hash: str


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The newest entry's number and hash; 0 and zeros before the first."""

    sequence: int
    hash: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries: None takes all. since: included; until: excluded."""

    trace_id: str | None = None
    collection: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChainFlaw:
    """What is wrong at an entry of the chain."""

    sequence: int
    detail: str


class Audit:
    """The record of one data directory. Each method is one transaction, unless it says so."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def append(self, drafts: Sequence[AuditDraft]) -> AuditHead:
        """Store entries, in this order and all or none, and return the new head.

        Raises CatalogUnavailable where they can't be stored, ValueError for NaN.
        """
        with self._database.writing() as connection:
            head = _head(connection)
            for draft in drafts:
                head = self._append(connection, head, draft)
        return head

    def head(self) -> AuditHead:
        """Return the newest entry's number and hash."""
        with self._database.reading() as connection:
            return _head(connection)

    def entry(self, sequence: int) -> AuditEntry | None:
        """Return one entry."""
        with self._database.reading() as connection:
            row = connection.execute(
                _joined().where(audit_entries.c.sequence == sequence)
            ).one_or_none()
        return None if row is None else _entry(row)

    def flaws(self, sequence: int) -> list[ChainFlaw]:
        """Return what is wrong with one entry, its words, and its link to the one before."""
        with self._database.reading() as connection:
            wanted = _joined().where(audit_entries.c.sequence.in_((sequence - 1, sequence)))
            rows = connection.execute(wanted.order_by(audit_entries.c.sequence)).all()
            previous = rows[0].hash if len(rows) > 1 else GENESIS
            found = list(_verify_row(rows[-1], set(), set())) if rows else []
            if rows and link(previous, rows[-1].entry) != rows[-1].hash:
                found.append(ChainFlaw(sequence, _UNLINKED))
        return found

    def listed(self, wanted: AuditFilter, offset: int, limit: int) -> tuple[list[AuditEntry], int]:
        """Return a page of entries, newest first, and how many there are in all."""
        conditions = _conditions(wanted)
        count = sa.select(sa.func.count()).select_from(audit_entries).where(*conditions)
        page = _joined().where(*conditions).order_by(audit_entries.c.sequence.desc())
        with self._database.reading() as connection:
            rows = connection.execute(page.offset(offset).limit(limit)).all()
            return [_entry(row) for row in rows], int(connection.execute(count).scalar_one())

    def every(self, wanted: AuditFilter) -> Iterator[AuditEntry]:
        """Yield entries, oldest first, some hundred at a time, each page as it is then."""
        after = 0
        while True:
            page = (
                _joined()
                .where(audit_entries.c.sequence > after, *_conditions(wanted))
                .order_by(audit_entries.c.sequence)
                .limit(_PAGE)
            )
            with self._database.reading() as connection:
                rows = connection.execute(page).all()
            for row in rows:
                yield _entry(row)
            if len(rows) < _PAGE:
                return
            after = rows[-1].sequence

    def verify(self, known: AuditHead | None = None) -> Iterator[ChainFlaw]:
        """Yield whatever was changed, deleted, put in another order, or cut off at the end.

        known: a head noted elsewhere before; without it, an end that was cut off together with the
        counter is not found. What is appended meanwhile is not looked at.
        """
        with self._database.reading() as connection:
            yield from verify_chain(connection, known)

    def erase(
        self,
        *,
        trace_id: str | None = None,
        session_id: str | None = None,
        before: datetime | None = None,
    ) -> int:
        """Erase the words of the entries that meet all that is given; returns how many had any.

        The erasure is an entry itself. Raises ValueError where nothing is given.
        """
        conditions = []
        if trace_id is not None:
            conditions.append(audit_entries.c.trace_id == trace_id)
        if session_id is not None:
            conditions.append(audit_texts.c.session_id == session_id)
        if before is not None:
            conditions.append(audit_entries.c.created_at < before)
        if not conditions:
            raise ValueError("say what to erase")
        found = (
            sa.select(audit_texts.c.sequence)
            .join(audit_entries, audit_entries.c.sequence == audit_texts.c.sequence)
            .where(*conditions)
        )
        with self._database.writing() as connection:
            erased = sorted(connection.execute(found).scalars())
            if not erased:
                return 0
            connection.execute(
                sa.delete(audit_texts).where(audit_texts.c.sequence.in_(found.scalar_subquery()))
            )
            reach(FaultPoint.AUDIT_TEXTS_ERASED)
            facts = {"erased": erased}
            draft = AuditDraft(trace_id or "", "", ERASURE, "", facts, {})
            self._append(connection, _head(connection), draft)
        self._database.scrub()
        return len(erased)

    def _append(self, connection: sa.Connection, head: AuditHead, draft: AuditDraft) -> AuditHead:
        now, salt = self._clock(), secrets.token_hex(32)
        sequence = next_value(connection, "audit")
        entry = canonical(
            {
                "sequence": sequence,
                "created_at": now.astimezone(UTC).isoformat(),
                "trace_id": draft.trace_id,
                "collection": draft.collection,
                "action": draft.action,
                "facts": draft.facts,
                "commitments": commitments(draft.texts, salt),
            }
        )
        digest = link(head.hash, entry)
        row = {
            "sequence": sequence,
            "created_at": now,
            "trace_id": draft.trace_id,
            "collection": draft.collection,
            "action": draft.action,
            "entry": entry,
            "hash": digest,
        }
        connection.execute(sa.insert(audit_entries).values(row))
        reach(FaultPoint.AUDIT_ENTERED)
        if draft.texts:
            words = {
                "sequence": sequence,
                "session_id": draft.session_id,
                "salt": salt,
                "texts": canonical(draft.texts),
            }
            connection.execute(sa.insert(audit_texts).values(words))
        return AuditHead(sequence, digest)


def _head(connection: sa.Connection) -> AuditHead:
    newest = (
        sa.select(audit_entries.c.sequence, audit_entries.c.hash)
        .order_by(audit_entries.c.sequence.desc())
        .limit(1)
    )
    row = connection.execute(newest).one_or_none()
    return AuditHead(0, GENESIS) if row is None else AuditHead(row.sequence, row.hash)


def _joined() -> sa.Select[Any]:
    return sa.select(audit_entries, audit_texts.c.texts, audit_texts.c.salt).outerjoin(
        audit_texts, audit_texts.c.sequence == audit_entries.c.sequence
    )


def _conditions(wanted: AuditFilter) -> list[sa.ColumnElement[bool]]:
    columns = audit_entries.c
    found = []
    for column, value in (
        (columns.trace_id, wanted.trace_id),
        (columns.collection, wanted.collection),
        (columns.action, wanted.action),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.since is not None:
        found.append(columns.created_at >= wanted.since)
    if wanted.until is not None:
        found.append(columns.created_at < wanted.until)
    return found


def _entry(row: sa.Row[Any]) -> AuditEntry:
    return AuditEntry(
        sequence=row.sequence,
        created_at=row.created_at,
        trace_id=row.trace_id,
        collection=row.collection,
        action=row.action,
        facts=json.loads(row.entry)["facts"],
        texts=None if row.texts is None else json.loads(row.texts),
        hash=row.hash,
    )


def verify_chain(connection: sa.Connection, known: AuditHead | None = None) -> Iterator[ChainFlaw]:
    """Yield what is wrong with the chain as a connection sees it; see `Audit.verify`."""
    previous, expected = GENESIS, 1
    erased, missing = set[int](), set[int]()
    is_known = known is None or known == AuditHead(0, GENESIS)
    for row in connection.execute(_joined().order_by(audit_entries.c.sequence)):
        if not isinstance(row.sequence, int):
            yield ChainFlaw(expected, "an entry's number is none")
            continue
        if row.sequence != expected:
            yield ChainFlaw(expected, f"entries are missing up to {row.sequence - 1}")
        if link(previous, row.entry) != row.hash:
            yield ChainFlaw(row.sequence, _UNLINKED)
        yield from _verify_row(row, erased, missing)
        is_known = is_known or known == AuditHead(row.sequence, row.hash)
        previous, expected = row.hash, row.sequence + 1
    for sequence in sorted(missing - erased):
        yield ChainFlaw(sequence, "its texts are gone, and no erasure names it")
    stray = sa.select(audit_texts.c.sequence).where(
        audit_texts.c.sequence.not_in(sa.select(audit_entries.c.sequence))
    )
    for sequence in connection.execute(stray).scalars():
        yield ChainFlaw(sequence, "its texts belong to no entry")
    counter = sa.select(counters.c.value).where(counters.c.name == "audit")
    highest = connection.execute(counter).scalar_one_or_none()
    if highest != expected - 1:
        yield ChainFlaw(expected, f"the counter stands at {highest}, the end is at {expected - 1}")
    if known is not None and not is_known:
        yield ChainFlaw(known.sequence, "the head that was noted is not in the chain")


def _verify_row(row: sa.Row[Any], erased: set[int], missing: set[int]) -> Iterator[ChainFlaw]:
    try:
        said = json.loads(row.entry)
        stated = (
            said["sequence"],
            datetime.fromisoformat(said["created_at"]),
            said["trace_id"],
            said["collection"],
            said["action"],
        )
        columns = (row.sequence, row.created_at, row.trace_id, row.collection, row.action)
        if stated != columns:
            yield ChainFlaw(row.sequence, "its columns say other than its content")
        if said["action"] == ERASURE:
            erased.update(said["facts"]["erased"])
        committed = said["commitments"]
        if row.texts is not None:
            if commitments(json.loads(row.texts), row.salt) != committed:
                yield ChainFlaw(row.sequence, "its texts are not those it commits to")
        elif committed:
            missing.add(row.sequence)
    except (ValueError, KeyError, TypeError, AttributeError):
        yield ChainFlaw(row.sequence, "it can't be read")
