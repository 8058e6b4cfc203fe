import unicodedata
from pathlib import Path

import pytest

from ingestion.errors import InvalidSubmission, SourceLost
from ingestion.store.uploads import (
    MAX_METADATA_ENTRIES,
    SourceFiles,
    check_upload,
    chunk_id_of,
    document_id_of,
    revision_of,
)


def test_ids_are_hexadecimal_and_depend_on_every_part() -> None:
    ids = {
        document_id_of("a", "b"),
        document_id_of("ab", ""),
        document_id_of("b", "a"),
        chunk_id_of("d", "r", 1, 23),
        chunk_id_of("d", "r", 12, 3),
        chunk_id_of("d", "s", 1, 23),
    }
    assert len(ids) == 6
    assert all(len(id_) == 32 and int(id_, 16) >= 0 for id_ in ids)
    assert revision_of(b"x") == revision_of(b"x") != revision_of(b"y")
    assert len(revision_of(b"x")) == 16


def test_name_in_any_normal_form_is_the_same_document() -> None:
    composed = unicodedata.normalize("NFC", "Résumé")
    decomposed = unicodedata.normalize("NFD", "Résumé")
    assert composed != decomposed
    assert document_id_of("c", composed) == document_id_of("c", decomposed)
    assert check_upload("c", decomposed, b"", {}).name == composed


@pytest.mark.parametrize(
    ("collection", "name", "metadata", "field"),
    [
        ("", "n", {}, "collection"),
        ("c" * 101, "n", {}, "collection"),
        ("a\0b", "n", {}, "collection"),
        ("c", "", {}, "file name"),
        ("c", "  ", {}, "file name"),
        ("c", "n" * 256, {}, "file name"),
        ("c", "line\nbreak", {}, "file name"),
        ("c", "\ud800", {}, "file name"),
        ("c", "n", {"": "v"}, "metadata key"),
        ("c", "n", {"k\0": "v"}, "metadata key"),
        ("c", "n", {"k": "\udfff"}, "metadata"),
        ("c", "n", {"k": "汉" * 6000}, "metadata"),
        ("c", "n", {str(i): "v" for i in range(MAX_METADATA_ENTRIES + 1)}, "metadata"),
    ],
)
def test_unacceptable_upload_names_the_field(
    collection: str, name: str, metadata: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidSubmission) as caught:
        check_upload(collection, name, b"", metadata)
    assert caught.value.field == field


def test_longest_names_and_joined_emoji_are_accepted() -> None:
    upload = check_upload("集" * 100, "👩‍👩‍👧" + "文" * 250, b"abc", {"键": "值\n第二行"})
    assert upload.size == 3
    assert upload.sha256.startswith(upload.revision)


def test_source_is_unseen_until_placed(tmp_path: Path) -> None:
    files = SourceFiles(tmp_path)
    upload = check_upload("c", "n", b"content", {})
    staged = files.stage(b"content")
    assert list((tmp_path / "sources").iterdir()) == []
    files.place(staged, upload.sha256)
    assert [path.name for path in (tmp_path / "sources").iterdir()] == [upload.sha256]
    assert files.read(upload.sha256) == b"content"
    files.close()
    assert list((tmp_path / "staging").iterdir()) == []


def test_source_named_by_a_path_is_none_of_the_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"kept")
    files = SourceFiles(tmp_path / "data")
    files.remove(str(outside))
    files.remove("../../outside")
    assert outside.read_bytes() == b"kept"
    with pytest.raises(SourceLost):
        files.read(str(outside))
    files.close()
