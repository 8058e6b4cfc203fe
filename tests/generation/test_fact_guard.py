import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.fact_guard import unsupported_facts


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("45000元", "注册资本四万五千元"),
        ("共4.5万人", "共计45,000人"),
        ("四万五千", "4.5万"),
        ("3%", "占百分之三"),
        ("３％", "3 percent"),
        ("2020年8月11日", "自2020-08-11起"),
        ("August 11, 2020", "on 11 Aug 2020"),
        ("2020年", "2020年8月11日"),
        ("8月11日", "2020年8月11日"),
        ("11日", "8月11日"),
        ("8月", "2020年8月11日"),
        ("2020年8月11日", "2020年大事记：8月11日开幕"),
        ("2020", "2020年3月"),
        ("500元", "收入（元）：500"),
        ("500", "500元"),
        ("500美元", "$500"),
        ("第12条", "第十二条"),
        ("三天", "3日内"),
        ("30 days", "thirty days"),
        ("3", "三大支柱"),
        ("这是一个城市", "城市"),
        ("十分重要", "很重要"),
        ("5km", "5 km long"),
        ("《民法典》", "根据《民 法典》的规定"),
        ("COVID-19", "the Covid-19 pandemic"),
        ("", ""),
        ("北京", "北京是首都"),
    ],
)
def test_unsupported_facts_of_supported_sentence_are_none(sentence: str, quote: str) -> None:
    assert unsupported_facts(sentence, [quote]) == ()


@pytest.mark.parametrize(
    ("sentence", "quote", "fact"),
    [
        ("45000元", "注册资本四万五千五百元", "45000元"),
        ("4.5亿", "4.5万", "450000000"),
        ("3%", "3个百分点", "3%"),
        ("3%", "3‰", "3%"),
        ("万分之五", "百分之五", "5‱"),
        ("2021年8月11日", "2020年8月11日", "2021年8月11日"),
        ("2020年9月11日", "2020年8月11日", "2020年9月11日"),
        ("5公里", "全长5米", "5公里"),
        ("500美元", "500元", "500美元"),
        ("500元", "共500", "500元"),
        ("三年", "五年", "3年"),
        ("三个月", "三年", "3个月"),
        ("第十三条", "第十二条", "第13条"),
        ("《刑法》", "《民法典》", "《刑法》"),
        ("他说“绝对可以”。", "他说可以。", "“绝对可以”"),
        ("A320", "A321", "a320"),
        ("320", "A320", "320"),
        ("-5", "5", "-5"),
        ("12", "1和2", "12"),
        ("公司可以处理个人信息。", "公司不得处理个人信息。", "处理"),
        ("forty people", "fifty people", "40 people"),
    ],
)
def test_unsupported_facts_of_wrong_fact_name_it(sentence: str, quote: str, fact: str) -> None:
    assert fact in [one.lstrip() for one in unsupported_facts(sentence, [quote])]


def test_unsupported_facts_may_stand_in_any_of_the_quotes() -> None:
    assert unsupported_facts("3年，5人", ["期限为三年", "共五人"]) == ()
    assert unsupported_facts("3年", []) == ("3年",)


@given(
    st.text(alphabet="零一二三十百千万亿点分之第年月日不得没3.5,，%-/《》“”\" $aB年'’\n")
    | st.text(),
    st.lists(st.text(alphabet="一二十百千万亿年月日不得3.,-/《》 aB") | st.text(), max_size=3),
)
def test_unsupported_facts_of_any_text_never_raises(sentence: str, quotes: list[str]) -> None:
    assert isinstance(unsupported_facts(sentence, quotes), tuple)


@given(st.text(alphabet="公司在上海有3.5万人百分之十年月日，。%第条12不得《》 km A-"))
def test_unsupported_facts_of_verbatim_sentence_are_none(sentence: str) -> None:
    assert unsupported_facts(sentence, [sentence]) == ()


@pytest.mark.parametrize(
    "unit", ["1a", "1,111", "不得处理", "“", "万", "分之3", "may 1 ", "9" * 99]
)
def test_unsupported_facts_of_huge_input_are_found_in_bounded_time(unit: str) -> None:
    text = unit * (20_000 // len(unit))
    assert unsupported_facts(text, [text]) == ()
