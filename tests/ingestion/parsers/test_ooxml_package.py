import io
import zipfile

import pytest

from ingestion import media
from ingestion.errors import BrokenDocument, DocumentTooLarge
from ingestion.parsers.ooxml_package import checked_package, scan_part


def zipped(**parts):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in parts.items():
            package.writestr(name, data)
    return buffer.getvalue()


class Seen:
    def __init__(self):
        self.events = []

    def start(self, tag, attributes):
        self.events.append((tag, dict(attributes)))

    def end(self, tag):
        self.events.append(tag)

    def text(self, data):
        self.events.append(data)


def test_checked_package_takes_well_formed_parts_and_other_files():
    checked_package(zipped(**{"a.xml": "<a/>", "b.png": b"\x89PNG"}), media.XLSX)


@pytest.mark.parametrize("part", ["a.xml", "b.rels"])
def test_checked_package_with_a_document_type_raises_broken_document(part):
    content = zipped(**{part: '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'})
    with pytest.raises(BrokenDocument, match="document type"):
        checked_package(content, media.PPTX)


def test_checked_package_compressed_beyond_reason_raises_document_too_large():
    with pytest.raises(DocumentTooLarge):
        checked_package(zipped(**{"a.bin": bytes(80 << 20)}), media.PPTX)


def test_checked_package_cut_short_raises_broken_document():
    with pytest.raises(BrokenDocument, match="damaged"):
        checked_package(zipped(**{"a.xml": "<a/>"})[:-30], media.PPTX)


@pytest.mark.parametrize("encoding", ["UTF-x", "shift_jis"])
def test_checked_package_in_an_encoding_that_is_not_read_raises_broken_document(encoding):
    content = zipped(**{"a.xml": f'<?xml version="1.0" encoding="{encoding}"?><a/>'})
    with pytest.raises(BrokenDocument, match="not XML"):
        checked_package(content, media.PPTX)


def test_scan_part_shows_elements_without_prefixes_and_text_without_comments():
    seen = Seen()
    scan_part(b'<x:a xmlns:x="u" k="v">b<!-- c -->d</x:a>', "a.xml", media.XLSX, seen)
    assert seen.events[0] == ("a", {"xmlns:x": "u", "k": "v"})
    assert "".join(seen.events[1:-1]) == "bd"
    assert seen.events[-1] == "a"


@pytest.mark.parametrize(
    "data", [b"<a>", b"<!DOCTYPE a><a/>", b"", b'<?xml version="1.0" encoding="UTF-x"?><a/>']
)
def test_scan_part_that_is_no_plain_xml_raises_broken_document(data):
    with pytest.raises(BrokenDocument):
        scan_part(data, "a.xml", media.XLSX, Seen())


@pytest.mark.parametrize(
    ("kind", "declared"),
    [
        (media.DOCX, "ms-word.document.macroEnabled"),
        (media.DOCX, "ms-word.template.macroEnabledTemplate"),
        (media.DOCX, "openxmlformats-officedocument.wordprocessingml.template"),
        (media.PPTX, "openxmlformats-officedocument.presentationml.slideshow"),
        (media.XLSX, "ms-excel.sheet.macroEnabled"),
    ],
)
def test_checked_package_with_macros_or_of_a_template_is_an_ordinary_one(kind, declared):
    types = f'<Types><Override ContentType="application/vnd.{declared}.main+xml"/></Types>'
    checked = checked_package(zipped(**{"[Content_Types].xml": types, "b.bin": b"1"}), kind)
    with zipfile.ZipFile(io.BytesIO(checked)) as package:
        assert f'"{kind}.main+xml"' in package.read("[Content_Types].xml").decode()
        assert package.read("b.bin") == b"1"


def test_checked_package_that_is_strict_has_the_names_that_the_libraries_know():
    strict = "http://purl.oclc.org/ooxml/officeDocument/relationships"
    parts = {"_rels/.rels": f'<a b="{strict}/styles"/>', "a.xml": f'<a xmlns="{strict}"/>'}
    with zipfile.ZipFile(io.BytesIO(checked_package(zipped(**parts), media.DOCX))) as package:
        known = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        assert package.read("_rels/.rels").decode() == f'<a b="{known}/styles"/>'
        assert package.read("a.xml").decode() == f'<a xmlns="{known}"/>'
