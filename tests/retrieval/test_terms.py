from concurrent.futures import ThreadPoolExecutor

import pytest

from retrieval.terms import fold, terms, words


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
        ("第三十八条规定", "第38条"),
        ("税率为百分之二十五", "25%"),
        ("投资一亿二千万元", "120000000元"),
        ("保管期限为10年", "十年"),
        ("The tenants were paying their deposits", "tenant pays deposit"),
    ],
)
def test_terms_query_form_is_found_in_indexed_form(indexed: str, asked: str) -> None:
    assert set(terms(asked)) <= set(terms(indexed))


def test_terms_wrong_character_leaves_the_others_to_be_found() -> None:
    shared = set(terms("用人单位支付补尝")) & set(terms("用人单位应当支付经济补偿"))
    assert {"支付", "用人", "单位", "补"} <= shared


def test_terms_chinese_are_characters_and_pairs() -> None:
    assert terms("试用期") == ["试", "用", "期", "试用", "用期"]


def test_words_are_a_dictionarys_in_search_mode() -> None:
    assert {"消费者", "权益"} <= set(words("消费者权益保护法"))
    assert words("GB/T-2023") == ["gb/t-2023", "gb", "t", "2023"]


def test_terms_from_several_threads_are_the_same() -> None:
    text = "Running tenants were paying deposits 第三十八条"
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(terms, [text] * 200))
    assert found == [terms(text)] * 200


def test_terms_decimal_stays_one_number() -> None:
    assert terms("4.5") == ["4.5"]


def test_terms_punctuation_and_space_only_gives_nothing() -> None:
    assert terms("，。！？ \t …—") == []


def test_terms_repeated_word_is_repeated() -> None:
    assert terms("tax and tax").count("tax") == 2


def test_fold_traditional_full_width_upper_case_becomes_one_form() -> None:
    assert fold("臺灣ＡＢＣ") == "台湾abc"
