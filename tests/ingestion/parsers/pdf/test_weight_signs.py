import pytest

from ingestion.parsers.pdf.weight_signs import HEAVIEST_PAGE, inflated, may_be_heavy
from tests.ingestion.parsers.pdf.heavy_samples import FORMS, HEAVY, HELLO, form, page, stream
from tests.ingestion.parsers.pdf_samples import Sheet


@pytest.mark.parametrize("name", HEAVY)
def test_signs_of_a_page_that_draws_without_end_are_seen(name):
    assert may_be_heavy(HEAVY[name])


def test_signs_of_what_people_make_need_no_weighing():
    sheet = Sheet()
    sheet.lines(50, 700, ["A line of a page"] * 40)
    assert not may_be_heavy(sheet.content())
    assert not may_be_heavy(page(b"/X Do " * 5, FORMS, [form(HELLO * 50)]))


def test_signs_of_forms_that_draw_each_other_once_need_no_weighing():
    forms = [form(b"/X Do", b"/X %d 0 R" % number) for number in range(10, 40)]
    assert not may_be_heavy(page(b"/X Do", FORMS, [*forms, form(HELLO)]))


def test_signs_of_a_large_picture_or_font_need_no_weighing():
    for kind in (b"/Subtype/Image", b"/Length1 9"):
        assert not may_be_heavy(page(HELLO, more=[stream(b" " * (20 << 20), kind)]))


def test_signs_in_a_locked_file_are_its_forms_and_large_streams():
    plain = page(HELLO).replace(b"trailer<<", b"trailer<</Encrypt 9 0 R")
    assert not may_be_heavy(plain)
    assert may_be_heavy(plain.replace(b"/Type/Page/", b"/Type/Form "))
    assert may_be_heavy(plain + b"<</Filter/FlateDecode>>stream\n" + b"?" * 99_999 + b"endstream")


def test_inflated_is_cut_at_the_limit_and_where_it_is_damaged():
    packed = stream(b" " * (20 << 20)).split(b"stream\n")[1].removesuffix(b"\nend")
    assert len(inflated(packed)) == HEAVIEST_PAGE + 1
    assert 0 < len(inflated(packed[:9000] + b"damaged" * 9999)) < HEAVIEST_PAGE + 1
