import io
import zipfile

import pytest

from ingestion.errors import BrokenDocument, DocumentTooLarge, EmptyDocument
from ingestion.parse import parse
from ingestion.parsers.epub import parse_epub
from ingestion.records import BlockKind

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OPS/book.opf"/></rootfiles></container>'
)
ENCRYPTION = (
    '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"'
    ' xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>'
    '<e:EncryptionMethod Algorithm="{algorithm}"/><e:CipherData>'
    '<e:CipherReference URI="{uri}"/></e:CipherData></e:EncryptedData></encryption>'
)


def page(body):
    return f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">{body}</html>'


def package_document(items, spine, guide="", title="行船手册"):
    """items: id → (href, more attributes); spine: of (id, more attributes)."""
    manifest = "".join(
        f'<item id="{key}" href="{href}" media-type="application/xhtml+xml" {more}/>'
        for key, (href, more) in items.items()
    )
    order = "".join(f'<itemref idref="{key}" {more}/>' for key, more in spine)
    return (
        '<package xmlns="http://www.idpf.org/2007/opf">'
        f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title>'
        f"</metadata><manifest>{manifest}</manifest><spine>{order}</spine>"
        f"<guide>{guide}</guide></package>"
    )


def book(parts, opf):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("OPS/book.opf", opf)
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def simple(body="<body><p>text</p></body>", **parts):
    opf = package_document({"a": ("a.xhtml", "")}, [("a", "")])
    return book({"OPS/a.xhtml": page(body), **parts}, opf)


def blocks_of(document):
    return [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks]


def texts_of(document):
    return [text for _, _, text in blocks_of(document)]


def test_epub_chapters_come_in_the_order_of_the_spine():
    items = {key: (f"{key}.xhtml", "") for key in "abcd"}
    opf = package_document(items, [("c", ""), ("d", 'linear="no"'), ("a", ""), ("c", "")])
    parts = {
        f"OPS/{key}.xhtml": page(f"<body><h1>{key}</h1><h2>sub</h2><p>text {key}</p></body>")
        for key in "abcd"
    }
    document = parse(book(parts, opf), "a.epub")
    assert blocks_of(document) == [
        (kind, level, text)
        for key in "cad"
        for kind, level, text in [
            (BlockKind.HEADING, 1, key),
            (BlockKind.HEADING, 2, "sub"),
            (BlockKind.PARAGRAPH, 0, f"text {key}"),
        ]
    ]
    assert (document.title, document.warnings) == ("行船手册", ())


def test_epub_contents_lists_and_pictures_are_left_out():
    items = {
        "cover": ("cover.xhtml", ""),
        "nav": ("nav.xhtml", 'properties="nav"'),
        "toc": ("toc.xhtml", ""),
        "a": ("a.xhtml", ""),
    }
    guide = '<reference type="toc" href="toc.xhtml#top"/>'
    opf = package_document(items, [(key, "") for key in items], guide)
    parts = {
        "OPS/cover.xhtml": page("<body><img src='c.jpg' alt='cover'/></body>"),
        "OPS/nav.xhtml": page("<body><h1>Contents</h1><ol><li>one</li></ol></body>"),
        "OPS/toc.xhtml": page("<body><p>Chapter 1</p></body>"),
        "OPS/a.xhtml": page("<body><p>text</p></body>"),
    }
    assert texts_of(parse_epub(book(parts, opf), "a.epub")) == ["text"]


def test_epub_elements_closed_in_their_start_tag_swallow_nothing():
    body = '<head><title/><script src="x"/></head><body><p><a id="n"/>one<br/>two</p><p/></body>'
    assert texts_of(parse_epub(simple(body), "a.epub")) == ["one\ntwo"]


def test_epub_chapter_in_another_encoding_comes_out_right():
    text = '<?xml version="1.0" encoding="gb2312"?><html><body><p>镕基、税法</p></body></html>'
    content = simple(**{"OPS/a.xhtml": text.encode("gbk")})
    assert texts_of(parse_epub(content, "a.epub")) == ["镕基、税法"]


