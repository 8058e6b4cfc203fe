import json
from pathlib import Path

import pytest

from retrieval.manifest import (
    MANIFEST_NAME,
    IndexIdentity,
    Manifest,
    check_files,
    file_digest,
    of_json,
    read_manifest,
    to_json,
)

MANIFEST = Manifest(IndexIdentity("e5", 4, "i1"), 7, 2, 3, "c0ffee", {"data": "00"})


def test_of_json_gives_back_what_to_json_wrote(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_NAME).write_text(to_json(MANIFEST))
    assert read_manifest(tmp_path) == MANIFEST


@pytest.mark.parametrize("text", ["", "[]", "7", "{}", '{"sha256": "0"}', to_json(MANIFEST)[:-9]])
def test_of_json_damaged_raises(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        of_json(text)


@pytest.mark.parametrize("field", ["sequence", "documents", "chunks", "content"])
def test_of_json_changed_field_raises(field: str) -> None:
    told = json.loads(to_json(MANIFEST))
    told[field] = 8
    with pytest.raises(ValueError, match="damaged"):
        of_json(json.dumps(told))


def test_check_files_changed_or_missing_file_raises(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"vectors")
    good = Manifest(MANIFEST.identity, 7, 2, 3, "", {"data": file_digest(tmp_path / "data")})
    check_files(tmp_path, good)
    with pytest.raises(ValueError, match="data is damaged"):
        check_files(tmp_path, MANIFEST)
    (tmp_path / "data").unlink()
    with pytest.raises(FileNotFoundError):
        check_files(tmp_path, good)
