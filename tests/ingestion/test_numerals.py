import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.numerals import arabic, canonical


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("四万五千", "45000"),
        ("4.5万", "45000"),
        ("45,000", "45000"),
        ("４５，０００", "45000"),
        ("3亿5000万", "350000000"),
        ("101.6万亿", "101600000000000"),
        ("壹佰贰拾叁万", "1230000"),
        ("一百零五", "105"),
        ("一万五", "15000"),
        ("一千零五十", "1050"),
        ("十二", "12"),
        ("二〇二〇年", "2020年"),
        ("三点一四", "3.14"),
        ("百分之三十五", "35%"),
        ("万分之五", "5‱"),
        ("三分之二", "2/3"),
        ("第三条", "第3条"),
        ("三个月", "3个月"),
        ("一年", "1年"),
        ("two hundred and fifty-one", "251"),
        ("4.5 million", "4500000"),
        ("forty-five thousand", "45000"),
        ("one year", "1 year"),
    ],
)
def test_arabic_of_a_number_is_plain_digits(text: str, expected: str) -> None:
    assert arabic(text, lenient=False) == expected


@pytest.mark.parametrize(
    "text", ["一个城市", "万一", "千万不要", "十分重要", "统一", "no one", "数十万人", "三四十人"]
)
def test_arabic_of_words_with_numerals_leaves_them(text: str) -> None:
    assert arabic(text, lenient=False) == text


def test_arabic_lenient_takes_single_numerals() -> None:
    assert arabic("三大支柱之一", lenient=True) == "3大支柱之1"


def test_arabic_full_width_comma_between_clauses_joins_nothing() -> None:
    assert arabic("截至2025，300人", lenient=False) == "截至2025, 300人"


@pytest.mark.parametrize(("number", "expected"), [("007", "7"), ("4.50", "4.5"), ("100", "100")])
def test_canonical_of_equal_numbers_is_one_spelling(number: str, expected: str) -> None:
    assert canonical(number) == expected


@given(st.integers(0, 10**15))
def test_arabic_with_separators_equals_plain(number: int) -> None:
    assert arabic(f"{number:,}", lenient=False) == str(number)


@given(st.text(alphabet="零一二三十百千万亿点分之第年3.5,，%-/ one hundred"), st.booleans())
def test_arabic_of_any_text_never_raises(text: str, lenient: bool) -> None:
    assert isinstance(arabic(text, lenient=lenient), str)
