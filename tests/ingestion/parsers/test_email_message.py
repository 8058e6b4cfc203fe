import base64

import pytest

from ingestion.errors import BrokenDocument, EmptyDocument
from ingestion.parse import parse
from ingestion.parsers.email_message import DEEPEST, MOST_PARTS, parse_eml
from ingestion.records import BlockKind

HEADERS = b"MIME-Version: 1.0\nSubject: Pump\nFrom: Ada <a@b.example>\n"
PLAIN = b"Content-Type: text/plain; charset=utf-8\n\n"


def blocks_of(document):
    return [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks]


def read(body, headers=HEADERS):
    return parse_eml(headers + body, "a.eml")


def texts_of(body, headers=HEADERS):
    """Return the texts below the subject and the headers."""
    return [text for _, _, text in blocks_of(read(body, headers))][2:]


def multipart(kind, *parts, boundary=b"b1"):
    inside = b"".join(b"--" + boundary + b"\n" + part + b"\n" for part in parts)
    head = b'Content-Type: multipart/%s; boundary="%s"\n\npreamble\n' % (kind, boundary)
    return head + inside + b"--" + boundary + b"--\nepilogue\n"


def test_eml_subject_headers_and_text_come_in_order():
    content = (
        b"Return-Path: <x@b.example>\r\nSubject: =?utf-8?B?5rC05rO1?= =?utf-8?q?_No=2E_3?=\r\n"
        b"From: Ada\r\n <a@b.example>\r\nTo: c@d.example\r\nCc: e@f.example\r\n"
        b"Date: Fri, 23 Dec 2022 12:08:48 -0600\r\nX-Mailer: none\r\n\r\n"
        b"The pump is broken.\r\n\r\n- valve\r\n"
    )
    document = parse(content, "a.bin")
    assert document.title == "水泵 No. 3"
    assert blocks_of(document) == [
        (BlockKind.HEADING, 1, "水泵 No. 3"),
        (
            BlockKind.PARAGRAPH,
            0,
            "From: Ada <a@b.example>\nTo: c@d.example\nCc: e@f.example\nDate: Fri, 23 Dec 2022 12:08:48 -0600",
        ),
        (BlockKind.PARAGRAPH, 0, "The pump is broken."),
        (BlockKind.LIST_ITEM, 0, "- valve"),
    ]
    assert document.warnings == ()


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (b"=?gb2312?B?" + base64.b64encode("朱镕基".encode("gbk")) + b"?=", "朱镕基"),
        # A character cut in two between words.
        (b"=?utf-8?B?5rA=?=\n =?utf-8?B?tOazrw==?=", "水泯"),
        ("关于食品安全的通知".encode("gbk"), "关于食品安全的通知"),
        (b"=?x-nonsense?Q?a_b=C3=A9?= c", "a bé c"),
        (b"=?utf-8?B?!?= =?utf-8?X?a?=", "=?utf-8?X?a?="),
        (b"C:\\users =?utf-8?q?x?=", "C:\\users x"),
    ],
)
def test_eml_subject_in_any_encoding_comes_out_right(subject, expected):
    document = parse_eml(b"Subject: " + subject + b"\nFrom: a\n\ntext", "a.eml")
    assert document.title == expected


def test_eml_plain_text_is_read_before_html():
    forms = [b"Content-Type: text/html\n\n<p>page</p>", PLAIN + b"words"]
    assert texts_of(multipart(b"alternative", *forms)) == ["words"]


