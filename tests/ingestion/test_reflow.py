from ingestion.reflow import display_width, join_lines


def test_join_lines_chinese_gets_no_space_and_english_one():
    assert join_lines(["第一条 为了防止", "食品浪费"]) == "第一条 为了防止食品浪费"
    assert join_lines(["to prevent", " waste "]) == "to prevent waste"


def test_join_lines_chinese_beside_english_gets_a_space():
    assert join_lines(["使用", "Python"]) == "使用 Python"
    assert join_lines(["使用 Python，", "然后"]) == "使用 Python，然后"


def test_display_width_chinese_counts_twice():
    assert display_width("ab中，") == 6
