"""Taking files in: their bytes are staged on disk first, then all get their rows at once."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from ingestion.errors import QuotaExceeded
from ingestion.records import IngestedDocument
from ingestion.store import documents, duplicates, jobs
from ingestion.store.database import Database
from ingestion.store.embeddings import Embeddings
from ingestion.store.quotas import Ledger, Quota
from ingestion.store.stored import Submission
from ingestion.store.uploads import SourceFiles, Upload, check_upload

_STAGING_THREADS = 8
_MANY = 4


class Intake:
    """Where uploads become jobs, or are found to be duplicates."""

    def __init__(
        self, database: Database, sources: SourceFiles, quota: Quota, embeddings: Embeddings
    ) -> None:
        self._database = database
        self._sources = sources
        self._quota = quota
        self._embeddings = embeddings

    def take(
        self, files: Sequence[tuple[Upload, bytes]], now: datetime
    ) -> tuple[list[Submission | QuotaExceeded], list[str]]:
        """Queue files in one transaction, each unless it is a duplicate or its collection is full.

        Returns what became of each, and the sha256 of sources that superseded jobs gave up.
        """
        uploads = [upload for upload, _ in files]
        with self._database.reading() as connection:
            touched = duplicates.touched_by(connection, uploads)
            known = [
                not _is_new(upload, touched)
                and duplicates.find_same(connection, upload) is not None
                for upload in uploads
            ]
        outcomes: list[Submission | QuotaExceeded] = []
        with ExitStack() as leftovers:
            # Large files are written before the lock is taken; known bytes are not at all.
            new = [content for (_, content), same in zip(files, known, strict=True) if not same]
            paths = iter(self._stage(new, leftovers))
            staged = [None if same else next(paths) for same in known]
            with self._database.writing() as connection:
                desk = _Desk(connection, uploads, self._quota, now)
                for (upload, content), path in zip(files, staged, strict=True):
                    try:
                        submission = desk.find_same(upload)
                        if submission is None:
                            desk.ledger.add(upload, is_new=desk.is_new_document(upload))
                            # Known a moment ago, deleted since: not staged yet.
                            source = path or self._stage([content], leftovers)[0]
                            self._sources.place(source, upload.sha256)
                            submission = desk.enqueue(upload)
                        outcomes.append(submission)
                    except QuotaExceeded as exc:
                        outcomes.append(exc)
                self._sources.settle()
        return outcomes, desk.given_up

    def put(
        self,
        collection: str,
        files: Sequence[tuple[str, bytes, IngestedDocument]],
        now: datetime,
    ) -> list[str]:
        """Store documents that were ingested elsewhere, in one transaction and without jobs.

        Returns the sha256 of sources that were replaced. Raises InvalidSubmission, OtherEncoder
        or ValueError.
        """
        uploads = [check_upload(collection, name, content, {}) for name, content, _ in files]
        rows = [
            documents.rows_of(
                upload.document_id, upload.revision, ingested, self._embeddings.encoder
            )
            for upload, (_, _, ingested) in zip(uploads, files, strict=True)
        ]
        older: list[str] = []
        with ExitStack() as leftovers:
            staged = self._stage([content for _, content, _ in files], leftovers)
            with self._database.writing() as connection:
                self._embeddings.refuse_others_in(connection)
                jobs.know_collection(connection, collection)
                for upload, row, source in zip(uploads, rows, staged, strict=True):
                    self._sources.place(source, upload.sha256)
                    replaced = documents.put(connection, row, upload.as_row(now), now)
                    older.extend([] if replaced is None else [replaced])
                self._sources.settle()
        return older

    def drop_unnamed(self, candidates: Iterable[str], *, scrub: bool = False) -> None:
        """Delete those of the sources that nothing names any more. scrub: the log's rows too."""
        # In a transaction of its own: were the file gone before the rows, a crash between would
        # leave a document without its source. Nobody can name it under the write lock.
        candidates = list(candidates)
        if candidates:
            with self._database.writing() as connection:
                named = jobs.named_sources(connection, candidates)
                for sha256 in candidates:
                    if sha256 not in named:
                        self._sources.remove(sha256)
        if candidates and scrub:
            self._database.scrub()

    def _stage(self, contents: Sequence[bytes], leftovers: ExitStack) -> list[Path]:
        """Write files under temporary names, which go with `leftovers` unless they are placed."""
        if len(contents) < _MANY:
            staged = list(map(self._sources.stage, contents))
        else:
            # Each waits for the disk; together they wait once.
            with ThreadPoolExecutor(_STAGING_THREADS) as pool:
                staged = list(pool.map(self._sources.stage, contents))
        for path in staged:
            leftovers.callback(path.unlink, missing_ok=True)
        return staged


class _Desk:
    """One transaction that queues uploads; asks the database only about those that are not new."""

    def __init__(
        self, connection: sa.Connection, uploads: Sequence[Upload], quota: Quota, now: datetime
    ) -> None:
        self._connection = connection
        self._now = now
        self._touched = duplicates.touched_by(connection, uploads)
        self.ledger = Ledger(connection, quota)
        self.given_up: list[str] = []
        for collection in sorted({upload.collection for upload in uploads}):
            jobs.know_collection(connection, collection)

    def find_same(self, upload: Upload) -> Submission | None:
        if _is_new(upload, self._touched):
            return None
        return duplicates.find_same(self._connection, upload)

    def is_new_document(self, upload: Upload) -> bool:
        return upload.document_id not in self._touched

    def enqueue(self, upload: Upload) -> Submission:
        if not self.is_new_document(upload):
            self.given_up += jobs.supersede(self._connection, upload, self._now)
        self._touched |= {upload.document_id, upload.sha256}
        return jobs.enqueue(self._connection, upload, self._now)


def _is_new(upload: Upload, touched: set[str]) -> bool:
    return touched.isdisjoint((upload.document_id, upload.sha256))
