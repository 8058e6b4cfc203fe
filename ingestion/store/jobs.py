"""The job queue, as statements on an open connection: leases, attempts, fairness, final states.

A document has at most one job that is queued or running; a newer upload supersedes it. Whoever
changes a running job must be the worker that holds it: a worker whose lease ran out and whose job
went to another finds that none of its writes apply any more.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from ingestion.store.fault_points import FaultPoint, reach
from ingestion.store.schema import collections, counters, documents, jobs, next_value
from ingestion.store.stored import Job, JobState, Submission
from ingestion.store.uploads import Upload

ACTIVE = (JobState.QUEUED, JobState.RUNNING)
# What the smallest job costs, in bytes: about as much text as is embedded while one is stored.
BYTES_OF_A_TURN = 4096
_IDS_OF_A_STATEMENT = 5000
_JOB_COLUMNS = [jobs.c[name] for name in Job.__dataclass_fields__]


def enqueue(connection: sa.Connection, upload: Upload, now: datetime) -> Submission:
    """Queue an upload. Its document must have no open job, its collection must be known."""
    job_id = uuid.uuid4().hex
    row = {
        "job_id": job_id,
        "sequence": next_value(connection, "jobs"),
        "document_id": upload.document_id,
        "revision": upload.revision,
        "collection": upload.collection,
        "name": upload.name,
        "sha256": upload.sha256,
        "size": upload.size,
        "metadata": dict(upload.metadata),
        "state": JobState.QUEUED,
        "stage": "queued",
        "progress": 0.0,
        "attempts": 0,
        "created_at": now,
        "password": upload.password or None,
    }
    connection.execute(sa.insert(jobs).values(row))
    reach(FaultPoint.JOB_ENQUEUED)
    return Submission(upload.document_id, upload.revision, job_id, "queued", None)


def supersede(connection: sa.Connection, upload: Upload, now: datetime) -> list[str]:
    """End the open job of an upload's document; returns the sha256 of the source it gave up."""
    return end(
        connection,
        jobs.c.document_id == upload.document_id,
        state=JobState.CANCELLED,
        now=now,
        code="superseded",
        reason="A newer upload of the same document took its place.",
    )


def is_work_waiting(connection: sa.Connection, now: datetime, largest: int | None = None) -> bool:
    """Return whether a claim would find anything to do. Takes no lock."""
    ready = sa.or_(_is_claimable(largest), _lease_ran_out(now))
    return connection.execute(sa.select(sa.literal(1)).where(ready).limit(1)).first() is not None


def expire(connection: sa.Connection, now: datetime, max_attempts: int) -> list[str]:
    """Requeue jobs whose lease ran out, saying why; those tried `max_attempts` times have failed.

    Returns the sha256 of the sources of failed ones.
    """
    failed = end(
        connection,
        sa.and_(_lease_ran_out(now), jobs.c.attempts >= max_attempts),
        state=JobState.FAILED,
        now=now,
        code="worker_died",
        reason=f"The worker stopped without a word {max_attempts} times on this document, as it "
        "does when memory runs out. Split the document or free memory, and upload it again.",
    )
    noted = {
        "reason_code": "worker_died",
        "reason": "The worker stopped without a word in stage '"
        + jobs.c.stage
        + f"'; the document is tried again, {max_attempts} times in all.",
    }
    connection.execute(sa.update(jobs).where(_lease_ran_out(now)).values(_requeued() | noted))
    reach(FaultPoint.JOBS_EXPIRED)
    return failed


def _is_claimable(largest: int | None) -> sa.ColumnElement[bool]:
    queued = jobs.c.state == JobState.QUEUED
    if largest is None:
        return queued
    return sa.and_(queued, jobs.c.size <= largest, jobs.c.reason_code.is_(None))


