import pytest

from generation.relevance import content_terms, order_by_relevance, relevances


def test_content_terms_of_question_leave_out_question_words() -> None:
    assert "多少" not in content_terms("公司的注册资本是多少？")
    assert {"注册", "资本"} <= set(content_terms("公司的注册资本是多少？"))
    assert content_terms("What are the fees of it?") == ["fee"]


def test_relevances_of_two_sentences_rank_the_matching_one_first() -> None:
    found = relevances("What is the fee?", ["It rains today.", "The fee is five dollars."])
    assert order_by_relevance(found)[0] == 1
    assert found[0].coverage == 0
    assert found[1].coverage == pytest.approx(1.0)


def test_relevances_without_terms_are_nought() -> None:
    assert [one.coverage for one in relevances("是什么？", ["公司成立。", ""])] == [0.0, 0.0]
    assert relevances("问题", []) == []


def test_relevances_of_rare_term_weigh_more() -> None:
    sentences = ["contract law", "contract term", "contract penguin", "contract end"]
    found = relevances("contract penguin glacier", sentences)
    assert found[2].coverage > 2 * found[0].coverage > 0
