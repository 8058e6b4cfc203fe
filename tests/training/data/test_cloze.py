import random

import pytest

from training.data.cloze import cloze_question

SENTENCE = "上半年全国新增光伏装机规模7842万千瓦的项目共有36个，同比有所增长。"


@pytest.mark.parametrize("seed", range(12))
def test_cloze_question_asks_for_what_it_leaves_out(seed: int) -> None:
    made = cloze_question("短句。" + SENTENCE, random.Random(seed))
    assert made is not None
    question, at = made
    assert at == 3
    assert question.endswith("？")
    assert "多少" in question
    assert not ("7842" in question and "36" in question)


@pytest.mark.parametrize(
    "text", ["", "短句。", "今天的天气很好而且没有什么可以问的东西。", "1" * 300]
)
def test_cloze_question_of_a_text_without_facts_is_none(text: str) -> None:
    assert cloze_question(text, random.Random(1)) is None


def test_cloze_question_of_one_seed_is_the_same() -> None:
    text = SENTENCE * 5
    assert cloze_question(text, random.Random(3)) == cloze_question(text, random.Random(3))
