"""Chinese characters by their sound, without tones."""

from collections.abc import Mapping
from functools import cache, lru_cache

from pypinyin import Style, pinyin

_FIRST, _AFTER_LAST = 0x4E00, 0xA000


@cache
def by_sound() -> Mapping[str, str]:
    """Return the characters of each syllable; one with several sounds is in each. ü is v."""
    found: dict[str, list[str]] = {}
    for code in range(_FIRST, _AFTER_LAST):
        for sound in sounds(chr(code)):
            found.setdefault(sound, []).append(chr(code))
    return {sound: "".join(characters) for sound, characters in found.items()}


@lru_cache(maxsize=4096)
def sounding_as(character: str) -> str:
    """Return the other characters that may sound as one does."""
    found = "".join(by_sound().get(sound, "") for sound in sounds(character))
    return "".join(one for one in dict.fromkeys(found) if one != character)


def sounds(character: str) -> list[str]:
    """Return the syllables of a character; none for what is not Chinese."""
    spoken = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    return [sound for sound in spoken[0] if sound.isascii() and sound.isalpha()] if spoken else []
