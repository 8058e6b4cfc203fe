"""What is uploaded: names checked, ids derived from content, bytes kept in files.

A file is named by its sha256 and never by what a client called it.
"""

import hashlib
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ingestion.errors import InvalidSubmission, SourceLost
from ingestion.store.data_folder import SOURCES, STAGING, sync
from ingestion.store.fault_points import FaultPoint, reach
from ingestion.store.staging import Staging, sweep_abandoned

MAX_COLLECTION = 100
_SHA256 = re.compile("[0-9a-f]{64}")
MAX_NAME = 255
MAX_PASSWORD = 1000
MAX_METADATA_ENTRIES = 64
MAX_METADATA_KEY = 100
MAX_METADATA_BYTES = 16 * 1024
# Control characters break logs and headers, lone surrogates have no UTF-8. Format characters
# stay: emoji and several scripts need the joiners.
FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Upload:
    """A checked upload and its ids."""

    document_id: str
    collection: str
    name: str
    revision: str
    sha256: str
    size: int
    metadata: Mapping[str, str]
    password: str = field(repr=False)

    def as_row(self, now: datetime) -> dict[str, object]:
        """Return what the row of its job would tell of the upload."""
        return {
            "collection": self.collection,
            "name": self.name,
            "sha256": self.sha256,
            "size": self.size,
            "metadata": dict(self.metadata),
            "created_at": now,
        }


def document_id_of(collection: str, name: str) -> str:
    """Return the id of a document: 32 hexadecimal digits from its collection and name (NFC)."""
    return _digest("document", _nfc(collection), _nfc(name))


def revision_of(content: bytes) -> str:
    """Return the id of a revision: 16 hexadecimal digits from its bytes."""
    return hashlib.sha256(content).hexdigest()[:16]


def chunk_id_of(document_id: str, revision: str, start: int, end: int) -> str:
    """Return the id of a chunk: 32 hexadecimal digits from its revision and span."""
    return _digest("chunk", document_id, revision, str(start), str(end))


def check_upload(
    collection: str, name: str, content: bytes, metadata: Mapping[str, str], password: str = ""
) -> Upload:
    """Return the upload with its ids. Raises InvalidSubmission on names, metadata or password.

    password: opens the file where it is locked; empty: none.
    """
    collection = _checked_label("collection", collection, MAX_COLLECTION)
    name = _checked_label("file name", name, MAX_NAME)
    _check_metadata(metadata)
    _check_password(password)
    sha256 = hashlib.sha256(content).hexdigest()
    return Upload(
        document_id=document_id_of(collection, name),
        collection=collection,
        name=name,
        revision=sha256[:16],
        sha256=sha256,
        size=len(content),
        metadata=dict(metadata),
        password=password,
    )