def test_eml_html_is_read_where_plain_text_has_no_words():
    page = b"Content-Type: text/html; charset=utf-8\n\n<h1>Valve</h1><p>open<p hidden>secret"
    document = read(multipart(b"alternative", PLAIN + b"  \n", page))
    assert blocks_of(document)[2:] == [
        (BlockKind.HEADING, 2, "Valve"),
        (BlockKind.PARAGRAPH, 0, "open"),
    ]


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("charset=gb2312", "朱镕基与税法的规定".encode("gbk")),
        ("charset=us-ascii", "朱镕基与税法的规定".encode()),
        ("charset=no-such-charset", "朱镕基与税法的规定".encode()),
        ("charset=punycode", "朱镕基与税法的规定".encode()),
        ("format=flowed", "朱镕基与税法的规定".encode()),
        (
            "charset=utf-8\nContent-Transfer-Encoding: base64",
            base64.encodebytes("朱镕基与税法的规定".encode()),
        ),
        (
            "charset=utf-8\nContent-Transfer-Encoding: quoted-printable",
            b"".join(b"=%02X" % byte for byte in "朱镕基与税法的规定".encode()),
        ),
    ],
)
def test_eml_body_in_any_encoding_comes_out_right(head, body):
    assert texts_of(f"Content-Type: text/plain; {head}\n\n".encode() + body) == [
        "朱镕基与税法的规定"
    ]


def test_eml_quoted_history_stays_as_paragraphs():
    body = PLAIN + b"New words.\n\nAda wrote:\n> 1. Old words\n> and more.\n>\n>> Older words.\n"
    kinds = blocks_of(read(body))[2:]
    assert kinds == [
        (BlockKind.PARAGRAPH, 0, "New words."),
        (BlockKind.PARAGRAPH, 0, "Ada wrote:"),
        (BlockKind.PARAGRAPH, 0, "> 1. Old words"),
        (BlockKind.PARAGRAPH, 0, "> and more."),
        (BlockKind.PARAGRAPH, 0, ">> Older words."),
    ]


def test_eml_attachments_are_named_and_not_read():
    named = b"Content-Type: application/pdf; name*=utf-8''%E6%B0%B4.pdf\n\n%PDF-secret"
    text = b'Content-Type: text/plain\nContent-Disposition: attachment; filename="a.txt"\n\nsecret'
    raw = "Content-Type: image/png\nContent-Disposition: inline; filename=报告终稿.png\n\nsecret"
    unnamed = b"Content-Disposition: attachment\n\nsecret"
    signature = b"Content-Type: application/pgp-signature\n\nsecret"
    parts = [PLAIN + b"words", named, text, raw.encode("gbk"), unnamed, signature]
    document = read(multipart(b"mixed", *parts))
    assert [text for _, _, text in blocks_of(document)][2:] == ["words"]
    assert document.warnings == ("Attachments are not read: 水.pdf, a.txt, 报告终稿.png, unnamed.",)


def test_eml_attachments_in_a_form_that_is_not_read_are_named_too():
    page = b"Content-Type: text/html\n\n<p>page</p>"
    pdf = b"Content-Type: application/pdf; name=a.pdf\n\nx"
    rich = multipart(b"mixed", page, pdf, boundary=b"b2")
    document = read(multipart(b"alternative", PLAIN + b"words", rich))
    assert document.warnings == ("Attachments are not read: a.pdf.",)
    assert "page" not in document.text


@pytest.mark.parametrize("encoded", [False, True])
def test_eml_message_within_is_a_section_of_its_own(encoded):
    inner = b"Subject: Inner\nFrom: c@d.example\nContent-Type: text/html\n\n<h1>Top</h1><p>words"
    head = b"Content-Type: message/rfc822\nContent-Disposition: attachment; filename=a.eml\n"
    if encoded:
        head, inner = head + b"Content-Transfer-Encoding: base64\n", base64.encodebytes(inner)
    document = read(multipart(b"mixed", PLAIN + b"outer", head + b"\n" + inner))
    assert blocks_of(document)[2:] == [
        (BlockKind.PARAGRAPH, 0, "outer"),
        (BlockKind.HEADING, 2, "Inner"),
        (BlockKind.PARAGRAPH, 0, "From: c@d.example"),
        (BlockKind.HEADING, 3, "Top"),
        (BlockKind.PARAGRAPH, 0, "words"),
    ]
    assert document.title == "Pump"


