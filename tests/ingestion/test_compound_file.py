import struct

from ingestion.compound_file import CompoundFile
from tests.ingestion.compound_samples import compound_file


def test_streams_of_the_top_level_are_named_and_their_heads_read():
    found = CompoundFile(compound_file(WordDocument=b"first", Other=b"second"))
    streams = found.streams()
    assert {name: stream.size for name, stream in streams.items()} == {
        "WordDocument": 4096,
        "Other": 4096,
    }
    assert found.head(streams["Other"]).startswith(b"second")


def test_small_stream_is_read_from_where_small_ones_lie_together():
    content = bytearray(compound_file(Small=b"x", Holder=b"." * 64 + b"inside"))
    directory = 512 + 16 * 512
    struct.pack_into("<I", content, directory + 116, 8)
    struct.pack_into("<II", content, directory + 128 + 116, 1, 6)
    found = CompoundFile(bytes(content))
    assert found.head(found.streams()["Small"]) == b"inside"


def test_directory_that_leads_in_circles_ends():
    content = bytearray(compound_file(A=b"", B=b""))
    directory = 512 + 16 * 512
    struct.pack_into("<I", content, directory + 2 * 128 + 72, 1)
    struct.pack_into("<I", content, len(content) - 512 + 16 * 4, 16)
    assert set(CompoundFile(bytes(content)).streams()) == {"A", "B"}


def test_damaged_file_has_no_streams():
    for content in (b"", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff" * 2000):
        assert set(CompoundFile(content).streams()) <= {""}
