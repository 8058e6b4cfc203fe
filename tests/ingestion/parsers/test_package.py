import io
import struct
import zipfile

import pytest

from ingestion import media
from ingestion.errors import BrokenDocument, DocumentTooLarge, PasswordRequired
from ingestion.parsers import package as package_module
from ingestion.parsers.package import Package

LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;">]>
<a>&c;</a>"""
FILE = b"""<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>"""


def zipped(parts, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def opened(**parts):
    return Package(zipped(parts), media.ODT)


def test_package_xml_comes_as_a_tree_with_namespaces():
    root = opened(a=b'<r xmlns="urn:x" xmlns:y="urn:y" y:k="v">t<y:c/>u</r>').xml("a")
    assert (root.tag, root.get("{urn:y}k"), root.text) == ("{urn:x}r", "v", "t")
    assert [(child.tag, child.tail) for child in root] == [("{urn:y}c", "u")]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (LAUGHS, "document type"),
        (FILE, "document type"),
        (b"<a>" * 10_000 + b"</a>" * 10_000, "deeper than"),
        (b"<a><b></a>", "is not XML"),
        (b"", "is not XML"),
        (b"<?xml version='1.0' encoding='gb2312'?><a/>", "is not XML"),
        (b"<?xml version='1.0' encoding='nonsense'?><a/>", "is not XML"),
        (b"<a>&undeclared;</a>", "is not XML"),
    ],
)
def test_package_hostile_xml_raises_broken_document(content, problem):
    with pytest.raises(BrokenDocument, match=problem):
        opened(a=content).xml("a")


def test_package_xml_naming_an_outside_document_type_reads_nothing_there():
    content = b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a>&x;b</a>'
    assert opened(a=content).xml("a").text == "b"


def test_package_xml_of_too_many_elements_raises_broken_document(monkeypatch):
    monkeypatch.setattr(package_module, "MOST_ELEMENTS", 10)
    with pytest.raises(BrokenDocument, match="more than 10"):
        opened(a=b"<a>" + b"<b/>" * 10 + b"</a>").xml("a")


def test_package_xml_too_large_raises_document_too_large(monkeypatch):
    monkeypatch.setattr(package_module, "LARGEST_XML", 10)
    with pytest.raises(DocumentTooLarge):
        opened(a=b"<a>long enough</a>").xml("a")


def test_package_unpacking_to_too_much_raises_document_too_large(monkeypatch):
    monkeypatch.setattr(package_module, "LARGEST_UNPACKED", 1000)
    with pytest.raises(DocumentTooLarge):
        opened(a=bytes(1001))


def test_package_compressed_beyond_reason_raises_document_too_large():
    with pytest.raises(DocumentTooLarge):
        opened(a=bytes(80 << 20))


def test_package_missing_part_raises_broken_document():
    with pytest.raises(BrokenDocument, match="lacks b"):
        opened(a=b"x").read("b")


def test_package_truncated_raises_broken_document():
    content = zipped({"a": b"x" * 1000})
    with pytest.raises(BrokenDocument, match="package is damaged"):
        Package(content[: len(content) // 2], media.ODT)


def test_package_part_with_changed_bytes_raises_broken_document():
    content = zipped({"a": b"some words"}, zipfile.ZIP_STORED).replace(b"some", b"same", 1)
    with pytest.raises(BrokenDocument, match="a is damaged"):
        Package(content, media.ODT).read("a")


def test_package_part_with_a_password_raises_password_required():
    content = bytearray(zipped({"a": b"some words"}, zipfile.ZIP_STORED))
    struct.pack_into("<H", content, content.index(b"PK\x01\x02") + 8, 1)
    with pytest.raises(PasswordRequired):
        Package(bytes(content), media.ODT).read("a")
