"""Whether an upload is one that the catalog has, as statements on an open connection."""

from collections.abc import Sequence

import sqlalchemy as sa

from ingestion.store.jobs import ACTIVE
from ingestion.store.schema import documents, jobs
from ingestion.store.stored import JobState, Submission
from ingestion.store.uploads import Upload


def touched_by(connection: sa.Connection, uploads: Sequence[Upload]) -> set[str]:
    """Return those ids and sha256 of uploads that documents or open jobs have.

    An upload none of whose two is among them is new; the others are for `find_same` to judge.
    """
    ids = [upload.document_id for upload in uploads]
    contents = [upload.sha256 for upload in uploads]
    own = jobs.c.collection.in_({upload.collection for upload in uploads})
    is_open = jobs.c.state.in_(ACTIVE)
    statements = (
        sa.select(documents.c.document_id).where(documents.c.document_id.in_(ids)),
        sa.select(documents.c.sha256).where(documents.c.sha256.in_(contents)),
        sa.select(jobs.c.document_id).where(jobs.c.document_id.in_(ids), is_open),
        sa.select(jobs.c.sha256).where(jobs.c.sha256.in_(contents), own, is_open),
    )
    return {name for statement in statements for name in connection.execute(statement).scalars()}


def find_same(connection: sa.Connection, upload: Upload) -> Submission | None:
    """Return the duplicate that an upload is, or None when it has to be ingested.

    A known name decides by itself: its newest bytes (of its open job, else as stored) are the
    same or a new revision has come. Only a new name is compared with the rest of the collection.
    An open job that would fail for want of this upload's password does not stand for it.
    """
    holder = _open_content(connection, jobs.c.document_id == upload.document_id)
    if holder is not None and holder[1] == upload.sha256 and not _opens(connection, upload, holder):
        return None
    holder = holder or _stored_content(connection, documents.c.document_id == upload.document_id)
    if holder is not None:
        return _duplicate(connection, upload, *holder) if holder[1] == upload.sha256 else None
    holder = _open_content(
        connection, jobs.c.collection == upload.collection, jobs.c.sha256 == upload.sha256
    )
    if holder is not None and not _opens(connection, upload, holder):
        holder = None
    # A document that is being replaced will not hold these bytes for long.
    replaced = sa.exists().where(
        jobs.c.document_id == documents.c.document_id, jobs.c.state.in_(ACTIVE)
    )
    holder = holder or _stored_content(
        connection,
        documents.c.collection == upload.collection,
        documents.c.sha256 == upload.sha256,
        ~replaced,
    )
    return None if holder is None else _duplicate(connection, upload, *holder)


def _open_content(
    connection: sa.Connection, *conditions: sa.ColumnElement[bool]
) -> tuple[str, str] | None:
    columns = (jobs.c.document_id, jobs.c.sha256)
    return _first_content(
        connection,
        sa.select(*columns).where(jobs.c.state.in_(ACTIVE), *conditions).order_by(jobs.c.sequence),
    )


def _stored_content(
    connection: sa.Connection, *conditions: sa.ColumnElement[bool]
) -> tuple[str, str] | None:
    columns = (documents.c.document_id, documents.c.sha256)
    return _first_content(
        connection, sa.select(*columns).where(*conditions).order_by(documents.c.document_id)
    )


def _opens(connection: sa.Connection, upload: Upload, holder: tuple[str, str]) -> bool:
    """Return whether an open job has the password of an upload of the same bytes, if any."""
    if not upload.password:
        return True
    held = sa.select(jobs.c.password).where(
        jobs.c.document_id == holder[0], jobs.c.state.in_(ACTIVE)
    )
    return connection.execute(held).scalar() == upload.password


def _first_content(
    connection: sa.Connection, statement: sa.Select[str, str]
) -> tuple[str, str] | None:
    row: Sequence[str] | None = connection.execute(statement.limit(1)).first()
    return None if row is None else (row[0], row[1])


def _duplicate(
    connection: sa.Connection, upload: Upload, document_id: str, _sha256: str
) -> Submission:
    job_id = connection.execute(
        sa.select(jobs.c.job_id)
        .where(
            jobs.c.document_id == document_id,
            jobs.c.sha256 == upload.sha256,
            jobs.c.state.in_((*ACTIVE, JobState.DONE)),
        )
        .order_by(jobs.c.sequence.desc())
        .limit(1)
    ).scalar()
    return Submission(document_id, upload.revision, job_id, "duplicate", document_id)
