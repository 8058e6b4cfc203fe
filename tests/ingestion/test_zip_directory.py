import io
import struct
import zipfile

import pytest

from ingestion.zip_directory import LARGEST_DIRECTORY, open_zip
from tests.ingestion.zip_samples import zipped


def test_ordinary_archive_opens_and_is_read_in_pieces() -> None:
    content = b"x" * (2 * LARGEST_DIRECTORY)
    with open_zip(io.BytesIO(zipped({"a": content}, zipfile.ZIP_STORED))) as archive:
        assert archive.namelist() == ["a"]
        with archive.open("a") as member:
            assert b"".join(iter(lambda: member.read(1 << 16), b"")) == content


def test_directory_over_the_limit_is_refused_before_it_is_read() -> None:
    size = LARGEST_DIRECTORY + 1
    archive = b"PK\x03\x04" + bytes(size) + b"PK\x05\x06"
    archive += struct.pack("<HHHHLLH", 0, 0, 9, 9, size, 4, 0)
    with pytest.raises(zipfile.BadZipFile, match="directory"):
        open_zip(io.BytesIO(archive))


def test_archive_of_too_many_entries_is_refused_by_its_own_count() -> None:
    end = b"PK\x05\x06" + bytes(4) + (60_000).to_bytes(2, "little") * 2 + bytes(10)
    with pytest.raises(zipfile.BadZipFile, match="60000 entries"):
        open_zip(io.BytesIO(b"PK\x03\x04" + bytes(40) + end))
