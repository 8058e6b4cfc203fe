"""What a snapshot says of itself: what it was made with, what is in it, and that it is whole."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

MANIFEST_NAME = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class IndexIdentity:
    """With what indexes are made; those of another identity are of no use.

    encoder: its name. indexing: of the code and the dictionaries that cut texts into terms.
    """

    encoder: str
    dimension: int
    indexing: str
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Manifest:
    """A snapshot's description.

    sequence: the catalog's change that it has followed up to. content: a digest of all documents'
    ids, chunk ids, terms and vectors, whatever way the index came about. files: sha256 by name.
    """

    identity: IndexIdentity
    sequence: int
    documents: int
    chunks: int
    content: str
    files: Mapping[str, str]


def to_json(manifest: Manifest) -> str:
    """Return a manifest as JSON, with a digest of itself."""
    told = asdict(manifest)
    return json.dumps({**told, "sha256": _digest(told)}, indent=1, sort_keys=True)


def of_json(text: str) -> Manifest:
    """Return the manifest that `to_json` wrote. Raises ValueError when it is damaged."""
    try:
        told = json.loads(text)
        digest = told.pop("sha256")
        if digest != _digest(told):
            raise ValueError("the manifest is damaged")
        identity = IndexIdentity(**told.pop("identity"))
        return Manifest(identity=identity, **told)
    except (AttributeError, KeyError, TypeError) as exc:
        raise ValueError("the manifest is not one of a snapshot") from exc


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a snapshot. Raises ValueError or OSError."""
    return of_json((folder / MANIFEST_NAME).read_text(encoding="utf-8"))


def check_files(folder: Path, manifest: Manifest) -> None:
    """Pass a snapshot whose files are as they were written. Raises ValueError or OSError."""
    for name, expected in manifest.files.items():
        if file_digest(folder / name) != expected:
            raise ValueError(f"{name} is damaged")


def file_digest(path: Path) -> str:
    """Return the sha256 of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(told: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
