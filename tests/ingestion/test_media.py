import io
import zipfile

import pytest

from ingestion import media
from ingestion.encodings import decode, decode_as
from ingestion.media import sniff

STATUTE = (
    "第一条 为了防止食品浪费，保障国家粮食安全，根据宪法，制定本法。\n"
    "第二条 本法所称食品，是指供人食用或者饮用的食物，县级以上地方人民政府应当加强监督管理。\n"
) * 3
TRADITIONAL = (
    "這個問題對於我們來說，還是要從語言的歷史開始說起；學者發現，"
    "兩種語言的關係與發展，都不是巧合。\n"
)
JAPANESE = "これは日本語の文章です。カタカナとひらがなが混ざっています。"


def zipped(*names, **contents):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
        for name, content in contents.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "encoding",
    [
        "utf-8",
        "utf-8-sig",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "utf-32-le",
        "utf-32-be",
        "gbk",
        "gb18030",
    ],
)
@pytest.mark.parametrize("text", [STATUTE, "Tax 税率：3%。\n"])
def test_decode_chinese_in_any_encoding_comes_out_right(encoding, text):
    assert decode(text.encode(encoding)) == (text, ())


def test_decode_four_byte_gb18030_comes_out_right():
    text = STATUTE + "𠮷野家㐀"
    assert decode(text.encode("gb18030"))[0] == text


def test_decode_traditional_chinese_in_big5_comes_out_right():
    assert decode(TRADITIONAL.encode("big5")) == (TRADITIONAL, ())


def test_decode_japanese_in_shift_jis_comes_out_right():
    assert decode(JAPANESE.encode("cp932")) == (JAPANESE, ())


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16-le", "utf-32-le"])
def test_decode_western_text_comes_out_right(encoding):
    text = "Die Straße führt über die Brücke — “schön”, n’est-ce pas? Café, naïve.\n"
    assert decode(text.encode(encoding)) == (text, ())


def test_decode_gbk_with_a_stray_byte_loses_only_that_place():
    content = STATUTE.encode("gbk")
    at = content.index("保障".encode("gbk"))
    text, warnings = decode(content[:at] + b"\xff" + content[at:])
    assert text.replace("\ufffd", "") == STATUTE
    assert warnings == ("1 places could not be decoded as gb18030.",)


def test_decode_gbk_with_an_overwritten_byte_loses_only_that_character():
    content = STATUTE.encode("gbk")
    at = content.index("保障".encode("gbk"))
    text, _ = decode(content[:at] + b"\xff" + content[at + 1 :])
    assert text == STATUTE.replace("保", "\ufffd", 1)


def test_decode_utf8_with_a_damaged_byte_stays_utf8_and_warns():
    content = STATUTE.encode()
    text, warnings = decode(content[:300] + b"\xff" + content[300:])
    assert "国家粮食安全" in text
    assert len(warnings) == 1


def test_decode_utf16_cut_within_a_character_loses_only_that():
    text, _ = decode(STATUTE.encode("utf-16")[:-1])
    assert text == STATUTE[:-1]


@pytest.mark.parametrize(
    ("encoding", "label"),
    [
        ("gbk", " GB2312 "),
        ("cp949", "euc-kr"),
        ("iso-2022-jp", "iso-2022-jp"),
        ("utf-8", "us-ascii"),
        ("utf-8", "no-such-charset"),
        ("utf-8", "base64"),
        ("utf-8", "unicode_escape"),
        ("utf-8", "\x00"),
        ("utf-8-sig", "utf-8"),
    ],
)
def test_decode_as_declared_is_believed_where_the_bytes_obey(encoding, label):
    text = "朱镕基" if encoding == "gbk" else "똠방각하" if encoding == "cp949" else "日本語の文章"
    assert decode_as(text.encode(encoding), label) == (text, ())


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
        (b"Bcc:\nX-Mailer2: a\nReceived:\n from b\n\nhello", "a.txt", media.EMAIL),
        (b"Subject: x\n\nhello", "a.eml", media.EMAIL),
    ],
)
def test_sniff_bytes_decide_and_names_only_among_text(content, name, expected):
    assert sniff(content, name) == expected


@pytest.mark.parametrize("encoding", ["gbk", "utf-16-le", "utf-32", "utf-16-be"])
def test_sniff_chinese_text_in_any_encoding_is_text(encoding):
    assert sniff(STATUTE.encode(encoding), "a") == media.TEXT
