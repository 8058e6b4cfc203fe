import pytest

from retrieval.terms import fold, terms


@pytest.mark.parametrize(
    ("indexed", "asked"),
    [
        ("消费者权益保护法", "消费者"),
        ("本法所称食品安全，是指食品无毒、无害", "安全"),
        ("印歐語系的起源", "印欧语系"),
        ("ＡＢＣ公司２０２３年报", "abc 2023"),
        ("标准 GB/T-2023 的要求", "gb/t-2023"),
        ("Wi-Fi settings", "WI-FI"),
        ("因诺肯季", "诺肯"),
        ("第三十八条", "第三十八条"),
    ],
)
def test_terms_query_form_is_found_in_indexed_form(indexed: str, asked: str) -> None:
    assert set(terms(asked)) <= set(terms(indexed))


def test_terms_decimal_stays_one_number() -> None:
    assert terms("4.5") == ["4.5"]


def test_terms_punctuation_and_space_only_gives_nothing() -> None:
    assert terms("，。！？ \t …—") == []


def test_terms_repeated_word_is_repeated() -> None:
    assert terms("tax and tax").count("tax") == 2


def test_fold_traditional_full_width_upper_case_becomes_one_form() -> None:
    assert fold("臺灣ＡＢＣ") == "台湾abc"
