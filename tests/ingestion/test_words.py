from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.words import content_words, fold, is_chinese


def terms(text: str) -> list[str]:
    return [word.term for word in content_words(text)]


@given(st.text(st.sampled_from("食品安全法的在 aB9-’'.😀\n，。Ⅳé"), max_size=60))
def test_content_words_stand_where_their_offsets_say(text: str) -> None:
    words = content_words(text)

    assert [w.start for w in words] == sorted(w.start for w in words)
    assert all(before.end <= word.start for before, word in pairwise(words))
    for word in words:
        piece = text[word.start : word.end]
        assert word.term in (piece, fold(piece))
        assert 0 < word.weight <= 1


def test_content_words_of_chinese_leave_function_words_out() -> None:
    assert terms("食品的生产者应当在仓库里保存记录") == ["食品", "生产者", "仓库", "保存", "记录"]


def test_content_words_of_chinese_find_latin_words_in_it() -> None:
    assert terms("这块屏幕使用了 OLED 面板 and 2023") == ["屏幕", "oled", "面板"]


def test_content_words_of_chinese_weigh_rare_words_more() -> None:
    weights = {word.term: word.weight for word in content_words("国家保障粮食安全与生活")}

    assert weights["粮食安全"] > weights["国家"]


def test_content_words_of_chinese_mark_verbs_as_weak() -> None:
    weak = {word.term: word.weak for word in content_words("公司告知股东")}

    assert weak == {"公司": False, "告知": True, "股东": False}


def test_content_words_of_english_leave_stop_words_and_numbers_out() -> None:
    assert terms("The drivers were paid 12 dollars by Uber's subsidiary") == [
        "driver",
        "paid",
        "dollar",
        "uber",
        "subsidiary",
    ]


def test_content_words_of_nothing_are_none() -> None:
    assert content_words("") == []
    assert content_words("…… —— 12 345") == []


@pytest.mark.parametrize(
    ("word", "folded"),
    [
        ("Policies", "policy"),
        ("class", "class"),
        ("Analysis", "analysis"),
        ("status", "status"),
        ("driver’s", "driver"),
        ("gas", "gas"),
        ("Terms", "term"),
    ],
)
def test_fold_of_endings_keeps_the_stem(word: str, folded: str) -> None:
    assert fold(word) == folded


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("食品安全", True),
        ("GB/T 标准", True),
        ("the 法 of the land, and more of it", False),
        ("", False),
    ],
)
def test_is_chinese_from_a_tenth_of_han_characters(text: str, chinese: bool) -> None:
    assert is_chinese(text) is chinese
