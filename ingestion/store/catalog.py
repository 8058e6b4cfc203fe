"""The catalog: the one truth about documents, jobs and conversations, in one SQLite database.

Each method is one transaction, safe to call from any thread and any process. Readers never wait
for writers. Uploaded bytes lie in files beside the database; a file is there before the row that
names it and goes after it. Every method raises CatalogUnavailable when the database is locked for
long, full or unreadable.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from ingestion.errors import LeaseLost, QuotaExceeded
from ingestion.records import Block, IngestedDocument
from ingestion.store import collection_tables, documents, index_state, jobs, quotas, schema
from ingestion.store.audit import Audit
from ingestion.store.change_log import changes_since, last_sequence
from ingestion.store.database import Database
from ingestion.store.embeddings import Embeddings
from ingestion.store.index_files import IndexFiles
from ingestion.store.intake import Intake
from ingestion.store.policies import Policies
from ingestion.store.quotas import UNLIMITED, CollectionUsage, Quota
from ingestion.store.rule_sets import RuleSets
from ingestion.store.scripts import Scripts
from ingestion.store.selection import Selection, selected
from ingestion.store.sessions import Sessions
from ingestion.store.stored import (
    Change,
    IndexedState,
    Job,
    JobState,
    StoredChunk,
    StoredDocument,
    StoredSource,
    Submission,
    SummaryRow,
    VectorRow,
)
from ingestion.store.synonyms import Synonyms
from ingestion.store.tuned_weights import TunedWeights
from ingestion.store.uploads import SourceFiles, Upload, check_upload


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


class Catalog:
    """Documents, the job queue, the log of changes and conversations of one data directory."""

    def __init__(
        self,
        path: Path,
        *,
        encoder: str = "",
        owns_unknown: bool = True,
        clock: Callable[[], datetime] = utc_now,
        quota: Quota = UNLIMITED,
        alone: bool = False,
    ) -> None:
        """Open or create the database at `path`, with uploads in `sources` beside it.

        encoder, owns_unknown: see `Embeddings`. quota: of each collection. alone: nobody else has
        it open. Raises NewerSchema (of a newer program) or DataInUse (it cannot be had alone).
        """
        self._database = Database(path, alone=alone)
        self._sources = SourceFiles(path.parent)
        self._clock = clock
        self.index_files = IndexFiles(path.parent / "indexes")
        self.embeddings = Embeddings(self._database, encoder, owns_unknown=owns_unknown)
        self._intake = Intake(self._database, self._sources, quota, self.embeddings)
        self.sessions = Sessions(self._database, clock)
        self.scripts = Scripts(self._database, clock)
        self.policies = Policies(self._database, clock)
        self.rule_sets = RuleSets(self._database, clock)
        self.synonyms = Synonyms(self._database, clock)
        self.tuned_weights = TunedWeights(self._database, clock)
        self.calibrations = TunedWeights(self._database, clock, collection_tables.calibrations)
        self.audit = Audit(self._database, clock)

    def close(self) -> None:
        """Close every pooled connection, and remove what is staged still."""
        self._sources.close()
        self._database.close()

    def submit(
        self,
        collection: str,
        name: str,
        content: bytes,
        metadata: Mapping[str, str],
        password: str = "",
    ) -> Submission:
        """Store an upload and queue its ingestion, or say which document it duplicates.

        A newer upload of a name supersedes its open job. password: kept until the job ends.
        Raises InvalidSubmission or QuotaExceeded.
        """
        (outcome,) = self.submit_all(
            [(check_upload(collection, name, content, metadata, password), content)]
        )
        if isinstance(outcome, QuotaExceeded):
            raise outcome
        return outcome

    def submit_all(self, files: Sequence[tuple[Upload, bytes]]) -> list[Submission | QuotaExceeded]:
        """Do as `submit` for each upload, in one transaction, and return what became of each."""
        outcomes, given_up = self._intake.take(files, self._clock())
        self._intake.drop_unnamed(given_up, scrub=True)
        return outcomes

    def is_work_waiting(self, largest: int | None = None) -> bool:
        """Return whether `claim` would find a job."""
        with self._database.reading() as connection:
            return jobs.is_work_waiting(connection, self._clock(), largest)

    def claim(
        self,
        worker: str,
        lease_seconds: float,
        *,
        max_attempts: int = 3,
        largest: int | None = None,
    ) -> Job | None:
        """Give the next job to a worker, None when there is nothing to do.

        Collections take turns by the bytes they bring; inside one, the oldest is first. A job whose
        lease ran out is queued again, or has failed with `worker_died` after `max_attempts`.
        `worker` must be unique to a running process. largest: leave out files of more bytes, and
        jobs that a worker died of or that are heavy. With nothing to do it takes no lock.
        """
        if not self.is_work_waiting(largest):
            return None
        now = self._clock()
        with self._database.writing() as connection:
            given_up = jobs.expire(connection, now, max_attempts)
            claimed = jobs.claim(connection, worker, now, lease_seconds, largest)
        self._intake.drop_unnamed(given_up, scrub=True)
        return claimed

    def heartbeat(
        self,
        job_id: str,
        worker: str,
        stage: str,
        progress: float,
        eta_seconds: float | None,
        lease_seconds: float,
    ) -> bool:
        """Renew a lease and note how far the job is (0 to 1).

        Returns False when the job was cancelled, deleted, or given to another worker.
        """
        with self._database.writing() as connection:
            return jobs.renew(
                connection,
                jobs.held_by(job_id, worker),
                stage=stage,
                progress=progress,
                eta_seconds=eta_seconds,
                lease_until=self._clock() + timedelta(seconds=lease_seconds),
            )

    def release(self, job_id: str, worker: str, *, as_heavy: bool = False) -> bool:
        """Give a job back unfinished, as a worker does that is told to stop. False: not held.

        as_heavy: it is more than its size tells, and only claimed without `largest` from now on.
        """
        with self._database.writing() as connection:
            return jobs.release(connection, jobs.held_by(job_id, worker), as_heavy=as_heavy)

    def fail(self, job_id: str, worker: str, code: str, reason: str) -> bool:
        """End a held job as failed. Returns False when it is not held any more."""
        return self._end_job(jobs.held_by(job_id, worker), JobState.FAILED, code, reason)

    def cancel(self, job_id: str) -> bool:
        """End a queued or running job as cancelled. Returns False when it had ended before."""
        return self._end_job(
            schema.jobs.c.job_id == job_id,
            JobState.CANCELLED,
            "cancelled",
            "The job was cancelled. Upload the document again to ingest it.",
        )

    def job(self, job_id: str) -> Job | None:
        """Return one job; None also after its document was deleted."""
        with self._database.reading() as connection:
            return jobs.job(connection, job_id)

    def jobs(
        self,
        collection: str | None = None,
        state: JobState | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> tuple[list[Job], int]:
        """Return a page of jobs, newest first, and how many there are."""
        with self._database.reading() as connection:
            return jobs.page(connection, collection, state, offset, limit)

    def begun_jobs(self, job_ids: Sequence[str]) -> tuple[list[Job], set[str]]:
        """Return those of the jobs that are no longer queued, and the ids of deleted ones."""
        with self._database.reading() as connection:
            return jobs.begun(connection, job_ids)

    def job_password(self, job_id: str) -> str:
        """Return the password that came with a job's upload; empty: none, or the job has ended."""
        with self._database.reading() as connection:
            return jobs.password_of(connection, job_id)

    def job_source(self, job_id: str) -> bytes:
        """Return the bytes that a job is to ingest. Raises SourceLost, LeaseLost (job deleted)."""
        with self._database.reading() as connection:
            sha256 = jobs.source_of(connection, job_id)
        if sha256 is None:
            raise LeaseLost(job_id)
        return self._sources.read(sha256)

    def commit_document(self, ingested: IngestedDocument, *, job_id: str, worker: str) -> None:
        """Make a document searchable and its job done, together or not at all.

        An older revision answers until this moment and is gone after it. Raises LeaseLost when
        the worker no longer holds the job, OtherEncoder when another embedded what is stored,
        ValueError when a chunk's text is not its span's.
        """
        held = jobs.held_by(job_id, worker)
        with self._database.reading() as connection:
            upload = connection.execute(sa.select(schema.jobs).where(held)).mappings().first()
        if upload is None:
            raise LeaseLost(job_id)
        encoder = self.embeddings.encoder
        rows = documents.rows_of(upload["document_id"], upload["revision"], ingested, encoder)
        now = self._clock()
        with self._database.writing() as connection:
            if not jobs.end(connection, held, state=JobState.DONE, now=now, code=None, reason=None):
                raise LeaseLost(job_id)
            self.embeddings.refuse_others_in(connection)
            older = documents.put(connection, rows, dict(upload), now)
        self._intake.drop_unnamed([] if older is None else [older])
        if upload["password"]:
            self._database.scrub()

    def put_documents(
        self, collection: str, files: Sequence[tuple[str, bytes, IngestedDocument]]
    ) -> None:
        """Store documents that were ingested elsewhere, all in one transaction and without jobs.

        files: (name, content, what ingestion made of it); a known name is replaced. Far fewer
        commits than jobs, for bulk loads. Raises InvalidSubmission, OtherEncoder or ValueError.
        """
        older = self._intake.put(collection, files, self._clock())
        self._intake.drop_unnamed(older)

    def document(self, document_id: str) -> StoredDocument | None:
        """Return a searchable document."""
        with self._database.reading() as connection:
            return documents.document(connection, schema.documents.c.document_id == document_id)

    def documents(
        self, collection: str | None = None, offset: int = 0, limit: int = 50
    ) -> tuple[list[StoredDocument], int]:
        """Return a page of documents, newest upload first, and how many there are."""
        with self._database.reading() as connection:
            return documents.page(connection, collection, offset, limit)

    def find_duplicate(self, collection: str, sha256: str) -> StoredDocument | None:
        """Return a document of the collection with these bytes."""
        columns = schema.documents.c
        same = columns.collection == collection, columns.sha256 == sha256
        with self._database.reading() as connection:
            return documents.document(connection, *same)

    def text(self, document_id: str, revision: str) -> str | None:
        """Return the text that spans index into; None when that revision is not stored."""
        with self._database.reading() as connection:
            return documents.text(connection, document_id, revision)

    def blocks(self, document_id: str) -> list[Block]:
        """Return the blocks of a document in order; none for an unknown one."""
        with self._database.reading() as connection:
            return documents.blocks(connection, document_id)

    def source(self, document_id: str) -> StoredSource | None:
        """Return the bytes that were uploaded. Raises SourceLost when the file is damaged."""
        table = schema.documents
        columns = table.c.sha256, table.c.media_type, table.c.name
        statement = sa.select(*columns).where(table.c.document_id == document_id)
        with self._database.reading() as connection:
            row = connection.execute(statement).first()
        if row is None:
            return None
        return StoredSource(self._sources.read(row.sha256), row.media_type, row.name)

    def chunks(
        self, document_id: str, offset: int = 0, limit: int = 50
    ) -> tuple[list[StoredChunk], int]:
        """Return a page of a document's chunks in order, and how many there are."""
        with self._database.reading() as connection:
            return documents.chunk_page(connection, document_id, offset, limit)

    def chunks_by_id(self, ids: Sequence[str]) -> dict[str, StoredChunk]:
        """Return those of the chunks that exist."""
        with self._database.reading() as connection:
            return documents.chunks_by_id(connection, ids)

    def titles(self, document_ids: Iterable[str]) -> dict[str, str]:
        """Return the titles of those of the documents that exist."""
        with self._database.reading() as connection:
            return documents.titles(connection, list(document_ids))

    def delete_document(self, document_id: str) -> bool:
        """Delete every trace of a document: rows, jobs, and its bytes if no other has them.

        Its collection's snapshot of the indexes goes with it; whoever follows the catalog writes
        a new one. Raises OSError when a snapshot cannot be removed: the document is gone then.
        Returns False when neither a document nor a job of that id exists. A worker that is busy
        with it finds its lease lost.
        """
        with self._database.writing() as connection:
            removed = documents.remove(connection, document_id)
        if removed is None:
            return False
        collection, unnamed = removed
        self._intake.drop_unnamed(unnamed)
        self._database.scrub()
        if collection is not None:
            self.index_files.forget(collection)
        return True

    def last_sequence(self) -> int:
        """Return the number of the latest change, 0 before the first."""
        with self._database.reading() as connection:
            return last_sequence(connection)

    def changes_since(self, sequence: int, limit: int = 1000) -> list[Change]:
        """Return the changes after a sequence number, oldest first, one a document at most."""
        with self._database.reading() as connection:
            return changes_since(connection, sequence, limit)

    def vector_rows(self, document_id: str) -> list[VectorRow]:
        """Return what the chunk indexes need of one document, in order."""
        with self._database.reading() as connection:
            return documents.vector_rows(connection, document_id)

    def summary_row(self, document_id: str) -> SummaryRow | None:
        """Return what the document index needs of one document."""
        with self._database.reading() as connection:
            return documents.summary_row(connection, document_id)

    def index_state(self, collection: str) -> dict[str, IndexedState]:
        """Return what the indexes of a collection must hold, by document id."""
        with self._database.reading() as connection:
            return index_state.index_state(connection, collection)

    def document_ids(self, collection: str) -> list[str]:
        """Return the ids of a collection's documents, sorted."""
        with self._database.reading() as connection:
            return documents.ids_in(connection, collection)

    def select_documents(self, collection: str, selection: Selection) -> frozenset[str]:
        """Return the ids of a collection's documents that fit a selection."""
        with self._database.reading() as connection:
            return selected(connection, collection, selection)

    def collections(self) -> list[str]:
        """Return the collections that hold documents, sorted."""
        with self._database.reading() as connection:
            return documents.collections_with_any(connection)

    def usage(self) -> list[CollectionUsage]:
        """Return what every collection with documents or open jobs holds, by name."""
        with self._database.reading() as connection:
            return quotas.usage(connection)

    def remove_unnamed_sources(self) -> int:
        """Delete uploaded bytes that a killed process left without a row. Returns how many."""
        with self._database.writing() as connection:
            return self._sources.sweep(jobs.named_sources(connection))

    def _end_job(
        self, which: sa.ColumnElement[bool], state: JobState, code: str, reason: str
    ) -> bool:
        with self._database.writing() as connection:
            secret = jobs.has_password(connection, which)
            ended = jobs.end(
                connection, which, state=state, now=self._clock(), code=code, reason=reason
            )
        self._intake.drop_unnamed(ended, scrub=secret)
        return bool(ended)
