"""All indexes of the service, derived from the catalog and following it change by change."""

import threading
from dataclasses import dataclass, field

from retrieval.key_index import KeyIndex
from retrieval.ports import IndexSource
from retrieval.summary_filter import SummaryFilter

_BATCH = 500


@dataclass(slots=True)
class CollectionIndex:
    """The indexes of one collection; nothing of another collection is ever in them."""

    keys: KeyIndex
    summaries: SummaryFilter
    numbers: dict[str, int] = field(default_factory=dict)
    documents: dict[int, str] = field(default_factory=dict)
    next_number: int = 0

    def number_for(self, document_id: str) -> int:
        """Give a document (or a new revision of it) a fresh number."""
        number = self.next_number
        self.next_number += 1
        self.numbers[document_id] = number
        self.documents[number] = document_id
        return number


class CollectionsIndex:
    """Follows the catalog. `refresh` may be called from any thread, searches go on meanwhile."""

    def __init__(self, source: IndexSource, dimension: int) -> None:
        self._source = source
        self._dimension = dimension
        self._collections: dict[str, CollectionIndex] = {}
        self._lock = threading.Lock()
        self.sequence = 0

    def collection(self, name: str) -> CollectionIndex | None:
        """Return the indexes of a collection, or None if it has never held a document."""
        return self._collections.get(name)

    def refresh(self) -> int:
        """Apply all changes since the last call; returns the sequence number reached."""
        with self._lock:
            while changes := self._source.changes_since(self.sequence, _BATCH):
                newest = {(change.collection, change.document_id) for change in changes}
                self._apply(newest)
                self.sequence = changes[-1].sequence
        return self.sequence

    def _apply(self, touched: set[tuple[str, str]]) -> None:
        for name in {collection for collection, _ in touched}:
            index = self._collections.get(name)
            if index is None:
                index = CollectionIndex(KeyIndex(self._dimension), SummaryFilter(self._dimension))
                self._collections[name] = index
            self._replace(index, sorted(doc for collection, doc in touched if collection == name))

    def _replace(self, index: CollectionIndex, document_ids: list[str]) -> None:
        """Index the documents as the catalog has them now, then drop their older rows."""
        chunks, summaries, stale = [], [], []
        for document_id in document_ids:
            if document_id in index.numbers:
                stale.append(index.numbers.pop(document_id))
            rows = self._source.vector_rows(document_id)
            summary = self._source.summary_row(document_id)
            if rows and summary is not None:
                number = index.number_for(document_id)
                chunks.append((number, rows))
                summaries.append((number, summary))
        index.keys.add(chunks)
        index.summaries.add(summaries)
        for number in stale:
            del index.documents[number]
            index.keys.remove(number)
            index.summaries.remove(number)
