"""Words and citations of answers, on cases worked out by hand."""

import pytest

from evaluation import answer_metrics as am


def test_language_of_han_character_is_zh() -> None:
    assert am.language_of("GDP 是多少？") == "zh"
    assert am.language_of("What is GDP?") == "en"


def test_answer_tokens_zh_splits_han_and_keeps_latin_and_numbers_whole() -> None:
    found = am.answer_tokens("《Windows 10》于2015年，占３.5%！", "zh")
    assert found == ["windows", "10", "于", "2015", "年", "占", "3.5"]


def test_answer_tokens_zh_keeps_a_decimal_apart_from_its_digits() -> None:
    assert am.answer_tokens("3.5", "zh") != am.answer_tokens("35", "zh")


def test_answer_tokens_en_drops_articles_and_punctuation() -> None:
    assert am.answer_tokens("The U.S.,  an ally; Athens", "en") == ["us", "ally", "athens"]


@pytest.mark.parametrize(
    ("prediction", "answers", "language", "expected"),
    [
        ("1963年。", ["1963年"], "zh", 1),
        (" 1963 年", ["1964年", "1963年"], "zh", 1),
        ("是1963年", ["1963年"], "zh", 0),
        ("The Amazon jungle!", ["amazon Jungle"], "en", 1),
        ("", ["。"], "zh", 0),
    ],
)
def test_exact_match_ignores_marks_space_and_case(prediction, answers, language, expected) -> None:
    assert am.exact_match(prediction, answers, language) == expected


def test_token_f1_zh_counts_shared_characters() -> None:
    # 5 predicted tokens, 3 gold, 3 shared: 2 · 3 / 8.
    assert am.token_f1("他住在北京", ["住北京"], "zh") == pytest.approx(6 / 8)


def test_longest_run_f1_counts_only_what_stands_together() -> None:
    # The longest common run of 他住在北京 and 住北京 is 北京: 2 · 2 / 8.
    assert am.longest_run_f1("他住在北京", ["住北京"], "zh") == pytest.approx(4 / 8)


def test_token_f1_repeated_token_counts_once_per_gold_occurrence() -> None:
    assert am.token_f1("yes yes yes", ["yes no"], "en") == pytest.approx(2 / 5)


def test_token_f1_takes_the_best_gold_answer() -> None:
    assert am.token_f1("Paris", ["London", "Paris"], "en") == 1
    assert am.token_f1("", ["London"], "en") == 0


def test_answer_measures_without_gold_are_refused() -> None:
    for measure in (am.exact_match, am.token_f1, am.longest_run_f1):
        with pytest.raises(ValueError, match="no gold answers"):
            measure("x", [], "en")


TEXT = "泡泡战士是一款游戏。\n玩家的生命数耗完即算踢爆，随后复活。"


@pytest.mark.parametrize(
    ("quote", "answers", "expected"),
    [
        ("生命数耗完即算踢爆", ["踢爆"], True),  # holds it
        ("踢", ["踢爆"], True),  # part of it
        ("即算踢", ["踢爆，随后"], True),  # crosses its start
        ("泡泡战士是一款游戏。", ["踢爆"], False),
        ("即算", ["踢爆"], False),  # touches it, shares nothing
        ("耗完即算 踢 爆", ["踢爆"], True),  # white space does not count
        ("不在文中的踢", ["踢爆"], False),
        ("", ["踢爆"], False),
        ("踢爆", [], False),
    ],
)
def test_overlaps_gold_shared_characters_decide(quote, answers, expected) -> None:
    assert am.overlaps_gold(quote, TEXT, answers) is expected


def test_locatable_answer_must_stand_in_a_text_word_for_word() -> None:
    assert am.locatable(["无关", TEXT], ["踢爆"])
    assert not am.locatable([TEXT], ["被踢爆了"])
    assert not am.locatable([], ["踢爆"])
    assert not am.locatable([TEXT], [" "])
