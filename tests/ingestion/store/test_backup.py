import hashlib
import json
import shutil
import sqlite3
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ingestion.backup_manifest import DATABASE, MANIFEST
from ingestion.errors import BackupDamaged, BackupFailed, DataInUse, DataNotEmpty, NewerSchema
from ingestion.store import schema
from ingestion.store.backup import restore_backup, write_backup
from ingestion.store.catalog import Catalog
from ingestion.store.consistency import check_data
from tests.ingestion.catalog_samples import add, claim, submit


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "catalog.sqlite3"


@pytest.fixture
def catalog(path: Path) -> Iterator[Catalog]:
    catalog = Catalog(path)
    add(catalog, "甲.txt", b"one")
    add(catalog, "乙.txt", b"two")
    submit(catalog, "丙.txt", b"three")
    claim(catalog)
    catalog.sessions.append("s", "hr", [("user", "问"), ("assistant", "答")])
    yield catalog
    catalog.close()


@pytest.fixture
def backup(catalog: Catalog, path: Path, tmp_path: Path) -> Path:
    target = tmp_path / "backup.zip"
    write_backup(path, target, quiet)
    return target


def quiet(*_told: object) -> None:
    return


def everything(path: Path) -> dict[str, Any]:
    """Return all rows of all tables and all files."""
    engine = schema.open_engine(path)
    with engine.connect() as connection:
        found: dict[str, Any] = {
            table.name: sorted(map(repr, connection.execute(sa.select(table))))
            for table in schema.metadata.sorted_tables
        }
    engine.dispose()
    sources = path.parent / "sources"
    return found | {file.name: file.read_bytes() for file in sources.iterdir()}


