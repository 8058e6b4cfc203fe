"""A catalog with its sources as one file, and back.

The file is a ZIP: the database, `sources/SHA256` for each upload that it names, and a manifest with
the size and SHA-256 of each. It can be written while the service runs. What it is restored from is
checked whole before anything of what is there is touched.
"""

import hashlib
import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from ingestion.backup_manifest import DATABASE, MANIFEST, Manifest, Member, read_manifest
from ingestion.errors import BackupDamaged, BackupFailed, DataNotEmpty, NoCatalog
from ingestion.store import schema
from ingestion.store.data_folder import BUILDING, SOURCES, held_alone, replace_content, sync
from ingestion.store.database import Database
from ingestion.store.fault_points import FaultPoint, reach
from ingestion.store.jobs import named_sources
from ingestion.store.sqlite_file import copy_database, problem_of_file
from ingestion.store.uploads import SourceFiles

# Called with what is under way, how much of it is done, and of how much.
Report = Callable[[str, int, int], None]
PART_SUFFIX = ".part"
_BLOCK = 2**20
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


@dataclass(frozen=True, slots=True)
class WrittenBackup:
    """What a backup holds. lost: sources that were missing or damaged already."""

    size: int
    sources: int
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RestoredBackup:
    """What a restored backup held. lost: sources that its catalog names, missing in it."""

    sources: int
    lost: tuple[str, ...]


def write_backup(catalog: Path, target: Path, report: Report) -> WrittenBackup:
    """Write one file with everything in a catalog as it is at one moment, and its sources.

    Documents may come and go meanwhile. The file has its name once it is complete; until then it
    is `target` with `.part`. Raises NoCatalog, BackupFailed (also if `target` exists),
    CatalogUnavailable.
    """
    if not catalog.exists():
        raise NoCatalog(str(catalog))
    if target.exists():
        raise BackupFailed(f"{target} exists already")
    part = target.with_name(target.name + PART_SUFFIX)
    database, files = Database(catalog), SourceFiles(catalog.parent)
    try:
        copy, kept, lost = _copy(database, files, report)
        reach(FaultPoint.BACKUP_COPIED)
        _write_archive(part, copy, kept, report)
        reach(FaultPoint.BACKUP_WRITTEN)
        part.replace(target)
        sync(target.parent)
        reach(FaultPoint.BACKUP_DONE)
        return WrittenBackup(target.stat().st_size, len(kept), tuple(sorted(lost)))
    except OSError as exc:
        raise BackupFailed(f"{target}: {exc.strerror or exc}") from exc
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        files.close()
        database.close()


def restore_backup(
    backup: Path, catalog: Path, report: Report, *, replace: bool = False
) -> RestoredBackup:
    """Put what a backup holds in place of a catalog and its sources, all or nothing.

    replace: whether a catalog may be there; it is gone afterwards. Raises BackupDamaged,
    NewerSchema, DataInUse, DataNotEmpty or BackupFailed, and has then changed nothing.
    """
    with _opened(backup) as (archive, manifest), held_alone(catalog):
        if catalog.exists() and not replace:
            raise DataNotEmpty(str(catalog.parent))
        building = catalog.parent / BUILDING
        try:
            _unpack(archive, manifest, building, catalog.name, report)
            reach(FaultPoint.RESTORE_UNPACKED)
            problem = problem_of_file(building / catalog.name)
            if problem is not None:
                raise BackupDamaged(str(backup), problem)
            lost = _unbacked(building / catalog.name, manifest)
            replace_content(catalog)
        except ValueError as exc:
            raise BackupDamaged(str(backup), str(exc)) from exc
        except OSError as exc:
            raise BackupFailed(f"{catalog.parent}: {exc.strerror or exc}") from exc
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return RestoredBackup(len(manifest.members) - 1, tuple(sorted(lost)))


