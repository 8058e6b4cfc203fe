"""What a backup says it holds."""

import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

FORMAT = "youju-backup"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
DATABASE = "catalog.sqlite3"
MAX_MANIFEST_BYTES = 2**28
# Nothing else is ever written, so no name can lead out of the folder.
_NAMES = re.compile(r"catalog\.sqlite3|sources/(?P<sha256>[0-9a-f]{64})")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a backup. size: in bytes, unpacked."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """All files of a backup but the manifest itself; the database is one of them."""

    schema_version: int
    created_at: str
    members: tuple[Member, ...]

    def to_json(self) -> dict[str, Any]:
        """Return what is written into the backup."""
        return {"format": FORMAT, "version": FORMAT_VERSION, **asdict(self)}


def read_manifest(archive: zipfile.ZipFile) -> Manifest:
    """Return the manifest of a backup. Raises ValueError when it is not that of exactly this file.

    The files' bytes are not looked at.
    """
    names = [info.filename for info in archive.infolist()]
    if MANIFEST not in names:
        raise ValueError("it is no backup of Youju")
    if archive.getinfo(MANIFEST).file_size > MAX_MANIFEST_BYTES:
        raise ValueError("its manifest is too large")
    manifest = parse_manifest(archive.read(MANIFEST))
    told = [member.name for member in manifest.members]
    if sorted(names) != sorted([MANIFEST, *told]):
        raise ValueError("its files are not those of its manifest")
    return manifest


def parse_manifest(content: bytes) -> Manifest:
    """Return a manifest from its JSON. Raises ValueError on what no backup would say."""
    try:
        told = json.loads(content)
        if (told["format"], told["version"]) != (FORMAT, FORMAT_VERSION):
            raise ValueError("it was written by another program or a newer version of this one")
        members = tuple(_member(entry) for entry in told["members"])
        manifest = Manifest(int(told["schema_version"]), str(told["created_at"]), members)
    except (KeyError, TypeError, RecursionError) as exc:
        raise ValueError("its manifest is damaged") from exc
    names = [member.name for member in members]
    if DATABASE not in names or len(set(names)) != len(names):
        raise ValueError("its manifest is damaged")
    return manifest


def _member(entry: Mapping[str, Any]) -> Member:
    member = Member(str(entry["name"]), int(entry["size"]), str(entry["sha256"]))
    name = _NAMES.fullmatch(member.name)
    named_well = name is not None and name["sha256"] in {None, member.sha256}
    if not named_well or member.size < 0 or not _SHA256.fullmatch(member.sha256):
        raise ValueError(f"its manifest names {member.name!r}, which is no file of a backup")
    return member
