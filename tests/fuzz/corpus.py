"""Small files that parsers once got wrong, or that are known to make others hang or crash."""

from tests.fuzz.seeds import seeds
from tests.ingestion.parsers.office_samples import rewritten


def corpus() -> dict[str, bytes]:
    """Return the files by name; what each is hostile in is said by its name."""
    good = seeds()
    entity = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    outside = b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x"><x/>'
    return {
        "style-sheet-without-brackets.html": b"<style>" + b".a," * 70_000 + b"</style><p>x",
        "deep-div.html": b"<div>" * 50_000 + b"x",
        "deep-headings.html": b"<h1><div>" * 20_000 + b"x",
        "attributes.html": b"<p " + b" ".join(b"a%d=1" % n for n in range(40_000)) + b">x",
        "unclosed-tags.html": b"<p>x" + b"<a " * 50_000,
        "open-brackets.md": b"[" * 100_000,
        "emphasis.md": b"*a " * 100_000,
        "quotes.md": b">" * 50_000,
        "containers.md": b":::" * 50_000,
        "one-line.txt": b"1." * 200_000,
        "quotes.csv": b'"a' * 100_000,
        "headers.eml": b"From: a\nMIME-Version: 1.0\nSubject: "
        + b"=?utf-8?q?a?= " * 20_000
        + b"\n\nx",
        "messages.eml": b"From: a\nMIME-Version: 1.0\n"
        + b"Content-Type: message/rfc822\n\n" * 2000,
        "entity.docx": rewritten(good["letter.docx"], **{"word/document.xml": lambda _: entity}),
        "outside.docx": rewritten(good["letter.docx"], **{"word/document.xml": lambda _: outside}),
        "entity.odt": rewritten(good["text.odt"], **{"content.xml": lambda _: entity}),
        "repeats.odt": rewritten(
            good["text.odt"],
            **{"content.xml": lambda old: old.replace(b'repeated="2"', b'repeated="2000000000"')},
        ),
        "merges.xlsx": rewritten(
            good["book.xlsx"],
            **{
                "xl/worksheets/sheet1.xml": lambda old: old.replace(
                    b"</mergeCells>", b'<mergeCell ref="A1:XFD1048576"/>' * 500 + b"</mergeCells>"
                )
            },
        ),
        "cycle.pdf": good["drawn.pdf"].replace(b"/Parent", b"/Kids"),
        "pages.pdf": good["drawn.pdf"].replace(b"/Count 2", b"/Count -7"),
    }
