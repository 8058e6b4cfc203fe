"""Snapshots of indexes on disk: a start loads them instead of building the indexes anew.

A snapshot is believed only if it is whole, was made as indexes are made now, and holds what the
catalog held at its sequence number. Otherwise it is as if there were none.
"""

import hashlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from ingestion.store.fault_points import FaultPoint, reach
from ingestion.store.index_files import IndexFiles
from ingestion.store.stored import Change, IndexedState
from retrieval.collection_index import ENTRIES_FILE, CollectionIndex
from retrieval.document_entry import DIGEST_LENGTH
from retrieval.journal import Journal, Part, Span
from retrieval.key_index import KEYS_FILE, RAW_FILE
from retrieval.manifest import (
    MANIFEST_NAME,
    IndexIdentity,
    Manifest,
    check_files,
    file_digest,
    read_manifest,
    to_json,
)
from retrieval.ports import FollowedCatalog, IndexSource
from retrieval.summary_filter import SUMMARIES_FILE

_VECTOR_FILES = (RAW_FILE, KEYS_FILE, SUMMARIES_FILE)
_BATCH = 500
logger = logging.getLogger(__name__)


class Written(NamedTuple):
    """A snapshot that is in place, its file of lines, open, and their places by number."""

    manifest: Manifest
    entries: IO[bytes]
    spans: Mapping[int, Span]


class Snapshots:
    """Reads and writes the snapshots of one data directory, for indexes of one identity."""

    def __init__(self, files: IndexFiles, identity: IndexIdentity) -> None:
        self.files = files
        self.identity = identity

    def empty(self) -> CollectionIndex:
        """Return an index with nothing in it, of which snapshots can be written."""
        try:
            journal = Journal(self.files.folder)
        except OSError as exc:
            logger.warning("There will be no snapshots of the indexes: %s", exc)
            journal = None
        return CollectionIndex(self.identity.dimension, journal)

    def sweep(self, collections: Sequence[str]) -> None:
        """Remove what killed processes left, and the snapshots of all other collections.

        Does nothing while another process is writing, or when the disk does not let it.
        """
        try:
            with self.files.writing() as is_ours:
                if is_ours:
                    self.files.remove_strays(collections)
        except OSError as exc:
            logger.warning("What is left of old snapshots is still there: %s", exc)

    def load(self, collection: str, catalog: FollowedCatalog) -> CollectionIndex | None:
        """Return the index as the newest good snapshot holds it, None if there is none."""
        for folder in self.files.snapshots(collection):
            try:
                return self._loaded(folder, collection, catalog)
            except (OSError, ValueError) as exc:
                logger.warning("A snapshot of the indexes is not used: %s", exc)
        return None

    def is_current(self, collection: str, sequence: int) -> bool:
        """Tell whether there is a snapshot of this identity that has followed up to a change."""
        for folder in self.files.snapshots(collection):
            try:
                found = read_manifest(folder)
            except (OSError, ValueError):
                continue
            return found.identity == self.identity and found.sequence >= sequence
        return False

    def write(self, folder: Path, sequence: int, chunks: int, parts: Sequence[Part]) -> Written:
        """Complete a snapshot whose vectors are in an unfinished folder and put it in place.

        sequence: the change that it has followed up to. parts: the lines of its documents, in the
        order of the vectors. Raises OSError.
        """
        reach(FaultPoint.SNAPSHOT_VECTORS_WRITTEN)
        spans, content = _write_entries(folder / ENTRIES_FILE, parts)
        reach(FaultPoint.SNAPSHOT_ENTRIES_WRITTEN)
        names = (ENTRIES_FILE, *_VECTOR_FILES)
        manifest = Manifest(
            identity=self.identity,
            sequence=sequence,
            documents=len(spans),
            chunks=chunks,
            content=content,
            files={name: file_digest(folder / name) for name in names},
        )
        (folder / MANIFEST_NAME).write_text(to_json(manifest), encoding="utf-8")
        for name in (*names, MANIFEST_NAME):
            _sync(folder / name)
        reach(FaultPoint.SNAPSHOT_MANIFEST_WRITTEN)
        entries = (folder / ENTRIES_FILE).open("rb")
        try:
            self.files.place(folder, sequence)
        except OSError:
            entries.close()
            raise
        return Written(manifest, entries, spans)

    def _loaded(self, folder: Path, collection: str, catalog: FollowedCatalog) -> CollectionIndex:
        manifest = read_manifest(folder)
        if manifest.identity != self.identity:
            raise ValueError("it was made with another encoder or by another version")
        if manifest.sequence > catalog.last_sequence():
            raise ValueError("it is ahead of the catalog")
        check_files(folder, manifest)
        index = CollectionIndex(self.identity.dimension)
        try:
            true = catalog.index_state(collection)
            settled = {name for name, one in true.items() if one.sequence <= manifest.sequence}
            held = index.restore(folder, self.files.folder, settled)
            problem = disagreement(catalog, true, manifest.sequence, held)
            if problem is not None:
                raise ValueError(problem)
        except (OSError, ValueError):
            index.close()
            raise
        index.sequence = manifest.sequence
        return index


def disagreement(
    catalog: FollowedCatalog,
    true: Mapping[str, IndexedState],
    sequence: int,
    held: Mapping[str, IndexedState],
) -> str | None:
    """Return how a snapshot's documents differ from the catalog's at its sequence, None: nowhere.

    true: what the catalog says now of each document of the collection, held: what the snapshot
    does. What changed later is not looked at, for it will be followed.
    """
    missing = held.keys() - true.keys()
    if missing:
        later = {change.document_id for change in changes_after(catalog, sequence)}
        if missing - later:
            return f"it holds {len(missing - later)} documents that the catalog does not"
    settled = {name: state for name, state in true.items() if state.sequence <= sequence}
    lost = settled.keys() - held.keys()
    if lost:
        return f"it lacks {len(lost)} documents of the catalog"
    other = sum(held[name] != state for name, state in settled.items())
    return f"it holds other chunks of {other} documents" if other else None


def changes_after(source: IndexSource, sequence: int) -> Iterator[Change]:
    """Give all changes after a sequence number, oldest first."""
    while changes := source.changes_since(sequence, _BATCH):
        yield from changes
        sequence = changes[-1].sequence


def _write_entries(path: Path, parts: Sequence[Part]) -> tuple[dict[int, Span], str]:
    """Write all lines; returns where each is, and one digest of what they are digests of."""
    spans: dict[int, Span] = {}
    digests: list[bytes] = []
    start = 0
    with path.open("wb") as file:
        for part in parts:
            for number, line in part.lines():
                file.write(line)
                spans[number] = Span(start, len(line))
                start += len(line)
                digests.append(line[:DIGEST_LENGTH])
    return spans, hashlib.sha256(b"".join(sorted(digests))).hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
