from hypothesis import given
from hypothesis import strategies as st

from generation.folding import fold, folded


def test_fold_full_width_and_case_equals_half_width() -> None:
    assert folded("ＡＢＣ　１２３，你好！") == folded("abc 123 你好") == "abc123你好"


def test_fold_decimal_point_keeps_numbers_apart() -> None:
    assert folded("3.5") != folded("35")
    assert folded("1,000") == folded("1000")


def test_fold_minus_before_number_stays_and_hyphen_in_word_goes() -> None:
    assert folded("-5°") == "-5°"
    assert folded("COVID-19") == "covid19"


def test_fold_percent_sign_stays() -> None:
    assert folded("3%") != folded("3")


@given(st.text())
def test_fold_any_text_offsets_point_into_it_in_order(text: str) -> None:
    result = fold(text)
    assert len(result.text) == len(result.offsets)
    assert list(result.offsets) == sorted(result.offsets)
    assert all(0 <= offset < len(text) for offset in result.offsets)
    assert result.text == folded(text)