class SourceFiles:
    """The folder of uploaded bytes, one file for each content.

    Files appear complete or not at all. `place`, `remove` and `sweep` change what others may rely
    on: call them while holding the catalog's write lock.
    """

    def __init__(self, data: Path) -> None:
        """Use the folder of sources in the data directory, creating it where missing."""
        self._folder = data / SOURCES
        self._folder.mkdir(parents=True, exist_ok=True)
        self._staging_parent = data / STAGING
        self._staging = Staging(self._staging_parent)

    def close(self) -> None:
        """Remove what is staged still."""
        self._staging.close()

    def stage(self, content: bytes) -> Path:
        """Write the bytes to disk under a temporary name and return it."""
        handle, name = tempfile.mkstemp(dir=self._staging.folder())
        with os.fdopen(handle, "wb") as file:
            reach(FaultPoint.SOURCE_STAGING)
            file.write(content)
            file.flush()
            reach(FaultPoint.SOURCE_WRITTEN)
            os.fsync(file.fileno())
        reach(FaultPoint.SOURCE_STAGED)
        return Path(name)

    def place(self, staged: Path, sha256: str) -> None:
        """Give staged bytes their lasting name, for good once `settle` was called."""
        reach(FaultPoint.SOURCE_PLACING)
        staged.replace(self._path(sha256))
        reach(FaultPoint.SOURCE_RENAMED)

    def settle(self) -> None:
        """Make the names given by `place` outlast a power cut."""
        sync(self._folder)
        reach(FaultPoint.SOURCE_PLACED)

    def names(self) -> set[str]:
        """Return the names of all files that are in place."""
        return {path.name for path in self._folder.iterdir()}

    def read(self, sha256: str) -> bytes:
        """Return the bytes. Raises SourceLost when they are gone or not what they were."""
        try:
            content = self._path(sha256).read_bytes()
        except FileNotFoundError as exc:
            raise SourceLost(sha256) from exc
        if hashlib.sha256(content).hexdigest() != sha256:
            raise SourceLost(sha256)
        return content

    def workspace(self) -> Path:
        """Return a folder of this process that goes when it closes these files, or ends."""
        return self._staging.folder()

    def keep(self, sha256: str) -> Path | None:
        """Return the bytes under a second name in the workspace, which outlasts their removal.

        None when they are gone or not what they were.
        """
        kept = self._staging.folder() / sha256
        if not kept.exists():
            try:
                _link_or_copy(self._path(sha256), kept)
            except FileNotFoundError:
                return None
        return kept if file_sha256(kept) == sha256 else None

    def remove(self, sha256: str) -> None:
        """Delete the bytes if they are there."""
        reach(FaultPoint.SOURCE_REMOVING)
        self._path(sha256).unlink(missing_ok=True)
        reach(FaultPoint.SOURCE_REMOVED)

    def sweep(self, named: Collection[str]) -> int:
        """Delete every file not in `named`, and what dead processes had staged.

        Returns how many files went.
        """
        removed = sweep_abandoned(self._staging_parent)
        for path in self._folder.iterdir():
            if path.name not in named:
                reach(FaultPoint.STRAY_SWEEPING)
                path.unlink(missing_ok=True)
                reach(FaultPoint.STRAY_SWEPT)
                removed += 1
        return removed

    def _path(self, sha256: str) -> Path:
        # A restored catalog may name anything; a name is never a path.
        return self._folder / (sha256 if _SHA256.fullmatch(sha256) else "none")


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, a block in memory at a time."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _link_or_copy(path: Path, target: Path) -> None:
    try:
        target.hardlink_to(path)
    except FileNotFoundError:
        raise
    except OSError:  # a file system that knows no second names
        shutil.copyfile(path, target)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _nfc(label: str) -> str:
    return unicodedata.normalize("NFC", label)


def _checked_label(field: str, value: str, limit: int) -> str:
    label = _nfc(value)
    if not label.strip():
        raise InvalidSubmission(field, "is empty")
    if len(label) > limit:
        raise InvalidSubmission(field, f"has {len(label)} characters; the limit is {limit}")
    if any(unicodedata.category(character) in FORBIDDEN_CATEGORIES for character in label):
        raise InvalidSubmission(field, "holds a control character, line break or half a surrogate")
    return label


def _check_password(password: str) -> None:
    if len(password) > MAX_PASSWORD:
        raise InvalidSubmission("password", f"has more than {MAX_PASSWORD} characters")
    if "\0" in password or any("\ud800" <= character <= "\udfff" for character in password):
        raise InvalidSubmission("password", "holds NUL or half a surrogate")


def _check_metadata(metadata: Mapping[str, str]) -> None:
    if len(metadata) > MAX_METADATA_ENTRIES:
        raise InvalidSubmission(
            "metadata", f"has {len(metadata)} entries; the limit is {MAX_METADATA_ENTRIES}"
        )
    total = 0
    for key, value in metadata.items():
        _checked_label("metadata key", key, MAX_METADATA_KEY)
        if any(unicodedata.category(character) == "Cs" for character in value):
            raise InvalidSubmission("metadata", f"value of {key} holds half a surrogate")
        total += len(key.encode("utf-8")) + len(value.encode("utf-8"))
    if total > MAX_METADATA_BYTES:
        raise InvalidSubmission("metadata", f"has {total} bytes; the limit is {MAX_METADATA_BYTES}")