def claim(
    connection: sa.Connection,
    worker: str,
    now: datetime,
    lease_seconds: float,
    largest: int | None = None,
) -> Job | None:
    """Give the next job to a worker: the oldest one of the collection whose turn it is.

    largest: leave out files of more bytes, and jobs that a worker died of or that are heavy.
    Turns are shared by the bytes that collections bring, not by jobs (start-time fair queueing,
    Goyal et al. 1996): `served` is where a collection's last job ends on a common scale, the
    counter of that name where the last claimed one began. Who comes back from a pause starts there,
    ahead of those with more behind them, without credit for the pause.
    """
    claimable = _is_claimable(largest)
    waiting = sa.exists().where(claimable, jobs.c.collection == collections.c.collection)
    collection = connection.execute(
        sa.select(collections.c.collection)
        .where(waiting)
        .order_by(collections.c.served, collections.c.collection)
        .limit(1)
        .with_for_update()
    ).scalar()
    if collection is None:
        return None
    job_id, size = connection.execute(
        sa.select(jobs.c.job_id, jobs.c.size)
        .where(claimable, jobs.c.collection == collection)
        .order_by(jobs.c.sequence)
        .limit(1)
    ).one()
    _count_turn(connection, collection, size)
    claimed = {
        "state": JobState.RUNNING,
        "stage": "starting",
        "progress": 0.0,
        "attempts": jobs.c.attempts + 1,
        "worker": worker,
        "lease_until": now + timedelta(seconds=lease_seconds),
        "started_at": now,
    }
    connection.execute(sa.update(jobs).where(jobs.c.job_id == job_id).values(claimed))
    reach(FaultPoint.JOB_CLAIMED)
    return job(connection, job_id)


def _count_turn(connection: sa.Connection, collection: str, size: int) -> None:
    now = sa.select(counters.c.value).where(counters.c.name == "served").with_for_update()
    own = sa.select(collections.c.served).where(collections.c.collection == collection)
    start = max(connection.execute(now).scalar_one(), connection.execute(own).scalar_one())
    connection.execute(sa.update(counters).where(counters.c.name == "served").values(value=start))
    connection.execute(
        sa.update(collections)
        .where(collections.c.collection == collection)
        .values(served=start + size + BYTES_OF_A_TURN)
    )


def renew(
    connection: sa.Connection,
    held: sa.ColumnElement[bool],
    *,
    stage: str,
    progress: float,
    eta_seconds: float | None,
    lease_until: datetime,
) -> bool:
    """Note how far a held job is and extend its lease. Returns False when it is not held."""
    noted = {
        "stage": stage,
        "progress": min(max(progress, 0.0), 1.0),
        "eta_seconds": eta_seconds,
        "lease_until": lease_until,
    }
    renewed = connection.execute(sa.update(jobs).where(held).values(noted))
    reach(FaultPoint.JOB_RENEWED)
    return renewed.rowcount == 1


def password_of(connection: sa.Connection, job_id: str) -> str:
    """Return the password of a job's file, empty without one."""
    found = connection.execute(sa.select(jobs.c.password).where(jobs.c.job_id == job_id))
    return found.scalar() or ""


def source_of(connection: sa.Connection, job_id: str) -> str | None:
    """Return the SHA-256 of the bytes that a job is to ingest, None where it is gone."""
    found = connection.execute(sa.select(jobs.c.sha256).where(jobs.c.job_id == job_id)).scalar()
    return None if found is None else str(found)


_HEAVY = {
    "reason_code": "heavy",
    "reason": "The document takes longer than most of its size, and waits for its turn among large "
    "ones.",
}


def release(
    connection: sa.Connection, held: sa.ColumnElement[bool], *, as_heavy: bool = False
) -> bool:
    """Put a held job back into the queue as if it had not been taken, or noted as heavy."""
    values = _requeued() | {"attempts": jobs.c.attempts - 1} | (_HEAVY if as_heavy else {})
    released = connection.execute(sa.update(jobs).where(held).values(values))
    reach(FaultPoint.JOB_RELEASED)
    return released.rowcount == 1


def end(
    connection: sa.Connection,
    which: sa.ColumnElement[bool],
    *,
    state: JobState,
    now: datetime,
    code: str | None,
    reason: str | None,
) -> list[str]:
    """Bring open jobs to a final state, dropping what they carried.

    Returns the sha256 of each one's source; none when no open job fits.
    """
    values: dict[str, Any] = {
        "state": state,
        "finished_at": now,
        "eta_seconds": None,
        "reason_code": code,
        "reason": reason,
        "metadata": {},
        "password": None,
        "worker": None,
        "lease_until": None,
    }
    if state is JobState.DONE:
        values |= {"stage": "done", "progress": 1.0}
    statement = (
        sa.update(jobs)
        .where(which, jobs.c.state.in_(ACTIVE))
        .values(values)
        .returning(jobs.c.sha256)
    )
    ended = list(connection.execute(statement).scalars())
    reach(FaultPoint.JOB_ENDED)
    return ended


