import io
import stat
import struct
import zipfile

import pytest

from ingestion import archives
from ingestion.archives import ArchivedFile, archived_files
from ingestion.errors import BrokenDocument, DocumentTooLarge, EmptyDocument, IngestionError
from tests.ingestion.zip_samples import raw_zip, zipped

MB = 1 << 20
TEXT = "试用期一个月。".encode()


def unpack(
    archive: bytes, *, file_bytes: int = MB, total_bytes: int = 8 * MB, password: str = ""
) -> list[ArchivedFile]:
    return list(
        archived_files(
            io.BytesIO(archive), file_bytes=file_bytes, total_bytes=total_bytes, password=password
        )
    )


def code(archive: bytes, password: str = "", **limits: int) -> str:
    (found,) = unpack(archive, password=password, **limits)
    assert isinstance(found.content, IngestionError)
    return found.content.code


def test_files_come_in_order_without_folders_and_hidden_ones() -> None:
    files = {
        "b.txt": b"b",
        "sub/": b"",
        "sub/a.txt": b"a",
        ".hidden": b"x",
        "sub/.DS_Store": b"x",
        ".git/config": b"x",
        "__MACOSX/b.txt": b"x",
    }
    assert unpack(zipped(files)) == [ArchivedFile("b.txt", b"b"), ArchivedFile("sub/a.txt", b"a")]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/shadow", "etc/shadow"),
        ("C:\\Users\\li\\a.txt", "Users/li/a.txt"),
        ("a/../b/./c.txt", "a/b/c.txt"),
        ("c:..\\a.txt", "a.txt"),
        ("//server/share/a.txt", "server/share/a.txt"),
    ],
)
def test_path_leads_nowhere_outside(sent: str, kept: str) -> None:
    assert [found.name for found in unpack(raw_zip(sent.encode(), b"x"))] == [kept]


@pytest.mark.parametrize(
    ("raw", "flags", "name"),
    [
        ("合同/条款.txt".encode(), 0x800, "合同/条款.txt"),
        ("合同/条款.txt".encode(), 0, "合同/条款.txt"),
        ("合同/条款.txt".encode("gbk"), 0, "合同/条款.txt"),
        ("café.txt".encode("cp437"), 0, "café.txt"),
        ("Müller übt.txt".encode("cp437"), 0, "Müller übt.txt"),
        (b"plain.txt", 0, "plain.txt"),
    ],
)
def test_name_is_read_in_the_code_page_it_was_written_in(raw: bytes, flags: int, name: str) -> None:
    assert unpack(raw_zip(raw, b"x", flags=flags)) == [ArchivedFile(name, b"x")]


def test_name_in_unicode_beside_the_old_one_wins() -> None:
    told = "合同.txt".encode()
    extra = struct.pack("<HHBL", 0x7075, 5 + len(told), 1, 0) + told
    assert unpack(raw_zip(b"????.txt", b"x", extra=extra))[0].name == "合同.txt"


def test_file_over_its_limit_is_refused_alone() -> None:
    big, small = unpack(zipped({"big": b"x" * 2000, "small": b"y"}), file_bytes=1000)
    assert isinstance(big.content, DocumentTooLarge)
    assert (big.content.size, big.content.limit) == (2000, 1000)
    assert small.content == b"y"


def test_archive_that_tells_of_too_many_bytes_is_refused_before_any_is_read() -> None:
    archive = zipped({name: bytes(MB) for name in "abc"})
    with pytest.raises(DocumentTooLarge, match="unpacked"):
        unpack(archive, total_bytes=2 * MB)


def test_archive_that_packs_more_than_any_document_is_a_bomb(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archives, "_RATIO_MATTERS", MB)
    bomb = zipped({name: bytes(MB) for name in "abc"})
    assert archives._LARGEST_RATIO * len(bomb) < 3 * MB
    with pytest.raises(DocumentTooLarge):
        unpack(bomb)


def test_overlapping_or_lying_sizes_end_at_the_bytes_that_may_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Whatever sizes were told, what was unpacked is counted.
    monkeypatch.setattr(archives, "_unpacked_limit", lambda *_: 1500)
    first, second, third = unpack(zipped(dict.fromkeys("abc", b"x" * 1000)))
    assert first.content == b"x" * 1000
    for late in (second, third):
        assert isinstance(late.content, DocumentTooLarge)


@pytest.mark.parametrize("told", [0, 10, 10_000])
def test_size_that_is_a_lie_gives_a_damaged_file_or_the_whole(told: int) -> None:
    (found,) = unpack(raw_zip(b"a.txt", TEXT * 20, told_size=told))
    if told > len(TEXT) * 20:
        assert found.content == TEXT * 20
    else:
        assert isinstance(found.content, BrokenDocument)


def test_more_files_than_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_FILES", 2)
    with pytest.raises(DocumentTooLarge, match="3 files"):
        unpack(zipped(dict.fromkeys("abc", b"x")))


@pytest.mark.parametrize("password", ["secret", "密码"])
def test_locked_file_opens_with_its_password_only(password: str) -> None:
    archive = raw_zip(b"a.txt", TEXT, password=password.encode())
    assert unpack(archive, password=password) == [ArchivedFile("a.txt", TEXT)]
    assert code(archive) == "password_required"
    assert code(archive, "wrong") == "wrong_password"


def test_password_in_gbk_opens_too() -> None:
    archive = raw_zip(b"a.txt", TEXT, password="密码".encode("gbk"))
    assert unpack(archive, password="密码") == [ArchivedFile("a.txt", TEXT)]


def test_locked_bytes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "LARGEST_LOCKED", 10)
    assert code(raw_zip(b"a.txt", TEXT, password=b"p"), "p") == "too_large"


def test_link_is_not_followed() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert code(out.getvalue()) == "unsupported_media"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_method_whose_output_has_no_bounds_is_refused(method: int) -> None:
    assert code(zipped({"a.txt": TEXT}, method)) == "unsupported_media"


def test_damaged_file_is_refused_alone() -> None:
    content = zipped({"a": b"first" * 50, "b": b"second"}, zipfile.ZIP_STORED)
    first, second = unpack(content.replace(b"firstfirst", b"firstFIRST", 1))
    assert isinstance(first.content, BrokenDocument)
    assert second.content == b"second"


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04 and nothing more", b"", zipped({"a": b"x"})[:-30]]
)
def test_what_is_no_archive_is_broken(content: bytes) -> None:
    with pytest.raises(BrokenDocument):
        unpack(content)


def test_archive_without_files_is_empty() -> None:
    with pytest.raises(EmptyDocument):
        unpack(zipped({"sub/": b"", ".hidden": b"x"}))
