import pytest

from generation.rules.initials import Initials
from generation.rules.reading import read

INITIALS = Initials([("稳赚不赔", 0), ("保证收益", 1), ("零风险", 2), ("free money", 3)])


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("稳z不p", 0),
        ("项目wzbp", 0),
        ("W Z B P，懂的来", 0),
        ("bz收益", 1),
        ("保z收益，签合同", 1),
    ],
)
def test_find_of_phrase_by_first_letters_finds_it(text: str, owner: int) -> None:
    assert [found[2] for found in INITIALS.find(read(text))] == [owner]


@pytest.mark.parametrize(
    "text",
    [
        "稳赚不赔",  # found by its characters
        "文字版本",  # sounds like it by its first letters alone
        "稳zbp",  # one character of four is chance
        "wzbpx接口",
        "wzbp2号",
        "awzbp的值",
        "稳z。不p",
        "lfx三个字母",  # shorter phrases are left out
        "wzbp only in Latin text",
    ],
)
def test_find_of_honest_text_finds_nothing(text: str) -> None:
    assert list(INITIALS.find(read(text))) == []


def test_find_tells_where() -> None:
    assert [found[:2] for found in INITIALS.find(read("这是bz收益"))] == [(2, 6)]


def test_find_without_phrases_finds_nothing() -> None:
    assert list(Initials([]).find(read("稳z不p"))) == []
