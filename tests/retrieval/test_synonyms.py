import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.synonyms import in_other_words

GROUPS = (("社保", "五险一金", "社会保险"), ("HR", "人事 部门"), ("pay", "salary"))


@pytest.mark.parametrize(
    ("question", "wordings"),
    [
        ("社保怎么交", ["五险一金怎么交", "社会保险怎么交"]),
        ("社會保險怎么交", ["社保怎么交", "五险一金怎么交"]),
        ("ＨＲ 怎么交社保", ["人事 部门 怎么交五险一金", "hr 怎么交社会保险"]),
        ("Who sets my Pay?", ["who sets my salary?"]),
        ("人事   部门在哪", ["hr在哪"]),
        ("payday, repay, chr1", []),
        ("年假几天", []),
        ("", []),
    ],
)
def test_in_other_words_replaces_whole_words_of_groups(question: str, wordings: list[str]) -> None:
    assert in_other_words(question, GROUPS) == wordings


def test_in_other_words_takes_the_longest_word() -> None:
    groups = (("劳动合同", "用工合同"), ("合同", "协议"))
    assert in_other_words("劳动合同期限", groups) == ["用工合同期限"]


def test_in_other_words_without_groups_is_nothing() -> None:
    assert in_other_words("社保", ()) == []


@given(st.text(max_size=60), st.lists(st.lists(st.text(min_size=1, max_size=4), min_size=2)))
def test_in_other_words_takes_any_text_and_groups(question: str, groups: list[list[str]]) -> None:
    most = max((len(group) for group in groups), default=1) - 1
    assert len(in_other_words(question, tuple(map(tuple, groups)))) <= most
