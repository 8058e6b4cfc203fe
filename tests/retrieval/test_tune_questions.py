from collections import Counter

import pytest

from retrieval.tune_questions import (
    cloze,
    question_words,
    questions_of,
    without_rare_words,
    words_held,
)


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("本办法自2019年3月1日起施行。", "本办法自什么时候起施行？"),
        ("读者借阅期限为三十日。", "读者借阅期限为多少日？"),
        ("专项资金由市财政局负责拨付。", "专项资金由谁负责拨付？"),
        ("该馆位于青禾县东街，", "该馆位于哪里，？"),
        ("出版物是指图书、报纸和期刊。", "出版物是指什么？"),
        ("The bridge was opened in 1932.", "The bridge was opened when?"),
        ("The crossing takes 40 minutes.", "The crossing takes how many minutes?"),
        ("It was painted by Diego Rivera.", "It was painted by whom?"),
        ("A permit is required for every vehicle.", "A permit is what?"),
    ],
)
def test_cloze_asks_for_the_fact(sentence: str, question: str) -> None:
    assert cloze(sentence) == question


@pytest.mark.parametrize("sentence", ["今天天气不错。", "第三条总则。", "Well, hello there"])
def test_cloze_without_a_fact_is_none(sentence: str) -> None:
    assert cloze(sentence) is None


def test_questions_of_a_text_are_those_of_its_sentences() -> None:
    text = "为了规范借阅，制定本办法。\n读者每次的借阅期限为三十日。短句。"
    assert questions_of(text) == ["读者每次的借阅期限为多少日？"]


def test_without_rare_words_leaves_the_common_ones_in_their_order() -> None:
    holding = Counter({"the": 90, "takes": 50, "how": 40, "many": 40, "minutes": 30, "crossing": 9})
    question = "The Zeeland crossing takes how many minutes?"
    assert without_rare_words(question, holding) == "The takes how many minutes?"


def test_without_rare_words_too_short_a_question_is_none() -> None:
    assert without_rare_words("Zeeland ferries when?", Counter()) is None


def test_words_held_counts_texts_and_not_times() -> None:
    assert words_held(["Ferry ferry leaves", "the ferry"])["ferry"] == 2


def test_question_words_parts_chinese_by_words() -> None:
    assert question_words("借阅期限，is 3 days") == ["借阅", "期限", "is", "3", "days"]
