from ingestion.keyphrases import keyphrases, term_scores
from ingestion.words import Word, content_words


def phrases(text: str, limit: int = 5) -> list[str]:
    words = content_words(text)
    return [text[a:b] for a, b in keyphrases(text, words, term_scores(words), limit=limit)]


def test_keyphrases_of_chinese_join_words_that_recur_together() -> None:
    text = "食品浪费是指浪费食物。防止食品浪费，减少食品浪费。"

    assert phrases(text)[0] == "食品浪费"


def test_keyphrases_of_english_join_words_across_a_space_only() -> None:
    text = "The insurance reserve, liability estimates: an insurance reserve grows."

    found = phrases(text)

    assert found[0] == "insurance reserve"
    assert not any("," in phrase for phrase in found)


def test_keyphrases_of_english_do_not_join_across_a_slash() -> None:
    assert "reserve/liability" not in phrases("reserve/liability and reserve/liability")


def test_keyphrases_do_not_repeat_each_other() -> None:
    found = phrases("民事诉讼监督案件。民事诉讼监督。民事诉讼。", limit=8)

    assert len(found) == len(set(found))
    assert sum("民事诉讼" in phrase for phrase in found) == 1


def test_keyphrases_seen_once_neither_begin_nor_end_with_a_verb() -> None:
    words = [Word("甲甲", 0, 2, 0.5, weak=True), Word("乙乙", 2, 4, 1.0, weak=False)]

    assert keyphrases("甲甲乙乙", words, term_scores(words), limit=3) == [(2, 4), (0, 2)]


def test_keyphrases_stand_at_their_first_occurrence() -> None:
    text = "审判程序。说明。审判程序。"
    words = content_words(text)

    assert keyphrases(text, words, term_scores(words), limit=1) == [(0, 4)]


def test_keyphrases_are_at_most_the_limit() -> None:
    assert len(phrases("苹果、香蕉、葡萄、西瓜、樱桃、菠萝", limit=3)) == 3
    assert phrases("", limit=3) == []


def test_term_scores_count_times_the_heaviest_weight() -> None:
    words = [Word("a", 0, 1, 0.25, weak=True), Word("a", 2, 3, 0.5, weak=False)]

    assert term_scores(words) == {"a": 1.0}
