"""Chinese characters by their sound, without tones."""

import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache

from pypinyin.constants import PINYIN_DICT

_FIRST, _AFTER_LAST = 0x4E00, 0xA000
_TONES = "\u0304\u0301\u030c\u0300"


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
    spoken = PINYIN_DICT.get(ord(character), "") if len(character) == 1 else ""
    plain = (_plain(sound) for sound in spoken.split(","))
    return [sound for sound in dict.fromkeys(plain) if sound.isascii() and sound.isalpha()]


def _plain(sound: str) -> str:
    """Return a syllable without its tone; ê, which nobody types, stays."""
    parts = unicodedata.normalize("NFD", sound).replace("u\u0308", "v")
    return "".join(part for part in parts if part not in _TONES)
