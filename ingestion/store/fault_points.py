"""Names for the moments between two writes, at which a process may be killed.

A place that writes calls `reach` before and after. In production nothing listens and nothing
happens. A test's process listens in and kills itself at the moment it is told to, to prove that
what a killed process leaves behind is whole again after the next start: every point is walked by
tests/test_crash_safety.py.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum, auto


class FaultPoint(StrEnum):
    """What has just been done, or is about to be, when the name ends in -ING."""

    # Any transaction that writes, so that none can be without points.
    TRANSACTION_BEGUN = auto()
    TRANSACTION_COMMITTING = auto()
    TRANSACTION_COMMITTED = auto()

    # The files of uploaded bytes.
    SOURCE_STAGING = auto()
    SOURCE_WRITTEN = auto()
    SOURCE_STAGED = auto()
    SOURCE_PLACING = auto()
    SOURCE_RENAMED = auto()
    SOURCE_PLACED = auto()
    SOURCE_REMOVING = auto()
    SOURCE_REMOVED = auto()
    STRAY_SWEEPING = auto()
    STRAY_SWEPT = auto()

    # Inside the transactions of jobs.
    JOB_ENQUEUED = auto()
    JOBS_EXPIRED = auto()
    JOB_CLAIMED = auto()
    JOB_RENEWED = auto()
    JOB_RELEASED = auto()
    JOB_ENDED = auto()

    # Inside the transactions of documents.
    OLDER_REVISION_DELETED = auto()
    DOCUMENT_INSERTED = auto()
    BODY_INSERTED = auto()
    CHUNKS_INSERTED = auto()
    VECTORS_INSERTED = auto()
    DOCUMENT_STAMPED = auto()
    VECTORS_REPLACED = auto()
    CHANGE_RECORDED = auto()
    DOCUMENT_DELETED = auto()
    JOBS_DELETED = auto()

    # Inside the transactions of compliance, and between an entry of the audit and its sentence.
    SCRIPT_STORED = auto()
    SCRIPT_DELETED = auto()
    SCRIPT_VECTORS_KEPT = auto()
    POLICY_STORED = auto()
    RULES_STORED = auto()
    STATE_KEPT = auto()
    AUDIT_ENTERED = auto()
    AUDIT_TEXTS_ERASED = auto()
    SENTENCE_RELEASING = auto()
    SENTENCE_RELEASED = auto()

    # The rest of the database.
    TABLES_CREATED = auto()
    TURN_APPENDED = auto()
    LOG_SCRUBBING = auto()
    LOG_SCRUBBED = auto()

    # Snapshots of the indexes.
    SNAPSHOT_BEGUN = auto()
    SNAPSHOT_VECTORS_WRITTEN = auto()
    SNAPSHOT_ENTRIES_WRITTEN = auto()
    SNAPSHOT_MANIFEST_WRITTEN = auto()
    SNAPSHOT_PLACING = auto()
    SNAPSHOT_RENAMED = auto()
    SNAPSHOT_PLACED = auto()
    SNAPSHOT_DISCARDING = auto()
    SNAPSHOT_SET_ASIDE = auto()
    SNAPSHOT_DISCARDED = auto()

    # A backup, and how it takes the place of what is there.
    BACKUP_COPIED = auto()
    BACKUP_WRITTEN = auto()
    BACKUP_DONE = auto()
    RESTORE_UNPACKED = auto()
    RESTORE_BUILT = auto()
    RESTORE_READY = auto()
    RESTORE_CLEARED = auto()
    RESTORE_SOURCES_MOVED = auto()
    RESTORE_MOVED = auto()
    RESTORE_DONE = auto()


Watcher = Callable[[FaultPoint], None]
_watchers: list[Watcher] = []


def reach(point: FaultPoint) -> None:
    """Tell whoever watches that this moment has come. Costs nothing where nobody does."""
    for watcher in _watchers:
        watcher(point)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Have a test's watcher called at every point that this process reaches."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)
