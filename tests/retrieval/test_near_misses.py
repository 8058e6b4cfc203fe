import random

import pytest

from retrieval.near_misses import Names, altered, without_answer

ZH = [
    "北京图书馆哪一年建成？",
    "上海图书馆由谁设计？",
    "《春江》出版于哪一年？",
    "《秋水》由谁翻译？",
]
EN = ["Who built the Harbour Tower in 1931?", "When did the Northern Railway open?"]


def test_altered_exchanges_what_the_passage_speaks_of() -> None:
    names = Names(ZH, [], "zh")
    passage = "北京图书馆建成于1931年。"
    asked = altered("北京图书馆在1931年由谁设计？", passage, "", names, random.Random(1))
    assert asked is not None
    assert asked != "北京图书馆在1931年由谁设计？"
    assert "由谁设计" in asked
    assert "1931" not in asked or "北京" not in asked


def test_altered_numbers_are_of_their_kind_and_not_in_the_passage() -> None:
    names = Names([], [], "zh")
    passage = "第三届大会于1931年召开，共1930人。"
    for seed in range(30):
        asked = altered("第三届大会在哪里召开？", passage, "", names, random.Random(seed))
        assert asked is not None
        assert asked[1] in "一二四五六七八九十"
        year = altered("1931年的大会在哪里？", passage, "", names, random.Random(seed))
        assert year is not None
        assert year[:4].isdigit()
        assert year[:4] not in passage


def test_altered_english_names_keep_the_first_word_of_the_question() -> None:
    names = Names(EN, [], "en")
    passage = "The Harbour Tower was built of stone."
    asked = altered("Who built the Harbour Tower?", passage, "", names, random.Random(2))
    assert asked == "Who built the Northern Railway?"


def test_altered_never_asks_what_the_passage_beside_it_says() -> None:
    names = Names(EN, [], "en")
    passage, beside = "The Harbour Tower is of stone.", "The Northern Railway is of steel."
    assert altered("Who built the Harbour Tower?", passage, beside, names, random.Random(2)) is None


def test_altered_titles_are_exchanged() -> None:
    names = Names(["说明文有几种？", "议论文有几种？"], ["说明文", "议论文 (文体)"], "zh")
    asked = altered("说明文有几种？", "说明文\n说明文分两种。", "", names, random.Random(3))
    assert asked == "议论文有几种？"


@pytest.mark.parametrize("question", ["由谁设计？", "Who built it?", ""])
def test_altered_without_anything_to_exchange_is_none(question: str) -> None:
    names = Names(ZH, [], "zh")
    assert altered(question, "北京图书馆建成于1931年。", "", names, random.Random(1)) is None


def test_without_answer_leaves_the_other_sentences() -> None:
    rest = "馆内共有三层，每层都有阅览室，读者凭证件进入，每周一闭馆，节假日照常开放，儿童须由成年人陪同，馆内请勿喧哗。开馆时间为九点。"
    assert without_answer(f"北京图书馆建成于1931年。{rest}", ["1931年"], "zh") == rest
    kept = without_answer(f"建成于1931年。{rest}", ["九点", "1931年"], "zh")
    assert kept == rest.removesuffix("开馆时间为九点。")


def test_without_answer_needs_enough_to_be_left() -> None:
    assert without_answer("北京图书馆建成于1931年。共三层。", ["1931年"], "zh") is None
    assert (
        without_answer("a text that lacks it, and is long enough to stay. ", ["1931"], "en") is None
    )
