import io
import zipfile

import pytest

from ingestion import media
from ingestion.media import sniff
from tests.ingestion.compound_samples import compound_file

STATUTE = (
    "第一条 为了防止食品浪费，保障国家粮食安全，根据宪法，制定本法。\n"
    "第二条 本法所称食品，是指供人食用或者饮用的食物，县级以上地方人民政府应当加强监督管理。\n"
) * 3


def types_of(kind):
    declared = f'<Override ContentType="application/vnd.{kind}.main+xml"/>'
    return {"[Content_Types].xml": declared}


def zipped(*names, **contents):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
        for name, content in contents.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b"junk\n%PDF-1.7\n1 0 obj endobj", "a.txt", media.PDF),
        (b"A file that begins with %PDF-1.7 is a PDF.", "a.txt", media.TEXT),
        (b"{\\rtf1 hello}", "a.txt", media.RTF),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "a.doc", media.OLE),
        (b"\x89PNG\r\n\x1a\n0000", "a.txt", "image/png"),
        (bytes(range(256)) * 8, "a.txt", media.BINARY),
        (b"\n<!DOCTYPE html><p>x", "a.txt", media.HTML),
        (b"<?xml version='1.0'?><html><p>x</p></html>", "a", media.HTML),
        (b"<?xml version='1.0'?><feed/>", "a", media.TEXT),
        (b"<?xml version='1.0'?><?mso-application progid='Word.Document'?><a/>", "a", media.XML),
        (b"<p>x</p>", "a.html", media.HTML),
        (b"# x", "a.MD", media.MARKDOWN),
        (b"a,b\n1,2", "a.csv", media.CSV),
        (b"plain", "a.pdf", media.TEXT),
        (b"plain", "", media.TEXT),
        (b"MIME-Version: 1.0\nSubject: x\nFrom: y\n\nhello", "a.txt", media.EMAIL),
        (b"From: the top\nTo: the end\nIt goes.", "a.txt", media.TEXT),
        (zipped("word/document.xml"), "a.pdf", media.DOCX),
        (zipped("word/document.xml")[:60], "a", media.DOCX),
        (zipped("ppt/presentation.xml"), "a.docx", media.PPTX),
        (zipped("xl/workbook.xml"), "a", media.XLSX),
        (zipped(mimetype="application/epub+zip"), "a", media.EPUB),
        (zipped(mimetype="application/epub+zip", a="x" * 100)[:120], "a", media.EPUB),
        (b"PK\x03\x04" + zipped(mimetype="application/epub+zip")[20:], "a", media.EPUB),
        (zipped("META-INF/container.xml", "a.opf"), "a", media.EPUB),
        (zipped("word.txt"), "a.docx", media.ZIP),
        (
            zipped(
                "word/document.xml", "xl/workbook.xml", **types_of("ms-excel.sheet.macroEnabled")
            ),
            "a",
            media.XLSX,
        ),
        (zipped("x", **types_of("ms-word.template.macroEnabledTemplate")), "a.pdf", media.DOCX),
        (
            zipped("x", **types_of("openxmlformats-officedocument.presentationml.slideshow")),
            "a",
            media.PPTX,
        ),
        (zipped("xl/workbook.bin"), "a.xlsx", media.XLSB),
        (zipped(mimetype=media.ODS), "a", media.ODS),
        (zipped(mimetype=media.ODP + "-template"), "a", media.ODP),
        (zipped("OFD.xml"), "a.pdf", media.OFD),
        (zipped("inner.pdf", a="%PDF-1.7 endobj"), "a.pdf", media.ZIP),
        (compound_file(WordDocument=b""), "a.wps", media.DOC),
        (compound_file(WordDocument=bytes(11) + b"\x01"), "a.doc", media.LOCKED_OFFICE),
        (compound_file(PowerPoint_Document=b"", Workbook=b""), "a.doc", media.PPT),
        (compound_file(Workbook=b""), "a.et", media.XLS),
        (compound_file(EncryptedPackage=b""), "a.docx", media.LOCKED_OFFICE),
        (compound_file(Other=b"WordDocument"), "a.doc", media.OLE),
        (b"\0\0\0\x18ftypheic", "a.jpg", "image/heic"),
        (b"\0\0\0\x18ftypavif", "a.jpg", "image/avif"),
        (b"RIFF\0\0\0\0WEBPVP8", "a.jpg", "image/webp"),
        (b"BM\x0a\0\0\0....", "a.txt", "image/bmp"),
        (b"BMW is a maker of cars.", "a.txt", media.TEXT),
        (bytes(257) + b"ustar", "a", "application/x-tar"),
        (b'{"a": 1}', "a.json", media.TEXT),
        (b"<table><tr><td>1</td></tr></table>", "a.xls", media.HTML),
        (b"a\tb\n1\t2", "a.xls", media.CSV),
        (b"<p align='center'>x</p>", "README.md", media.MARKDOWN),
        (b"Bcc:\nX-Mailer2: a\nReceived:\n from b\n\nhello", "a.txt", media.EMAIL),
        (b"Subject: x\n\nhello", "a.eml", media.EMAIL),
    ],
)
def test_sniff_bytes_decide_and_names_only_among_text(content, name, expected):
    assert sniff(content, name) == expected


@pytest.mark.parametrize("encoding", ["gbk", "utf-16-le", "utf-32", "utf-16-be"])
def test_sniff_chinese_text_in_any_encoding_is_text(encoding):
    assert sniff(STATUTE.encode(encoding), "a") == media.TEXT
