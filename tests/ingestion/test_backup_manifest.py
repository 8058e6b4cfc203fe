import json
from typing import Any

import pytest

from ingestion.backup_manifest import DATABASE, Manifest, Member, parse_manifest

SHA = "a" * 64
MANIFEST = Manifest(1, "2026-01-01T00:00:00+00:00", (Member(DATABASE, 3, SHA),))


def told(**changed: Any) -> bytes:
    return json.dumps(MANIFEST.to_json() | changed).encode()


def member(**changed: Any) -> dict[str, Any]:
    return {"name": f"sources/{SHA}", "size": 1, "sha256": SHA} | changed


def test_manifest_reads_back_as_written() -> None:
    assert parse_manifest(told()) == MANIFEST


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        told(format="zip"),
        told(version=2),
        told(members=[]),
        told(members=None),
        told(schema_version="one"),
    ],
)
def test_manifest_of_something_else_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (any message will do)
        parse_manifest(content)


@pytest.mark.parametrize(
    "entry",
    [
        member(name="../evil"),
        member(name="/etc/passwd"),
        member(name=f"sources/../{SHA}"),
        member(name=f"sources\\{SHA}"),
        member(name=f"sources/{SHA}\n"),
        member(name=f"sources/{'b' * 64}"),
        member(size=-1),
        member(sha256="short"),
        member(name=DATABASE),
        {},
    ],
)
def test_manifest_with_a_member_that_no_backup_has_is_refused(entry: dict[str, Any]) -> None:
    members = [*MANIFEST.to_json()["members"], entry]
    with pytest.raises(ValueError):  # noqa: PT011 (any message will do)
        parse_manifest(told(members=members))
