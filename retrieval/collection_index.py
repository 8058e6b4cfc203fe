"""The indexes of one collection, and what of them a snapshot on disk does not hold yet."""

import logging
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from ingestion.store.stored import IndexedState
from retrieval.document_entry import (
    DocumentTerms,
    DocumentVectors,
    of_line,
    to_line,
)
from retrieval.journal import Journal, Part, Span
from retrieval.key_index import KeyIndex
from retrieval.summary_filter import SummaryFilter

ENTRIES_FILE = "entries.jsonl"
logger = logging.getLogger(__name__)


class NewDocument(NamedTuple):
    """A document to be indexed."""

    terms: DocumentTerms
    vectors: DocumentVectors


@dataclass(slots=True)
class Unsaved:
    """What the newest snapshot lacks. Moments are of a steady clock, in seconds.

    outdated: it holds what is no longer in the catalog.
    """

    changes: int = 0
    since: float = 0.0
    latest: float = 0.0
    outdated: bool = False

    def note(self, changes: int, now: float, *, outdated: bool) -> None:
        """Count changes that were just applied."""
        if not self.changes:
            self.since = now
        self.changes += changes
        self.latest = now
        self.outdated = self.outdated or outdated

    def join(self, older: "Unsaved") -> None:
        """Count again what was thought to be saved."""
        self.latest = self.latest if self.changes else older.latest
        self.since = older.since if older.changes else self.since
        self.changes += older.changes
        self.outdated = self.outdated or older.outdated


class CollectionIndex:
    """Nothing of another collection is ever in it.

    Changed by one thread at a time; searches go on meanwhile.
    """

    def __init__(self, dimension: int, journal: Journal | None = None) -> None:
        """journal: new, for the snapshots to be; None: there will be none."""
        self.keys = KeyIndex(dimension)
        self.summaries = SummaryFilter(dimension)
        self.numbers: dict[str, int] = {}
        self.documents: dict[int, str] = {}
        self.sequence = 0
        self.unsaved = Unsaved()
        self.journal = journal
        self._given_up: Journal | None = None
        self._next_number = 0
        self._words_wait = False

    def close(self) -> None:
        """Let go of the journal's files."""
        for journal in (self.journal, self._given_up):
            if journal is not None:
                journal.close()
        self.journal = self._given_up = None

    def postpone_words(self) -> None:
        """Have words found only after `settle`: one pass over all is faster than many steps.

        Without a journal nothing changes.
        """
        self._words_wait = self.journal is not None

    def settle(self) -> None:
        """Index the words that were put off."""
        if not self._words_wait or self.journal is None:
            return
        self._words_wait = False
        self._add_words(
            (number, of_line(line)) for part in self.journal.view() for number, line in part.lines()
        )

    def replace(self, removed: Iterable[str], added: Sequence[NewDocument]) -> None:
        """Index documents, then drop the older rows of these and of the removed ones."""
        names = [*removed, *(document.terms.document_id for document in added)]
        stale = [self.numbers.pop(name) for name in names if name in self.numbers]
        numbered = [(self._number(document.terms), document) for document in added]
        vectors = [(number, document.vectors) for number, document in numbered]
        self.keys.add_vectors(vectors)
        self.summaries.add_vectors(vectors)
        if numbered and not (self._record(numbered) and self._words_wait):
            self._add_words((number, document.terms) for number, document in numbered)
        for number in stale:
            del self.documents[number]
            self.keys.remove(number)
            self.summaries.remove(number)
            if self.journal is not None:
                self.journal.drop(number)

    def restore(
        self, folder: Path, spare: Path, settled: Container[str]
    ) -> dict[str, IndexedState]:
        """Fill an empty index from a snapshot; returns the state of each document in it.

        spare: where the journal keeps new lines. settled: documents that are still as they were;
        the words of others, which are to be replaced or removed next, are left out, for BM25 would
        count them even then. Raises ValueError or OSError when the snapshot
        cannot be read; the index is of no use then.
        """
        states: dict[str, IndexedState] = {}
        spans: dict[int, Span] = {}

        def documents(file: IO[bytes]) -> Iterator[tuple[int, DocumentTerms]]:
            start = 0
            for line in file:
                document = of_line(line)
                number = self._number(document)
                spans[number] = Span(start, len(line))
                start += len(line)
                states[document.document_id] = document.state
                if document.document_id in settled:
                    yield number, document

        with ExitStack() as closing:
            file = closing.enter_context((folder / ENTRIES_FILE).open("rb"))
            self._add_words(documents(file))
            self.keys.read_vectors(folder)
            self.summaries.read_vectors(folder, list(self.documents))
            self.journal = Journal(spare, file, spans)
            closing.pop_all()  # The journal closes it.
        return states

    def write_vectors(self, folder: Path) -> None:
        """Write all vectors, in the order of the documents. Nothing may be changed meanwhile.

        Raises OSError.
        """
        self.keys.write_vectors(folder)
        self.summaries.write_vectors(folder)

    def lines(self) -> list[Part]:
        """Return the journal's lines, in the order of the vectors; see `Journal.view`."""
        return [] if self.journal is None else self.journal.view()

    def adopt(self, entries: IO[bytes], spans: Mapping[int, Span]) -> None:
        """Let the journal go on from a snapshot that was written of its lines."""
        if self.journal is None:
            entries.close()
        else:
            self.journal.adopt(entries, spans)

    def forget_unsaved(self) -> None:
        """Count from now: another process has saved, or there is nothing to save."""
        if self.unsaved.outdated and self.journal is not None:
            self.journal.compact()
        self.unsaved = Unsaved()

    def _number(self, document: DocumentTerms) -> int:
        """Give a document (or a new revision of it) a fresh number and its chunks fresh rows."""
        number = self._next_number
        self._next_number += 1
        self.numbers[document.document_id] = number
        self.documents[number] = document.document_id
        self.keys.place(number, [chunk.chunk_id for chunk in document.chunks])
        return number

    def _record(self, numbered: Sequence[tuple[int, NewDocument]]) -> bool:
        """Keep the documents' lines for the next snapshot; False: there is no journal, or no more.

        A disk that is full must not stop the search.
        """
        if self.journal is None:
            return False
        try:
            for number, document in numbered:
                self.journal.append(number, to_line(document.terms, document.vectors))
        except OSError as exc:
            logger.warning("Snapshots of the indexes stop until the next start: %s", exc)
            for number, _ in numbered:
                self.journal.drop(number)
            self.settle()
            # Closed later: a snapshot may be about to be written from it.
            self.journal, self._given_up = None, self.journal
            return False
        return True

    def _add_words(self, documents: Iterable[tuple[int, DocumentTerms]]) -> None:
        with self.keys.adding_words() as add_keys, self.summaries.adding_words() as add_summary:
            for number, document in documents:
                add_keys(number, document)
                add_summary(number, document)
