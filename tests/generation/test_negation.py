import pytest

from generation.negation import contradicted_predicates


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("公司可以处理个人信息。", "公司不得处理个人信息。"),
        ("公司不得处理个人信息。", "公司可以处理个人信息。"),
        (
            "处理个人信息的活动应当在三十日内完成并且向有关部门报告。",
            "不得处理个人信息的活动应当在三十日内完成并且向有关部门报告。",
        ),
        ("试用期不支付工资。", "试用期支付工资。"),
        ("没有年假。", "年假为十天。"),
        ("公司不退款。", "公司位于北京。"),
        ("It does not require a fee.", "It requires a fee."),
        (
            "The permit requires a fee of ten dollars at the counter.",
            "The permit doesn’t require a fee.",
        ),
        ("Smoking is never allowed indoors.", "Smoking indoors is common."),
    ],
)
def test_contradicted_predicates_of_opposite_statements_are_found(
    sentence: str, quote: str
) -> None:
    assert contradicted_predicates(sentence, quote)


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("处理个人信息", "公司不得处理个人信息。"),
        ("a fee", "It does not require a fee."),
        ("禁止任何人处理个人信息。", "公司不得处理个人信息。"),
        ("公司未上市。", "本公司不是上市公司。"),
        ("不仅有食堂，还有宿舍。", "有食堂和宿舍。"),
        ("不同的城市。", "各个城市。"),
        ("他不得不离开。", "他最终离开。"),
        ("未来三年。", "今后三年。"),
        ("It cannot be refunded.", "Tickets are not refundable."),
        ("See No. 5 for more.", "See number 5."),
        ("最长三年。", "最长不超过三年。"),
    ],
)
def test_contradicted_predicates_of_agreeing_texts_are_none(sentence: str, quote: str) -> None:
    assert contradicted_predicates(sentence, quote) == ()
