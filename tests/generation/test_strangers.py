import pytest

from generation.strangers import has_strange_name, has_strange_number


@pytest.mark.parametrize(
    ("question", "text", "strange"),
    [
        ("2019年的预算是多少？", "2018年的预算为三百万元。", True),
        ("2018年的预算是多少？", "二〇一八年的预算为三百万元。", False),
        ("第三届大会在哪里召开？", "第3届大会在北京召开。", False),
        ("第三届大会在哪里召开？", "第四届大会在北京召开。", True),
        ("预算是多少？", "2018年的预算。", False),
        ("How many seats had it in 1931?", "It had 40 seats in 1930.", True),
        ("How many seats had it in 1930?", "It had 40 seats in 1930.", False),
        ("", "2018", False),
    ],
)
def test_strange_number_stands_nowhere_in_the_text(question: str, text: str, strange: bool) -> None:
    assert has_strange_number(question, text) is strange


@pytest.mark.parametrize(
    ("question", "text", "strange"),
    [
        ("北京图书馆由谁设计？", "上海图书馆由陈先生设计。", True),
        ("上海图书馆由谁设计？", "上海圖書館由陳先生設計。", False),
        ("图书馆由谁设计？", "上海图书馆由陈先生设计。", False),
        ("Who built the Harbour Tower?", "The Northern Tower was built in 1931.", True),
        ("Who built the Harbour Tower's door?", "The HARBOUR TOWER was built in 1931.", False),
        ("Who built the tower?", "The Northern Tower was built in 1931.", False),
        ("Who built the Harbour Tower?", "港口塔建于1931年。", False),
        ("港口塔由谁建造？", "The Northern Tower was built in 1931.", False),
        ("", "", False),
    ],
)
def test_strange_name_stands_nowhere_in_the_text(question: str, text: str, strange: bool) -> None:
    assert has_strange_name(question, text) is strange
