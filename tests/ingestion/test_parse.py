import io
import sys
import zipfile

import pptx
import pytest
import xlsxwriter

from ingestion import media
from ingestion.errors import (
    BrokenDocument,
    EmptyDocument,
    MissingExtra,
    PasswordRequired,
    UnsupportedMedia,
)
from ingestion.parse import check_supported, parse


def slides():
    deck = pptx.Presentation()
    deck.slides.add_slide(deck.slide_layouts[0]).shapes.title.text = "text"
    buffer = io.BytesIO()
    deck.save(buffer)
    return buffer.getvalue()


def workbook():
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.add_worksheet().write(0, 0, "text")
    return buffer.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def zipped(**parts):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (b"Message-ID: <1>\nSubject: text\n\ntext", "a.txt", media.EMAIL),
        (b"# Title\n\ntext", "a.md", media.MARKDOWN),
        (b"<html><body><p>text</p>", "a.txt", media.HTML),
        (b"a,b\n1,2\n", "a.csv", media.CSV),
        (b"text", "a.bin", media.TEXT),
        (slides(), "a.zip", media.PPTX),
        (workbook(), "a.zip", media.XLSX),
    ],
)
def test_parse_each_kind_goes_to_its_parser(content, name, media_type):
    assert parse(content, name).media_type == media_type


@pytest.mark.parametrize("kind", [media.EPUB, media.ODT])
def test_parse_each_package_goes_to_its_parser(kind):
    with pytest.raises(BrokenDocument, match="lacks") as caught:
        parse(zipped(mimetype=kind), "a.zip")
    assert caught.value.media_type == kind


def test_parse_empty_file_raises_empty_document():
    for content in (b"", b" \r\n\t"):
        with pytest.raises(EmptyDocument):
            parse(content, "a.pdf")


def test_parse_unknown_kind_says_what_is_supported():
    with pytest.raises(UnsupportedMedia, match=r"Supported are PDF, DOCX.*DOCX or PDF") as caught:
        parse(b"{\\rtf1 hello}", "a.rtf")
    assert caught.value.media_type == media.RTF


def test_check_supported_names_the_type_and_refuses_what_parse_would():
    assert check_supported(b"a,b", "a.csv") == media.CSV
    with pytest.raises(EmptyDocument):
        check_supported(b"\n ", "a.csv")
    with pytest.raises(UnsupportedMedia):
        check_supported(b"\x7fELF", "a.csv")


def test_check_supported_without_an_extra_raises_missing_extra(monkeypatch):
    monkeypatch.setattr("ingestion.parse.find_spec", lambda _package: None)
    with pytest.raises(MissingExtra, match=r"youju\[office\]"):
        check_supported(b"PK\x03\x04word/document.xml", "a.docx")


def test_parse_office_file_with_a_password_raises_password_required():
    with pytest.raises(PasswordRequired):
        parse(OLE + "EncryptedPackage".encode("utf-16-le"), "a.docx")
    with pytest.raises(UnsupportedMedia):
        parse(OLE + b"WordDocument", "a.doc")


@pytest.mark.parametrize(
    ("package", "part", "kind"),
    [
        ("docx", b"word/document.xml", "DOCX"),
        ("pptx", b"ppt/presentation.xml", "PPTX"),
        ("python_calamine", b"xl/workbook.xml", "XLSX"),
    ],
)
def test_parse_office_file_without_its_package_raises_missing_extra(
    package, part, kind, monkeypatch
):
    for module in list(sys.modules):
        if module.startswith("ingestion.parsers."):
            monkeypatch.delitem(sys.modules, module)
        elif module.partition(".")[0] == package:
            monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"{kind} .*youju\[office\]"):
        parse(b"PK\x03\x04" + part, "a.docx")
