import pytest

from ingestion.entities import entities


def found(text: str, limit: int = 20) -> list[str]:
    return [text[start:end] for start, end in entities(text, limit=limit)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("依照《中华人民共和国刑法》处罚", ["《中华人民共和国刑法》"]),
        ("依照本法第一百三十三条之一第二款的规定", ["第一百三十三条之一第二款"]),
        ("罚款五千元以上二十万元以下", ["五千元", "二十万元"]),
        ("募集资金1,234.5万元，增长12.3%", ["1,234.5万元", "12.3%"]),
        ("约合 1168 元人民币", ["1168 元"]),
        ("不低于百分之三十五", ["百分之三十五"]),
        ("自2021年4月29日起施行", ["2021年4月29日"]),
        ("据悉，8 月 16 日发布", ["8 月 16 日"]),
        ("二〇二一年十月一日", ["二〇二一年十月一日"]),
        ("修订于 2023-07-21。", ["2023-07-21"]),
        ("国发〔2021〕5号文件", ["国发〔2021〕5号"]),
        ("来信请寄 help@example.org，或见 https://example.org/a?b=1。", [
            "help@example.org", "https://example.org/a?b=1",
        ]),
        ("采用OLED屏幕与骁龙8GB内存", ["OLED", "8GB"]),
        ("符合GB/T 19001-2016的要求", ["GB/T 19001-2016"]),
        ("revenue of $11.1 billion in March 2021", ["$11.1 billion", "March 2021"]),
        ("on February 3, 2020 it grew 12 percent", ["February 3, 2020", "12 percent"]),
        ("And The Bank of Ely grew", ["Bank of Ely"]),
        ("In Visual Studio Code it works", ["Visual Studio Code"]),
        ("filed with the Bank of England and the SEC", ["Bank of England", "SEC"]),
    ],
)  # fmt: skip
def test_entities_of_a_form_are_found_whole(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text", ["The company grew.", "In March it grew.", "没有实体的一句话。", ""]
)
def test_entities_of_ordinary_words_are_none(text: str) -> None:
    assert found(text) == []


def test_entities_that_recur_are_given_once_in_order() -> None:
    assert found("第二条、第一条和第二条") == ["第二条", "第一条"]


def test_entities_are_at_most_the_limit() -> None:
    assert found("第一条、第二条、第三条", limit=2) == ["第一条", "第二条"]
