import pytest

from generation.facts import Date, Number, read_facts, units_in


def test_read_facts_of_amount_gives_value_and_unit() -> None:
    assert read_facts("注册资本四万五千元").numbers == (Number("45000", "元", "45000元"),)


@pytest.mark.parametrize(
    "text",
    [
        "2020年8月11日",
        "二〇二〇年八月十一日",
        "2020-08-11",
        "2020/8/11",
        "August 11, 2020",
        "11th of Aug 2020",
    ],
)
def test_read_facts_of_date_in_any_form_is_one_date(text: str) -> None:
    (date,) = read_facts(text).dates
    assert (date.year, date.month, date.day) == (2020, 8, 11)
    assert read_facts(text).numbers == ()


def test_read_facts_of_partial_dates_leave_the_rest_open() -> None:
    dates = read_facts("1998年成立，5月3日开业").dates
    assert {(one.year, one.month, one.day) for one in dates} == {(1998, None, None), (None, 5, 3)}


def test_read_facts_of_impossible_date_is_numbers() -> None:
    facts = read_facts("2020-13-45")
    assert facts.dates == ()
    assert [one.value for one in facts.numbers] == ["2020", "13", "45"]


def test_read_facts_of_article_number_knows_the_part_of_the_law() -> None:
    assert [one.unit for one in read_facts("第十二条第二款").numbers] == ["第条", "第款"]
    assert read_facts("see Article 12").numbers[0].unit == "第条"


def test_read_facts_of_codes_keep_letters_and_digits_together() -> None:
    facts = read_facts("A320 and COVID-19, 5km, 21st, 1990s, 4K")
    assert [shown for _, shown in facts.names] == ["a320", "covid-19", "4k"]
    assert [(one.value, one.unit) for one in facts.numbers] == [
        ("5", "公里"),
        ("21", None),
        ("1990", None),
    ]


def test_read_facts_of_marked_names_are_folded() -> None:
    names = [name for name, _ in read_facts("《民 法典》和“Hello World”").names]
    assert names == ["民法典", "helloworld"]


def test_read_facts_of_currency_sign_is_a_unit() -> None:
    assert read_facts("costs $500").numbers[0].unit == "美元"


def test_units_in_table_heading_are_found() -> None:
    assert "元" in units_in("收入（元）") and "%" in units_in("percent")


def test_date_and_number_written_form_is_readable() -> None:
    assert read_facts("共3个月").numbers[0].written == "3个月"
    assert read_facts("2020年8月").dates == (Date(2020, 8, None, "2020年8月"),)
