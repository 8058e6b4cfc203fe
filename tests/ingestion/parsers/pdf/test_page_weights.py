import pytest

from ingestion.errors import DocumentTooLarge
from ingestion.parsers.pdf import document as parser
from ingestion.parsers.pdf.document import parse_pdf
from ingestion.parsers.pdf.page_weights import PageWeights
from ingestion.parsers.pdf.weight_signs import HEAVIEST_PAGE
from tests.ingestion.parsers.pdf.heavy_samples import FORMS, HEAVY, HELLO, form, page, pdf


@pytest.mark.parametrize("name", HEAVY)
def test_weights_of_a_page_that_draws_without_end_are_over_the_limit(name):
    weights = PageWeights(HEAVY[name])
    first, second = weights.next_page(), weights.next_page()
    assert first == len(HELLO) < HEAVIEST_PAGE < second


@pytest.mark.parametrize("name", ["nested forms", "spaces"])
def test_parse_pdf_leaves_a_heavy_page_out_and_says_so(name):
    document = parse_pdf(HEAVY[name], "a.pdf")
    assert document.text == "Visible words about the marmot."
    assert document.page_count == 2
    assert document.warnings == ("Pages left out because they draw too much: 2.",)


def test_parse_pdf_of_heavy_pages_alone_is_too_large():
    heavy = HEAVY["nested forms"].replace(b"/Kids[3 0 R 4 0 R]", b"/Kids[4 0 R]")
    with pytest.raises(DocumentTooLarge, match="drawing instructions"):
        parse_pdf(heavy.replace(b"/Count 2", b"/Count 1"), "a.pdf")


def test_parse_pdf_reads_no_more_pages_than_the_limit(monkeypatch):
    monkeypatch.setattr(parser, "MOST_PAGES", 1)
    document = parse_pdf(page(HELLO), "a.pdf")
    assert document.page_count == 1
    assert document.warnings == ("Pages after 1 of 2 were left out.",)


def test_weights_of_a_form_that_draws_itself_end():
    weights = PageWeights(page(b"/X Do " * 50_000, FORMS, [form(b"/X Do", b"/X 9 0 R")]))
    assert [weights.next_page() for _ in range(3)][2] == 0


def test_weights_of_a_page_tree_in_a_circle_end():
    circle = pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]>>"])
    assert PageWeights(circle + b"/Contents[" + b"0" * 3000).next_page() == 0
