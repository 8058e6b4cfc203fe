"""All indexes of the service, derived from the catalog and following it change by change."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from ingestion.store.stored import Change
from retrieval.collection_index import CollectionIndex, NewDocument, Unsaved
from retrieval.document_entry import document_terms, document_vectors
from retrieval.manifest import Manifest
from retrieval.ports import FollowedCatalog
from retrieval.snapshots import Snapshots, Written, changes_after

_BATCH = 500
logger = logging.getLogger(__name__)

Step = Callable[[int], None]
"""Called with the number of changes that have just been applied."""


class CollectionsIndex:
    """Follows the catalog. `refresh` may be called from any thread, searches go on meanwhile."""

    def __init__(
        self,
        source: FollowedCatalog,
        dimension: int,
        snapshots: Snapshots | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """snapshots: those of an identity of this dimension; None: nothing is kept on disk."""
        self._source = source
        self._dimension = dimension
        self._snapshots = snapshots
        self._clock = clock
        self._collections: dict[str, CollectionIndex] = {}
        self._lock = threading.Lock()
        self.sequence = 0

    def collection(self, name: str) -> CollectionIndex | None:
        """Return the indexes of a collection, or None if it has never held a document."""
        return self._collections.get(name)

    def load(self) -> None:
        """Take over the snapshots that are good, then follow the catalog. Call once, first."""
        with self._lock:
            for name in self._source.collections():
                self._collections[name] = self._loaded(name)
            followed = [index.sequence for index in self._collections.values()]
            self.sequence = min(followed, default=0)
        self._follow_and_settle()
        if self._snapshots is not None:
            self._snapshots.sweep(self._source.collections())

    def build(self, collection: str, step: Step | None = None) -> None:
        """Index one collection from the catalog alone and leave out all others. Call once, first.

        step: called every few hundred changes of the catalog.
        """
        with self._lock:
            empty = self._collections[collection] = self._empty()
            empty.postpone_words()
        self._follow_and_settle(only=collection, step=step)

    def refresh(self) -> int:
        """Apply all changes since the last call; returns the sequence number reached."""
        with self._lock:
            self._follow()
        return self.sequence

    def unsaved(self) -> dict[str, tuple[Unsaved, int]]:
        """Return by collection what its snapshot lacks, and how many documents it has."""
        with self._lock:
            return {
                name: (index.unsaved, len(index.documents))
                for name, index in self._collections.items()
                if index.journal is not None
            }

    def save(self, collection: str, *, wait: bool = False) -> Manifest | None:
        """Write a snapshot of a collection, unless another process has.

        wait: wait for a process that is writing, and write in any case. Returns what was written.
        Changes are followed again as soon as the vectors are written. Raises OSError.
        """
        snapshots, index = self._snapshots, self._collections.get(collection)
        if snapshots is None or index is None or index.journal is None:
            return None
        with snapshots.files.writing(wait=wait) as is_ours:
            if not is_ours:
                return None
            snapshots.files.remove_strays(self._source.collections())
            if not index.documents or (
                not wait and snapshots.is_current(collection, index.sequence)
            ):
                with self._lock:
                    index.forget_unsaved()
                return None
            written, sequence = self._write(snapshots, collection, index)
            # Whoever deleted one of its documents before it was in place could not remove it.
            self._forget_removed(collection, changes_after(self._source, sequence))
        return written.manifest

    def close(self) -> None:
        """Let go of all files. Nothing can be saved afterwards; searches go on."""
        with self._lock:
            for index in self._collections.values():
                index.close()

    def _loaded(self, collection: str) -> CollectionIndex:
        if self._snapshots is not None:
            loaded = self._snapshots.load(collection, self._source)
            if loaded is not None:
                return loaded
        empty = self._empty()
        empty.postpone_words()
        return empty

    def _empty(self) -> CollectionIndex:
        if self._snapshots is None:
            return CollectionIndex(self._dimension)
        return self._snapshots.empty()

    def _follow_and_settle(self, only: str | None = None, step: Step | None = None) -> None:
        with self._lock:
            self._follow(only, step)
            for index in self._collections.values():
                index.settle()

    def _follow(self, only: str | None = None, step: Step | None = None) -> None:
        while changes := self._source.changes_since(self.sequence, _BATCH):
            for name in dict.fromkeys(change.collection for change in changes):
                if only in {None, name}:
                    self._apply(name, [change for change in changes if change.collection == name])
            self.sequence = changes[-1].sequence
            if step is not None:
                step(len(changes))

    def _apply(self, name: str, changes: Sequence[Change]) -> None:
        """Index the documents as the catalog has them now, then drop their older rows."""
        index = self._collections.get(name)
        if index is None:
            index = self._collections[name] = self._empty()
        newest = {c.document_id: c for c in changes if c.sequence > index.sequence}
        added: list[NewDocument] = []
        removed: list[Change] = []
        # In the order of changes, so that following and building give rows in the same order.
        for change in sorted(newest.values(), key=lambda change: change.sequence):
            rows = self._source.vector_rows(change.document_id)
            summary = self._source.summary_row(change.document_id)
            if rows and summary is not None:
                terms = document_terms(change.sequence, rows, summary)
                added.append(NewDocument(terms, document_vectors(rows, summary)))
            else:
                removed.append(change)
        outdated = any(name in index.numbers for name in newest)
        gone = [change for change in removed if change.document_id in index.numbers]
        index.replace([change.document_id for change in removed], added)
        if newest:
            index.unsaved.note(len(newest), self._clock(), outdated=outdated)
            index.sequence = changes[-1].sequence
        self._forget_removed(name, gone)

    def _forget_removed(self, collection: str, changes: Iterable[Change]) -> None:
        """Remove the snapshots that are older than the removal of a document."""
        removed = [
            change.sequence
            for change in changes
            if change.collection == collection and change.kind == "removed"
        ]
        if self._snapshots is None or not removed:
            return
        try:
            self._snapshots.files.forget(collection, before=max(removed))
        except OSError as exc:
            logger.warning("A snapshot that holds a deleted document is still there: %s", exc)

    def _write(
        self, snapshots: Snapshots, collection: str, index: CollectionIndex
    ) -> tuple[Written, int]:
        with self._lock:
            folder = snapshots.files.begin(collection)
            index.write_vectors(folder)
            lines, chunks, sequence = index.lines(), len(index.keys), self.sequence
            unsaved, index.unsaved = index.unsaved, Unsaved()
        try:
            written = snapshots.write(folder, sequence, chunks, lines)
        except OSError:
            with self._lock:
                index.unsaved.join(unsaved)
            raise
        with self._lock:
            index.adopt(written.entries, written.spans)
        return written, sequence
