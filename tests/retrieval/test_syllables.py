import pytest

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
