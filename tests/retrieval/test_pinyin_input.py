import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.bm25 import Entry, LexicalIndex
from retrieval.pinyin_input import Holding, read_pinyin
from retrieval.terms import terms

TEXTS = (
    "劳动合同期限一年以上的，试用期不得超过二个月。",
    "用人单位应当在试用期满前告知劳动者。西安的员工同样适用。",
    "绿化费用由公司承担。",
    "The ferry leaves Dover at nine. Women and men may board.",
)


def index_of(*texts: str) -> LexicalIndex:
    index = LexicalIndex(["body"])
    index.add(Entry(row, row, {"body": " ".join(terms(text))}) for row, text in enumerate(texts))
    return index


@pytest.fixture(scope="module")
def holding() -> Holding:
    return index_of(*TEXTS).holding("body")


@pytest.mark.parametrize(
    ("question", "read"),
    [
        ("laodonghetong shiyongqi", "劳动合同试用期"),
        ("Lao Dong He Tong", "劳动合同"),
        ("laodong hetong最长多久", "劳动合同最长多久"),
        ("xi'an yuangong", "西安员工"),
        ("lvhua feiyong", "绿化费用"),
        ("lühua feiyong", "绿化费用"),
        ("shiyongqi, 2 geyue?", "试用期, 2 个月?"),
    ],
)
def test_read_pinyin_reads_what_the_collection_says(
    holding: Holding, question: str, read: str
) -> None:
    assert read_pinyin(question, holding) == read


@pytest.mark.parametrize(
    "question",
    [
        "",
        "劳动合同",
        "When does the ferry leave?",
        "Can women change men?",
        "women men",  # known as they are
        "changcheng feiji",  # nothing of it in the collection
        "wo",
        "laodonghetongx",
        "'''' ''",
        "shi" * 200,
    ],
)
def test_read_pinyin_leaves_the_rest(holding: Holding, question: str) -> None:
    assert read_pinyin(question, holding) is None


def test_read_pinyin_follows_the_collection() -> None:
    index = index_of(*TEXTS)
    assert read_pinyin("nianxiujia", index.holding("body")) is None
    index.add([Entry(9, 9, {"body": " ".join(terms("带薪年休假为五天"))})])
    assert read_pinyin("nianxiujia", index.holding("body")) == "年休假"


@given(st.text(alphabet="aeiouühngszxl' 年休假2,", max_size=60))
def test_read_pinyin_takes_any_text(text: str) -> None:
    read = read_pinyin(text, index_of("年休假").holding("body"))
    assert read is None or read != text