def test_eml_digest_parts_are_messages():
    digest = multipart(b"digest", b"\nSubject: One\n\nfirst", b"\nSubject: Two\n\nsecond")
    assert texts_of(digest) == ["One", "first", "Two", "second"]


def test_eml_encrypted_message_says_that_only_headers_are_read():
    encrypted = multipart(b"encrypted", b"Content-Type: application/pgp-encrypted\n\nVersion: 1")
    for body in (encrypted, b"Content-Type: application/pkcs7-mime\n\nabc"):
        document = read(body)
        assert document.warnings == ("The message is encrypted; only its headers are read.",)


def nested(depth):
    kind = b"Content-Type: multipart/mixed; boundary="
    opened = b"".join(kind + b"b%d\n\n--b%d\n" % (level, level) for level in range(depth))
    return opened + PLAIN + b"deep"


def test_eml_parts_nested_within_bounds_are_read():
    assert texts_of(nested(DEEPEST)) == ["deep"]


@pytest.mark.parametrize("depth", [DEEPEST + 1, 5000])
def test_eml_parts_nested_too_deeply_are_left_out_with_a_warning(depth):
    document = read(nested(depth))
    assert "deep" not in document.text
    assert [warning for warning in document.warnings if "too deeply" in warning]


def test_eml_messages_nested_too_deeply_are_left_out_with_a_warning():
    document = read(b"Content-Type: message/rfc822\n\n" * 5000 + b"Subject: x\n\ndeep")
    assert "deep" not in document.text
    assert len(document.warnings) == 1


def test_eml_too_many_parts_are_left_out_with_a_warning():
    document = read(multipart(b"mixed", *[PLAIN + b"words"] * (3 * MOST_PARTS)))
    assert len(document.blocks) <= MOST_PARTS + 2
    assert len(document.warnings) == 1


def test_eml_endless_header_is_cut():
    head = b"Subject: Pump\nTo: " + b"a@b.example,\n " * 10_000
    head += b"c\nContent-Type: text/plain" + b';a="' * 20_000
    document = parse_eml(head + b"\n\nwords", "a.eml")
    assert document.text.endswith("words")
    assert len(document.text) < 5000


def test_eml_headers_without_end_raise_broken_document():
    with pytest.raises(BrokenDocument, match="headers"):
        parse_eml(b"A: b\n" * 1_000_000, "a.eml")


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Type: multipart/mixed",
        b"Content-Type: multipart/mixed; boundary=",
        b"Content-Type: multipart/mixed; boundary=missing",
        "Content-Type: multipart/mixed; boundary=é".encode("latin-1"),
        b"Content-Type: multipart/mixed; boundary*=unicode_escape''%5Cud800",
        b"Content-Type: ;;;=",
        b"Content-Type: text/plain; charset=\x00",
        b"Content-Transfer-Encoding: x-uuencode",
        b"Content-Transfer-Encoding: base64",
        b"no header at all",
        b"Sub\xe9ct: x",
        b"Subject: a\rSub\xe9ct",
    ],
)
def test_eml_malformed_headers_keep_the_text(head):
    assert "words" in read(head + b"\n\nwords;;;\n").text


@pytest.mark.parametrize(
    "value", [b"unicode_escape''%5Cud800", b"\x00''a", b"undefined''a", b"punycode''%FF"]
)
def test_eml_malformed_file_name_is_still_an_attachment(value):
    part = b"Content-Disposition: attachment; filename*=" + value + b"\n\nsecret"
    document = read(multipart(b"mixed", PLAIN + b"words", part))
    assert "secret" not in document.text
    assert document.warnings[0].startswith("Attachments are not read")


def test_eml_without_words_raises_empty_document():
    with pytest.raises(EmptyDocument):
        parse_eml(b"X-Mailer: none\n\n\n", "a.eml")
