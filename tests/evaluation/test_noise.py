import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import lazy_pinyin

from evaluation.noise import spoil


@pytest.mark.parametrize("seed", range(10))
def test_homophone_changes_one_character_and_not_its_sound(seed: int) -> None:
    question = "试用期最长不得超过多久"
    found = spoil(question, "homophone", random.Random(seed))
    changed = [(a, b) for a, b in zip(question, found, strict=True) if a != b]
    assert len(changed) == 1
    assert lazy_pinyin(changed[0][0]) == lazy_pinyin(changed[0][1])


@pytest.mark.parametrize("seed", range(10))
def test_typo_spoils_one_english_word(seed: int) -> None:
    question = "When does the ferry leave?"
    found = spoil(question, "typo", random.Random(seed))
    assert abs(len(found) - len(question)) <= 1
    missing = set(question.split()) - set(found.split())
    assert len(missing) <= 1


def test_pinyin_types_all_chinese_by_its_sound() -> None:
    spoiled = spoil("WTO的女子规则，第3条", "pinyin", random.Random(1))
    assert spoiled == "WTOdenvziguize，di3tiao"
    assert spoil("When?", "pinyin", random.Random(1)) == "When?"


def test_homophone_of_an_english_question_is_a_typo() -> None:
    question = "When does the ferry leave?"
    assert any(spoil(question, "homophone", random.Random(n)) != question for n in range(5))


@given(st.text(max_size=40), st.sampled_from(["homophone", "typo", "pinyin"]), st.integers(0, 99))
def test_spoil_takes_any_text_and_is_repeatable(text: str, noise, seed: int) -> None:
    once, again = (spoil(text, noise, random.Random(seed)) for _ in range(2))
    assert once == again
    assert noise == "pinyin" or abs(len(once) - len(text)) <= 1
