"""From files as they come, archives among them, to jobs: many in one transaction, in order."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO

from app.errors import RepeatedFileName
from app.file_names import check_name
from ingestion import media
from ingestion.archives import archived_files
from ingestion.errors import (
    DocumentTooLarge,
    IngestionError,
    InvalidSubmission,
    UnsupportedMedia,
)
from ingestion.parse import check_supported
from ingestion.store.catalog import Catalog
from ingestion.store.stored import Submission
from ingestion.store.uploads import Upload, check_upload

BATCH_FILES = 100
BATCH_BYTES = 16 << 20
# An archive may unpack to this many times the largest file.
ARCHIVE_FACTOR = 8


@dataclass(frozen=True, slots=True)
class Offered:
    """A file that could be read, to be stored under this name."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that was not taken in. `name` is fit to be shown."""

    name: str
    error: IngestionError | InvalidSubmission | OSError


@dataclass(frozen=True, slots=True)
class Accepted:
    """A file that was stored, or that was there before."""

    name: str
    submission: Submission


@dataclass(frozen=True, slots=True)
class Target:
    """Where files go, and what comes with each of them."""

    collection: str
    metadata: Mapping[str, str]
    password: str = field(repr=False)
    max_file_bytes: int


def offered_files(
    name: str, file: IO[bytes], target: Target, taken: set[str], *, inside: str = ""
) -> Iterator[Offered | Rejected]:
    """Yield a file, or the files in it where it is a ZIP archive, one in memory at a time.

    name: fit to be stored. taken: names of earlier files; those yielded are added. inside: what
    goes before the paths of an archive. What no parser reads is rejected here.
    """
    content = file.read(target.max_file_bytes + 1)
    try:
        if len(content) > target.max_file_bytes:
            raise DocumentTooLarge(len(content), target.max_file_bytes)
        check_supported(content, name)
    except UnsupportedMedia as error:
        if error.media_type != media.ZIP:
            yield Rejected(_shown(name), error)
            return
    except IngestionError as error:
        yield Rejected(_shown(name), error)
        return
    else:
        yield _once(Offered(name, content), taken)
        return
    del content
    yield from _unpacked(name, file, target, taken, inside)


def submit_files(
    catalog: Catalog, files: Iterable[Offered | Rejected], target: Target
) -> Iterator[Accepted | Rejected]:
    """Queue files as they come and yield what became of each, in order. Blocks."""
    batch: list[tuple[Upload, bytes] | Rejected] = []
    size = 0
    for file in files:
        if isinstance(file, Offered):
            try:
                upload = check_upload(
                    target.collection, file.name, file.content, target.metadata, target.password
                )
                batch.append((upload, file.content))
                size += upload.size
            except InvalidSubmission as error:
                batch.append(Rejected(_shown(file.name), error))
        else:
            batch.append(file)
        del file
        if len(batch) >= BATCH_FILES or size >= BATCH_BYTES:
            yield from _submitted(catalog, batch)
            batch, size = [], 0
    yield from _submitted(catalog, batch)


def _unpacked(
    name: str, file: IO[bytes], target: Target, taken: set[str], inside: str
) -> Iterator[Offered | Rejected]:
    total = ARCHIVE_FACTOR * target.max_file_bytes
    files = archived_files(
        file, file_bytes=target.max_file_bytes, total_bytes=total, password=target.password
    )
    try:
        for found in files:
            path = inside + found.name
            try:
                if isinstance(found.content, IngestionError):
                    raise found.content
                check_name(path)
                check_supported(found.content, path)
                yield _once(Offered(path, found.content), taken)
            except IngestionError as error:
                yield Rejected(_shown(path), error)
    except IngestionError as error:
        yield Rejected(name, error)


def _once(file: Offered, taken: set[str]) -> Offered | Rejected:
    if file.name in taken:
        return Rejected(file.name, RepeatedFileName())
    taken.add(file.name)
    return file


def _submitted(
    catalog: Catalog, batch: list[tuple[Upload, bytes] | Rejected]
) -> Iterator[Accepted | Rejected]:
    files = [entry for entry in batch if not isinstance(entry, Rejected)]
    outcomes = iter(catalog.submit_all(files) if files else [])
    for entry in batch:
        if isinstance(entry, Rejected):
            yield entry
            continue
        name, outcome = entry[0].name, next(outcomes)
        if isinstance(outcome, Submission):
            yield Accepted(name, outcome)
        else:
            yield Rejected(name, outcome)


def _shown(name: str) -> str:
    return name.encode("utf-8", errors="replace").decode("utf-8")
