import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.corrections import corrected
from retrieval.pinyin_input import Holding
from tests.retrieval.test_pinyin_input import TEXTS, index_of


@pytest.fixture(scope="module")
def holding() -> Holding:
    return index_of(*TEXTS).holding("body")


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("试佣期多长", "试用期多长"),
        ("劳洞合同", "劳动合同"),
        ("用人单位应当在试用期满前告之劳动者", "用人单位应当在试用期满前告知劳动者"),
        ("劳合动同", "劳动合同"),
        ("試傭期", "试用期"),
        ("When does the fery leave?", "when does the ferry leave?"),
        ("ferrry", "ferry"),
        ("frery", "ferry"),
        ("fexry", "ferry"),
    ],
)
def test_corrected_mends_one_mistake(holding: Holding, question: str, meant: str) -> None:
    found = corrected(question, holding)
    assert found is not None
    assert meant in found


@pytest.mark.parametrize(
    "question",
    ["", "试用期", "劳动合同期限", "ferries leaving", "zeppelin", "甲乙丙丁", "fxrxy", "gb/t-2023"],
)
def test_corrected_leaves_what_is_known_or_too_far(holding: Holding, question: str) -> None:
    assert corrected(question, holding) is None


@given(st.text(max_size=40))
def test_corrected_takes_any_text(text: str) -> None:
    corrected(text, index_of(*TEXTS[:1]).holding("body"))