def _unbacked(catalog: Path, manifest: Manifest) -> set[str]:
    """Return the sources that an unpacked catalog names and the backup does not hold."""
    database = Database(catalog)
    try:
        with database.reading() as connection:
            named = named_sources(connection)
    finally:
        database.close()
    return named - {Path(member.name).name for member in manifest.members}


def _copy(
    database: Database, files: SourceFiles, report: Report
) -> tuple[Path, list[Path], set[str]]:
    """Return a copy of the database, sources that outlast their deletion, and what is lost."""
    missing: set[str] = set()
    while True:
        copy, named = files.workspace() / DATABASE, set[str]()
        copy.unlink(missing_ok=True)
        with database.reading() as connection:
            # What is read first fixes the moment that all the rest is read of.
            named = named_sources(connection)
            copy_database(connection, copy, report)
        kept = {name: files.keep(name) for name in sorted(named)}
        gone = {name for name, path in kept.items() if path is None}
        # One that went after the copy was made went with its document: a newer copy will not name
        # it. One that two copies name, and that was missing at the first, is lost.
        if gone <= missing:
            return copy, [path for path in kept.values() if path is not None], gone
        missing = gone


def _write_archive(part: Path, copy: Path, kept: list[Path], report: Report) -> None:
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            members = [_add(archive, DATABASE, copy)]
            for number, path in enumerate(kept):
                report("sources", number, len(kept))
                members.append(_add(archive, f"{SOURCES}/{path.name}", path))
            report("sources", len(kept), len(kept))
            now = datetime.now(UTC).isoformat(timespec="seconds")
            manifest = Manifest(schema.SCHEMA_VERSION, now, tuple(members))
            archive.writestr(MANIFEST, json.dumps(manifest.to_json(), indent=1))
        file.flush()
        os.fsync(file.fileno())


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> Member:
    # The time of the entry is of no use and would make two backups of the same data differ.
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    with path.open("rb") as source, archive.open(info, "w", force_zip64=True) as target:
        size, sha256 = _pump(source, target, None)
    return Member(name, size, sha256)


@contextmanager
def _opened(backup: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    try:
        archive = zipfile.ZipFile(backup)
    except OSError as exc:
        raise BackupDamaged(str(backup), exc.strerror or str(exc)) from exc
    except _UNREADABLE as exc:
        raise BackupDamaged(str(backup), "it is no complete ZIP file") from exc
    with archive:
        try:
            manifest = read_manifest(archive)
        except (ValueError, *_UNREADABLE) as exc:
            raise BackupDamaged(str(backup), str(exc)) from exc
        schema.refuse_newer(manifest.schema_version)
        yield archive, manifest


def _unpack(
    archive: zipfile.ZipFile, manifest: Manifest, building: Path, catalog: str, report: Report
) -> None:
    """Write all members, checked. Raises ValueError on one that is not what the manifest says."""
    shutil.rmtree(building, ignore_errors=True)
    (building / SOURCES).mkdir(parents=True)
    free, needed = shutil.disk_usage(building).free, sum(m.size for m in manifest.members)
    if needed > free:
        raise OSError(f"it needs {needed} bytes and {free} are free")
    for number, member in enumerate(manifest.members):
        report("files", number, len(manifest.members))
        path = building / (catalog if member.name == DATABASE else member.name)
        try:
            with archive.open(member.name) as source, path.open("xb") as target:
                written = _pump(source, target, member.size)
                target.flush()
                os.fsync(target.fileno())
        except _UNREADABLE as exc:
            raise ValueError(f"{member.name} is damaged") from exc
        if written != (member.size, member.sha256):
            raise ValueError(f"{member.name} is not what was backed up")
    report("files", len(manifest.members), len(manifest.members))


def _pump(source: IO[bytes], target: IO[bytes], limit: int | None) -> tuple[int, str]:
    """Copy bytes, stopping once past the limit; returns how many there were and their SHA-256."""
    digest, size = hashlib.sha256(), 0
    while (limit is None or size <= limit) and (block := source.read(_BLOCK)):
        target.write(block)
        digest.update(block)
        size += len(block)
    return size, digest.hexdigest()
