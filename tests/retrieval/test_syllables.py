import pytest
from pypinyin import Style, pinyin

from retrieval.syllables import by_sound, sounding_as, sounds


def test_by_sound_knows_characters_of_several_sounds_in_each() -> None:
    assert "行" in by_sound()["xing"]
    assert "行" in by_sound()["hang"]
    assert "女" in by_sound()["nv"]


def test_sounding_as_leaves_out_the_character_itself() -> None:
    assert "佣" in sounding_as("用")
    assert "用" not in sounding_as("用")


@pytest.mark.parametrize("character", ["a", "", "。", "é", "9"])
def test_sounds_of_what_is_not_chinese_are_none(character: str) -> None:
    assert sounds(character) == []
    assert sounding_as(character) == ""


def test_sounds_are_those_that_pypinyin_tells() -> None:
    for code in range(0x4E00, 0xA000, 3):
        told = pinyin(chr(code), style=Style.NORMAL, heteronym=True, errors="ignore")
        assert sounds(chr(code)) == [
            one for one in (told[0] if told else []) if one.isascii() and one.isalpha()
        ]
