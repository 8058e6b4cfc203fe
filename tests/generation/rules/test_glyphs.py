import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.rules.glyphs import looked_alike, put_together
from generation.rules.reading import read


def joined(text: str) -> list[str]:
    return [reading.text for reading in put_together(read(text))]


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        ("亻呆言正收益", "保证收益"),
        ("禾急贝兼不贝咅", "稳赚不赔"),
        ("言 正券", "证券"),
        ("亡口月贝凡官司", "赢官司"),
    ],
)
def test_put_together_of_parts_gives_the_characters(written: str, whole: str) -> None:
    assert joined(written) == [whole]


@pytest.mark.parametrize("text", ["保证收益", "言。正", "女子日月", ""])
def test_put_together_of_whole_characters_gives_nothing(text: str) -> None:
    assert joined(text) == []


def test_put_together_leads_back_to_the_original() -> None:
    (reading,) = put_together(read("本 言正 书"))
    assert (reading.text, reading.origins) == ("本证书", (0, 2, 5))
    assert reading.changed == {1}


def test_looked_alike_gives_what_is_meant() -> None:
    (reading,) = looked_alike(read("稳攒卜赔"))
    assert (reading.text, reading.changed) == ("稳赚不赔", {1, 2})
    assert list(looked_alike(read("稳赚不赔"))) == []


@given(st.text(alphabet="言正亻呆贝兼卜攒a1 。", max_size=40))
def test_readings_of_any_text_point_into_it_in_order(text: str) -> None:
    plain = read(text)
    for reading in (*put_together(plain), *looked_alike(plain)):
        assert len(reading.text) == len(reading.origins) == len(reading.gaps)
        assert list(reading.origins) == sorted(set(reading.origins) & set(plain.origins))
        assert reading.changed <= set(range(len(reading.text)))


@pytest.mark.parametrize("piece", ["言正", "亡口月贝", "攒"])
def test_glyphs_of_ten_times_the_text_take_linear_time(piece: str) -> None:
    def seconds(size: int) -> float:
        plain = read(piece * size)
        started = time.process_time()
        list(put_together(plain))
        list(looked_alike(plain))
        return time.process_time() - started

    seconds(10)
    assert seconds(20_000) < 40 * max(seconds(2_000), 0.001)