def test_epub_names_are_decoded_and_normalised():
    opf = package_document({"a": ("../%E6%96%87/./a%20b.xhtml#x", "")}, [("a", "")])
    content = book({"文/a b.xhtml": page("<body><p>text</p></body>")}, opf)
    assert texts_of(parse_epub(content, "a.epub")) == ["text"]


@pytest.mark.parametrize(
    "href",
    [
        "../../outside.xhtml",
        "/outside.xhtml",
        "%2e%2e/%2e%2e/outside.xhtml",
        "http://127.0.0.1:9/outside.xhtml",
        "//127.0.0.1/outside.xhtml",
        "file:///etc/hostname",
        "http://[",
        "",
    ],
)
def test_epub_names_that_lead_outside_are_not_followed(href):
    opf = package_document({"a": ("a.xhtml", ""), "b": (href, "")}, [("b", ""), ("a", "")])
    parts = {
        name: page("<body><p>outside</p></body>")
        for name in ("../outside.xhtml", "/outside.xhtml", "outside.xhtml", "/etc/hostname")
    }
    parts["OPS/a.xhtml"] = page("<body><p>text</p></body>")
    assert texts_of(parse_epub(book(parts, opf), "a.epub")) == ["text"]


def test_epub_missing_chapters_are_counted_in_a_warning():
    items = {key: (f"{key}.xhtml", "") for key in "abc"}
    opf = package_document(items, [(key, "") for key in "abc"])
    document = parse_epub(book({"OPS/b.xhtml": page("<body><p>text</p></body>")}, opf), "a.epub")
    assert texts_of(document) == ["text"]
    assert document.warnings == ("2 chapters are missing, OPS/a.xhtml first.",)


def test_epub_with_encrypted_chapters_raises_broken_document_that_says_so():
    aes = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
    encryption = ENCRYPTION.format(algorithm=aes, uri="OPS/a.xhtml")
    with pytest.raises(BrokenDocument, match="encrypted"):
        parse_epub(simple(**{"META-INF/encryption.xml": encryption}), "a.epub")


@pytest.mark.parametrize(
    ("algorithm", "uri"),
    [
        ("http://www.idpf.org/2008/embedding", "OPS/font.otf"),
        ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "OPS/picture.jpg"),
    ],
)
def test_epub_with_encrypted_fonts_or_pictures_is_read(algorithm, uri):
    encryption = ENCRYPTION.format(algorithm=algorithm, uri=uri)
    content = simple(**{"META-INF/encryption.xml": encryption})
    assert texts_of(parse_epub(content, "a.epub")) == ["text"]


def test_epub_entities_of_a_chapter_are_not_expanded():
    chapter = (
        '<!DOCTYPE html [<!ENTITY a "haha"><!ENTITY b SYSTEM "file:///etc/hostname">]>'
        + page("<body><p>x &a; &b; y</p></body>")
    )
    document = parse_epub(simple(**{"OPS/a.xhtml": chapter}), "a.epub")
    assert "x &a; &b; y" in texts_of(document)


def test_epub_deeply_nested_chapter_is_read():
    body = "<body>" + "<div>" * 10_000 + "deep" + "</div>" * 10_000 + "</body>"
    assert texts_of(parse_epub(simple(body), "a.epub")) == ["deep"]


def test_epub_unpacking_to_too_much_raises_document_too_large():
    with pytest.raises(DocumentTooLarge):
        parse_epub(simple(**{"OPS/big.jpg": bytes(80 << 20)}), "a.epub")


@pytest.mark.parametrize("part", ["META-INF/container.xml", "OPS/book.opf"])
@pytest.mark.parametrize("content", [b"<broken", b"<a/>", b'<!DOCTYPE a [<!ENTITY b "c">]><a/>'])
def test_epub_damaged_raises_broken_document(part, content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(simple())) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
    with pytest.raises(BrokenDocument):
        parse_epub(buffer.getvalue(), "a.epub")


def test_epub_truncated_raises_broken_document():
    content = simple()
    with pytest.raises(BrokenDocument, match="damaged"):
        parse(content[: len(content) // 2], "a.epub")


def test_epub_without_words_raises_empty_document():
    with pytest.raises(EmptyDocument):
        parse_epub(simple("<frameset><frame/></frameset>"), "a.epub")
