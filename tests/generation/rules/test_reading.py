import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.rules.reading import NONE, SOFT, read, readings, speak


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("保證收益", "保证收益"),
        ("ＡＢＣ１２３", "abc123"),
        ("𝐆𝐮𝐚𝐫𝓪𝔫", "guaran"),
        ("rísk", "risk"),
        ("guаrаnteed", "guaranteed"),  # two Cyrillic letters
        ("保\u200b证\u2060收益", "保证收益"),
        ("稳 赚*不-赔", "稳赚不赔"),
        ("第①名", "第1名"),
        ("🅢🆁", "sr"),
        ("can't", "cant"),
        ("百分之壹佰", "百分之一百"),
        ("零⻛险", "零风险"),
        ("💯保本", "100%保本"),
        ("🥇品牌", "第1品牌"),
    ],
)
def test_read_of_disguised_text_gives_the_plain_one(written: str, plain: str) -> None:
    assert read(written).text == plain


def test_read_origins_lead_back_to_the_original() -> None:
    text = "稳\u200b 赚㎏!"
    reading = read(text)
    assert reading.text == "稳赚kg"
    assert [text[origin] for origin in reading.origins] == ["稳", "赚", "㎏", "㎏"]
    assert list(reading.gaps) == [NONE, SOFT, NONE, NONE]


def test_readings_undo_leet_only_inside_words_with_letters() -> None:
    assert "risk" in [one.text for one in readings("r1sk")]
    assert "evil" in [one.text for one in readings("ev1l")]
    assert [one.text for one in readings("2024年12月")] == ["2024年12月"]


def test_readings_undo_repetition() -> None:
    assert "稳赚" in [one.text for one in readings("稳稳稳赚")]
    assert "guaranteed" in [one.text for one in readings("guaaaaranteed")]


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Risk-free,  no doubt. Yes", "risk free，no doubt。yes"),
        ("r.i.s.k is high", "risk is high"),
        ("保证 收益，好。", "保证收益，好"),
        ("a b", "a b"),
        ("版本 3.2 发布", "版本3 2发布"),
        (" leading", "leading"),
    ],
)
def test_speak_writes_gaps_out(written: str, spoken: str) -> None:
    assert speak(read(written)).text == spoken


@given(st.text())
def test_readings_of_any_text_point_into_it_in_order(text: str) -> None:
    for reading in readings(text):
        assert len(reading.text) == len(reading.origins) == len(reading.gaps)
        assert list(reading.origins) == sorted(reading.origins)
        assert all(0 <= origin < len(text) for origin in reading.origins)
        spoken = speak(reading)
        assert len(spoken.text) == len(spoken.places)


@pytest.mark.parametrize("piece", ["\u200b", "最", "a1 ", "1", "a ", "ab@", "x"])
def test_readings_of_ten_times_the_text_take_linear_time(piece: str) -> None:
    def seconds(size: int) -> float:
        started = time.process_time()
        for reading in readings((piece * size)[:size]):
            speak(reading)
        return time.process_time() - started

    seconds(1_000)
    # Quadratic work would take a hundred times as long: 40 leaves room for a busy machine.
    assert seconds(100_000) < 40 * max(seconds(10_000), 0.01)
