import pytest

from generation.rules.phrases import Phrases
from generation.rules.reading import read

PHRASES = Phrases(
    [("ass", 0), ("risk free", 1), ("保证收益", 2), ("稳赚", 3), ("shut up", 4)],
    by_sound=frozenset(),
)


def found(text: str) -> list[str]:
    reading = read(text)
    return [reading.text[start:end] for start, end, _ in PHRASES.find(reading)]


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("an ass!", "ass"),
        ("Risk-Free", "riskfree"),
        ("riskfree plans", "riskfree"),
        ("r i s k f r e e", "riskfree"),
        ("保.证.收.益", "保证收益"),
        ("保，证，收，益", "保证收益"),
        ("保證 收益", "保证收益"),
        ("s-h-u-t u-p", "shutup"),
        ("产品ass好", "ass"),
    ],
)
def test_find_of_phrase_with_things_between_finds_it(text: str, phrase: str) -> None:
    assert found(text) == [phrase]


@pytest.mark.parametrize(
    "text",
    [
        "the class assesses assets",
        "as s-curve",
        "需要保证。收益另行约定",
        "稳，赚钱靠勤劳",
        "asterisk freedom",
        "",
    ],
)
def test_find_across_word_and_clause_borders_finds_nothing(text: str) -> None:
    assert found(text) == []
