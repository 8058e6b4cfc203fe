from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generation.fallback import extract_answer
from retrieval.records import Passage

MakePassage = Callable[..., Passage]
RULES = "员工入职满一年可休年假十天。食堂中午开放。加班须事先申请。"


def test_extract_answer_gives_the_relevant_sentence_verbatim(make_passage: MakePassage) -> None:
    found = extract_answer("员工年假有几天？", [make_passage(RULES)])
    assert [one.text for one in found] == ["员工入职满一年可休年假十天。"]
    (span,) = found[0].spans
    assert (span.chunk_id, span.start, span.quote) == ("chunk-1", 1000, found[0].text)


def test_extract_answer_in_english_finds_the_sentence(make_passage: MakePassage) -> None:
    text = "The library opens at nine. Late books cost a fee of one dollar. Pets stay out."
    found = extract_answer("What is the fee for late books?", [make_passage(text)])
    assert [one.text for one in found] == ["Late books cost a fee of one dollar."]


def test_extract_answer_gives_three_at_most_and_none_twice(make_passage: MakePassage) -> None:
    text = "".join(f"员工年假第{n}类。" for n in "甲乙丙丁戊") + "员工年假第甲类。"
    found = extract_answer("员工年假", [make_passage(text), make_passage(text, number=2)])
    assert len(found) == 3
    assert len({one.text for one in found}) == 3


@pytest.mark.parametrize("question", ["量子计算机的原理？", "什么？", "Where is the harbour?"])
def test_extract_answer_without_relevance_is_empty(
    make_passage: MakePassage, question: str
) -> None:
    assert extract_answer(question, [make_passage(RULES)]) == []


def test_extract_answer_without_passages_is_empty() -> None:
    assert extract_answer("年假几天？", []) == []


def test_extract_answer_of_question_and_answer_list_gives_the_answer(
    make_passage: MakePassage,
) -> None:
    text = "如何申请退款？\n请在订单页点击按钮。\n如何修改地址？\n请联系客服。"
    found = extract_answer("如何申请退款？", [make_passage(text)])
    assert [one.text for one in found] == ["请在订单页点击按钮。"]


def test_extract_answer_with_support_gives_what_the_reader_found(
    make_passage: MakePassage,
) -> None:
    # No word of the question stands in the sentence that answers it.
    passages = [make_passage(RULES), make_passage("年假十天。", number=2)]
    found = extract_answer("何时吃午饭？", passages, ((-4.0, 6.0, -9.0), (-2.0,)))
    assert [one.text for one in found] == ["食堂中午开放。"]


def test_extract_answer_with_support_adds_only_sentences_as_likely(
    make_passage: MakePassage,
) -> None:
    passages = [make_passage(RULES), make_passage("年假十天。", number=2), make_passage("三。")]
    found = extract_answer("年假几天？", passages, ((4.0, 2.9, 3.5), (4.5,)))
    assert [one.text for one in found] == [
        "年假十天。",
        "员工入职满一年可休年假十天。",
        "加班须事先申请。",
    ]


@pytest.mark.parametrize("support", [((-0.1, -3.0, -3.0),), ()])
def test_extract_answer_with_support_likelier_nowhere_is_empty(
    make_passage: MakePassage, support: tuple[tuple[float, ...], ...]
) -> None:
    # Shared words alone would have been enough.
    assert extract_answer("员工年假有几天？", [make_passage(RULES)], support) == []


def test_extract_answer_with_support_never_answers_with_a_question(
    make_passage: MakePassage,
) -> None:
    text = "如何申请退款？\n请在订单页点击按钮。"
    found = extract_answer("如何申请退款？", [make_passage(text)], ((5.0, 1.0),))
    assert [one.text for one in found] == ["请在订单页点击按钮。"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.text(alphabet="员工年假食堂？。！\n a"), max_size=3))
def test_extract_answer_any_passages_quotes_are_slices_of_the_document(
    make_passage: MakePassage, texts: list[str]
) -> None:
    passages = {f"chunk-{n}": make_passage(text, number=n) for n, text in enumerate(texts, start=1)}
    for sentence in extract_answer("员工食堂", list(passages.values())):
        for span in sentence.spans:
            assert passages[span.chunk_id].text[span.start - 1000 : span.end - 1000] == span.quote
            assert span.quote == sentence.text