def held_by(job_id: str, worker: str) -> sa.ColumnElement[bool]:
    """Return the condition that a job runs and this worker holds it."""
    return sa.and_(
        jobs.c.job_id == job_id, jobs.c.worker == worker, jobs.c.state == JobState.RUNNING
    )


def job(connection: sa.Connection, job_id: str) -> Job | None:
    """Return one job."""
    row = connection.execute(sa.select(*_JOB_COLUMNS).where(jobs.c.job_id == job_id)).first()
    return None if row is None else _job(row)


def has_password(connection: sa.Connection, which: sa.ColumnElement[bool]) -> bool:
    """Return whether a job carries a password."""
    found = sa.select(sa.literal(1)).where(which, jobs.c.password.is_not(None)).limit(1)
    return connection.execute(found).first() is not None


def begun(connection: sa.Connection, job_ids: Sequence[str]) -> tuple[list[Job], set[str]]:
    """Return those of the jobs that are no longer queued, and the ids that no job has any more."""
    found: list[Job] = []
    gone = set(job_ids)
    for first in range(0, len(job_ids), _IDS_OF_A_STATEMENT):
        among = jobs.c.job_id.in_(job_ids[first : first + _IDS_OF_A_STATEMENT])
        queued = sa.select(jobs.c.job_id).where(among, jobs.c.state == JobState.QUEUED)
        gone.difference_update(connection.execute(queued).scalars())
        others = sa.select(*_JOB_COLUMNS).where(among, jobs.c.state != JobState.QUEUED)
        found.extend(map(_job, connection.execute(others)))
    return found, gone.difference(job.job_id for job in found)


def page(
    connection: sa.Connection,
    collection: str | None,
    state: JobState | None,
    offset: int,
    limit: int,
) -> tuple[list[Job], int]:
    """Return a page of jobs, newest first, and how many there are."""
    conditions = [] if collection is None else [jobs.c.collection == collection]
    conditions += [] if state is None else [jobs.c.state == state]
    total = connection.execute(sa.select(sa.func.count()).select_from(jobs).where(*conditions))
    rows = connection.execute(
        sa.select(*_JOB_COLUMNS)
        .where(*conditions)
        .order_by(jobs.c.sequence.desc())
        .offset(offset)
        .limit(limit)
    )
    return [_job(row) for row in rows], total.scalar_one()


def _job(row: Sequence[Any]) -> Job:
    fields = dict(zip(Job.__dataclass_fields__, row, strict=True))
    return Job(**{**fields, "state": JobState(fields["state"])})


def _requeued() -> dict[str, Any]:
    return {
        "state": JobState.QUEUED,
        "stage": "queued",
        "progress": 0.0,
        "eta_seconds": None,
        "worker": None,
        "lease_until": None,
        "started_at": None,
    }


def _lease_ran_out(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(jobs.c.state == JobState.RUNNING, jobs.c.lease_until < now)


def named_sources(connection: sa.Connection, among: Sequence[str] | None = None) -> set[str]:
    """Return the sha256 of sources that a document or an open job names."""
    stored = sa.select(documents.c.sha256)
    open_jobs = sa.select(jobs.c.sha256).where(jobs.c.state.in_(ACTIVE))
    if among is not None:
        stored = stored.where(documents.c.sha256.in_(among))
        open_jobs = open_jobs.where(jobs.c.sha256.in_(among))
    return set(connection.execute(sa.union(stored, open_jobs)).scalars())


def know_collection(connection: sa.Connection, collection: str) -> None:
    """Note a collection, so that it takes its turns."""
    known = sa.select(collections.c.collection).where(collections.c.collection == collection)
    if connection.execute(known).first() is None:
        connection.execute(sa.insert(collections).values(collection=collection, served=0))
