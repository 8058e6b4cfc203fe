import pytest

from generation.rules.reading import read
from generation.rules.sounds import Sounds

SOUNDS = Sounds([("保证收益", 0), ("稳赚不赔", 1), ("零风险", 2)])


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("保正收益", 0),
        ("稳赚不陪", 1),
        ("零丰险", 2),
        ("稳zhuan不赔", 1),
        ("保 zheng 收益", 0),
        ("bao zheng shou yi", 0),
        ("baozhengshouyi", 0),
        ("稳zhuanbupei", 1),
        ("保 zhengshou yi", 0),
    ],
)
def test_find_of_phrase_in_disguise_finds_it(text: str, owner: int) -> None:
    assert [found[2] for found in SOUNDS.find(read(text))] == [owner]


@pytest.mark.parametrize(
    "text",
    [
        "保证收益",  # the phrase itself is found by its letters
        "保证手艺不失传",
        "保证受益人的权利",
        "零分线以下",
        "稳。赚不陪",
        "wen",
        "baozhengshouyin",
        "a danger to the banana",
    ],
)
def test_find_of_honest_text_finds_nothing(text: str) -> None:
    assert list(SOUNDS.find(read(text))) == []


def test_find_without_phrases_finds_nothing() -> None:
    assert list(Sounds([]).find(read("保证收益"))) == []
