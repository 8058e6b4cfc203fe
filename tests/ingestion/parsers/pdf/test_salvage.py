import zlib

import pypdfium2
import pytest

from ingestion.errors import BrokenDocument
from ingestion.parsers.pdf.document import parse_pdf
from ingestion.parsers.pdf.salvage import salvaged
from tests.ingestion.parsers.pdf_samples import Sheet


def six_pages():
    sheet = Sheet()
    for page in range(1, 7):
        sheet.line(72, 700, f"Page {page} of the register.")
        sheet.next_page()
    return sheet.content()


def test_pdf_that_was_cut_off_gives_the_pages_that_are_whole_and_a_warning():
    content = six_pages()
    cut = content[: content.index(b"xref\n0 ") - 400]
    document = parse_pdf(cut, "a.pdf")
    assert document.text.startswith("Page 1 of the register.\n\nPage 2 of the register.")
    assert document.warnings[0].startswith("The file is damaged.")


def test_pdf_without_any_whole_page_is_broken():
    content = six_pages()
    assert salvaged(content[:200]) is None
    with pytest.raises(BrokenDocument):
        parse_pdf(content[:200], "a.pdf")


def test_salvage_unpacks_streams_of_objects_and_leaves_encrypted_files():
    page = b"<</Type /Page /Parent 7 0 R /MediaBox [0 0 200 200]>>"
    head = b"3 0 "
    packed = zlib.compress(head + page)
    stream = b"<</Type /ObjStm /N 1 /First %d /Length %d>>stream\n%b\nendstream" % (
        len(head),
        len(packed),
        packed,
    )
    content = b"%PDF-1.7\n5 0 obj" + stream + b"\nendobj\n"
    whole = salvaged(content)
    assert whole is not None
    document = pypdfium2.PdfDocument(whole)
    assert (len(document), document[0].get_size()) == (1, (200.0, 200.0))
    document.close()
    assert salvaged(content + b"/Encrypt 9 0 R") is None


def test_salvage_of_a_damaged_stream_of_objects_ends():
    content = b"%PDF-1.7\n5 0 obj<</Type /ObjStm /N 9 /First 9>>stream\nnothing\nendstream endobj"
    assert salvaged(content) is None
