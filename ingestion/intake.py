"""Taking files in: their bytes are staged on disk first, then all get their rows at once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from ingestion import jobs
from ingestion.database import Database
from ingestion.errors import QuotaExceeded
from ingestion.quotas import Quota, check_quota
from ingestion.stored import Submission
from ingestion.uploads import SourceFiles, Upload

_STAGING_THREADS = 8
_MANY = 4


class Intake:
    """Where uploads become jobs, or are found to be duplicates."""

    def __init__(self, database: Database, sources: SourceFiles, quota: Quota) -> None:
        self._database = database
        self._sources = sources
        self._quota = quota

    def take(
        self, files: Sequence[tuple[Upload, bytes]], now: datetime
    ) -> tuple[list[Submission | QuotaExceeded], list[str]]:
        """Queue files in one transaction, each unless it is a duplicate or its collection is full.

        Returns what became of each, and the sha256 of sources that superseded jobs gave up.
        """
        with self._database.reading() as connection:
            known = [jobs.find_same(connection, upload) is not None for upload, _ in files]
        outcomes: list[Submission | QuotaExceeded] = []
        given_up: list[str] = []
        with ExitStack() as leftovers:
            # Large files are written before the lock is taken; known bytes are not at all.
            new = [content for (_, content), same in zip(files, known, strict=True) if not same]
            paths = iter(self._stage(new, leftovers))
            staged = [None if same else next(paths) for same in known]
            with self._database.writing() as connection:
                for (upload, content), path in zip(files, staged, strict=True):
                    try:
                        submission = jobs.find_same(connection, upload)
                        if submission is None:
                            check_quota(connection, upload, self._quota)
                            # Known a moment ago, deleted since: not staged yet.
                            source = path or self._stage([content], leftovers)[0]
                            self._sources.place(source, upload.sha256)
                            submission, superseded = jobs.enqueue(connection, upload, now)
                            given_up += superseded
                        outcomes.append(submission)
                    except QuotaExceeded as exc:
                        outcomes.append(exc)
                self._sources.settle()
        return outcomes, given_up

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