def test_backup_restored_elsewhere_is_the_same_to_the_last_row(
    catalog: Catalog, path: Path, backup: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other" / "catalog.sqlite3"
    assert restore_backup(backup, other, quiet).sources == 3
    assert everything(other) == everything(path)
    assert list(check_data(other, quiet)) == []
    assert backup.stat().st_mode & 0o777 == 0o600
    assert sorted(file.name for file in tmp_path.iterdir()) == ["backup.zip", "data", "other"]


def test_backup_while_documents_come_and_go_is_of_one_moment(
    catalog: Catalog, path: Path, tmp_path: Path
) -> None:
    stop = threading.Event()

    def churn() -> None:
        number = 0
        while not stop.is_set():
            submission = submit(catalog, f"{number}.txt", b"%d" % number)
            catalog.delete_document(submission.document_id)
            submit(catalog, f"kept-{number}.txt", b"kept %d" % number)
            number += 1

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for number in range(2):
            write_backup(path, tmp_path / f"{number}.zip", quiet)
    finally:
        stop.set()
        thread.join()
    for number in range(2):
        restored = tmp_path / str(number) / "catalog.sqlite3"
        restore_backup(tmp_path / f"{number}.zip", restored, quiet)
        assert list(check_data(restored, quiet)) == []


def test_backup_leaves_out_what_is_lost_and_says_so(
    catalog: Catalog, path: Path, tmp_path: Path
) -> None:
    lost, damaged = (hashlib.sha256(content).hexdigest() for content in (b"one", b"two"))
    (path.parent / "sources" / lost).unlink()
    (path.parent / "sources" / damaged).write_bytes(b"tw0")
    written = write_backup(path, tmp_path / "backup.zip", quiet)
    assert (written.sources, written.lost) == (1, tuple(sorted([lost, damaged])))
    restored = restore_backup(
        tmp_path / "backup.zip", tmp_path / "other" / "catalog.sqlite3", quiet
    )
    assert (restored.sources, restored.lost) == (written.sources, written.lost)


def test_backup_does_not_overwrite_and_leaves_no_part(
    catalog: Catalog, path: Path, backup: Path, tmp_path: Path
) -> None:
    before = backup.read_bytes()
    with pytest.raises(BackupFailed):
        write_backup(path, backup, quiet)
    assert backup.read_bytes() == before
    with pytest.raises(BackupFailed):
        write_backup(path, tmp_path / "none" / "backup.zip", quiet)
    with pytest.raises(BackupFailed):
        write_backup(path, backup / "backup.zip", quiet)
    catalog.close()
    assert list((path.parent / "staging").iterdir()) == []
    assert sorted(file.name for file in tmp_path.iterdir()) == ["backup.zip", "data"]


def test_restore_into_a_directory_in_use_is_refused(
    catalog: Catalog, path: Path, backup: Path
) -> None:
    before = everything(path)
    with pytest.raises(DataInUse):
        restore_backup(backup, path, quiet, replace=True)
    assert everything(path) == before


def test_restore_over_documents_needs_to_be_told(
    catalog: Catalog, path: Path, backup: Path
) -> None:
    before = everything(path)
    add(catalog, "甲.txt", b"newer")
    catalog.close()
    with pytest.raises(DataNotEmpty):
        restore_backup(backup, path, quiet)
    assert everything(path) != before
    restore_backup(backup, path, quiet, replace=True)
    assert everything(path) == before


def truncate(backup: Path) -> None:
    backup.write_bytes(backup.read_bytes()[:-100])


def cut_in_the_middle(backup: Path) -> None:
    content = backup.read_bytes()
    backup.write_bytes(content[: len(content) // 2])


def flip_a_bit(backup: Path) -> None:
    content = bytearray(backup.read_bytes())
    content[200] ^= 1
    backup.write_bytes(content)


def write_anew(backup: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    with zipfile.ZipFile(backup) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(backup, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def other_bytes(backup: Path) -> None:
    def change(members: dict[str, bytes]) -> None:
        name = next(name for name in members if name.startswith("sources/"))
        members[name] = members[name][::-1]

    write_anew(backup, change)


def longer_file(backup: Path) -> None:
    def change(members: dict[str, bytes]) -> None:
        name = next(name for name in members if name.startswith("sources/"))
        members[name] += b"\0" * 5_000_000

    write_anew(backup, change)


def file_missing(backup: Path) -> None:
    write_anew(backup, lambda members: members.pop(next(iter(set(members) - {MANIFEST}))) and None)


def file_too_many(backup: Path) -> None:
    write_anew(backup, lambda members: members.update({"../evil": b"evil"}))


def no_manifest(backup: Path) -> None:
    write_anew(backup, lambda members: members.pop(MANIFEST) and None)


def other_database(change: Callable[[sqlite3.Connection], None], backup: Path) -> None:
    """Put in a database that the manifest vouches for."""

    def rewrite(members: dict[str, bytes]) -> None:
        file = backup.with_name("rewritten")
        file.write_bytes(members[DATABASE])
        connection = sqlite3.connect(file)
        change(connection)
        connection.commit()
        connection.close()
        members[DATABASE] = file.read_bytes()
        file.unlink()
        manifest = json.loads(members[MANIFEST])
        digest = hashlib.sha256(members[DATABASE]).hexdigest()
        entry = {"name": DATABASE, "size": len(members[DATABASE]), "sha256": digest}
        manifest["members"][0] = entry
        members[MANIFEST] = json.dumps(manifest).encode()

    write_anew(backup, rewrite)


def with_a_trigger(backup: Path) -> None:
    trigger = "CREATE TRIGGER t AFTER INSERT ON jobs BEGIN DELETE FROM documents; END"
    other_database(lambda connection: connection.execute(trigger) and None, backup)


def without_a_table(backup: Path) -> None:
    other_database(lambda connection: connection.execute("DROP TABLE turns") and None, backup)


def with_a_path_for_a_checksum(backup: Path) -> None:
    other_database(
        lambda connection: (
            connection.execute("UPDATE documents SET sha256 = '/etc/hostname'") and None
        ),
        backup,
    )


@pytest.mark.parametrize(
    "damage",
    [
        truncate,
        cut_in_the_middle,
        flip_a_bit,
        other_bytes,
        longer_file,
        file_missing,
        file_too_many,
        no_manifest,
        with_a_trigger,
        without_a_table,
        with_a_path_for_a_checksum,
        lambda backup: backup.write_bytes(b"no ZIP"),
        lambda backup: backup.unlink(),
    ],
)
def test_restore_of_a_damaged_backup_changes_nothing(
    catalog: Catalog, path: Path, backup: Path, damage: Callable[[Path], None]
) -> None:
    catalog.close()
    damage(backup)
    before = everything(path)
    with pytest.raises(BackupDamaged):
        restore_backup(backup, path, quiet, replace=True)
    assert everything(path) == before
    assert not [file for file in path.parent.iterdir() if file.name.startswith(".restore")]
    assert not (path.parent.parent / "evil").exists()


def test_restore_of_a_newer_backup_is_refused(backup: Path, tmp_path: Path) -> None:
    def change(members: dict[str, bytes]) -> None:
        manifest = json.loads(members[MANIFEST]) | {"schema_version": 99}
        members[MANIFEST] = json.dumps(manifest).encode()

    write_anew(backup, change)
    with pytest.raises(NewerSchema):
        restore_backup(backup, tmp_path / "other" / "catalog.sqlite3", quiet)


def test_restore_without_room_says_so(
    backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(BackupFailed, match="10 are free"):
        restore_backup(backup, tmp_path / "other" / "catalog.sqlite3", quiet)
