"""Read a text as a person would who looks past disguise, keeping the way back to the original.

Width, case, traditional characters, emphasised and look-alike letters become one; what is
invisible goes. What stands between characters becomes a gap: soft (spaces, symbols) or a clause's
end. Other readings undo digits that stand for letters and characters that are repeated.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from opencc import OpenCC

NONE, SOFT, CLAUSE, SENTENCE = range(4)
_CLAUSE_ENDS = frozenset("，,;；:：\n…")
_SENTENCE_ENDS = frozenset("。！!？?\n")
_UNSEEN = frozenset(("Cf", "Cs", "Co", "Cn", "Mn", "Me"))
_DROPPED = frozenset("'’‘`´")
_KEPT_SIGNS = frozenset("%‰")
_LEET_SIGNS = frozenset("$@!")
# Letters of other scripts that look like Latin ones (the part of Unicode's confusables that fonts
# draw alike), and Latin ones drawn small or turned.
_LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝгкмтвнзпьαβγδεηικνορτυχωοѵցոսɡɩɑʏʀɴʟᴀᴄᴅᴇᴋᴍᴏᴘᴛᴜᴠᴡᴢıłøđħ",
    "aeopcyxijshdqwrkmtbh3nbabydenikvoptuxwovgnsgiayrnlacdekmoptuvwziLodh".lower(),
)
# Radicals that stand alone have no decomposition of their own; a few pictures are read as words.
_SIGNS = {
    **dict(
        zip(
            "⻛⻋⻉⻅⻓⻔⻚⻜⻢⻥⻦⻩⻬⻮⻰⻤⻨⻄⻝⺠⻘⻟⻧⻁",
            "风车贝见长门页飞马鱼鸟黄齐齿龙鬼麦西食民青飠卤虎",
            strict=True,
        )
    ),
    "💯": "100%",
    "🥇": "第1",
}
_NUMERALS = str.maketrans("零壹贰叁肆伍陆柒捌玖拾佰仟〇两", "零一二三四五六七八九十百千零二")
_LEET = {"0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "$": "s", "@": "a", "!": "i", "1": "i"}
_LATIN = re.compile(r"[a-z0-9$@!]+")
_SHORTEST_MIXED, _LONGEST_MIXED = 3, 40


@dataclass(frozen=True, slots=True)
class Reading:
    """A text without gaps: `text[i]` came from `origins[i]`; `gaps[i]` is what stood before it.

    changed: the indexes whose character this reading altered or merged; empty in the plain one.
    """

    text: str
    origins: tuple[int, ...]
    gaps: bytes
    changed: frozenset[int]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A reading with its gaps written out, for patterns: words spaced, clauses end in `，` or `。`.

    `places[i]` is the index in the reading of the character at i (of a gap: the one behind it).
    """

    text: str
    places: tuple[int, ...]


def read(text: str) -> Reading:
    """Return the plain reading. O(len(text))."""
    kept, origins, gaps = list[str](), list[int](), bytearray()
    gap, size = NONE, len(text)
    for index, character in enumerate(text):
        plain = _plain(character)
        if plain:
            if character in _LEET_SIGNS and not _inside_word(text, index, size):
                gap = max(gap, _gap(text, index, size))
                continue
            for part in plain:
                kept.append(part)
                origins.append(index)
                gaps.append(gap)
                gap = NONE
        elif character in _DROPPED or _is_unseen(character):
            continue
        else:
            gap = max(gap, _gap(text, index, size))
    return Reading("".join(kept), tuple(origins), bytes(gaps), frozenset())


def readings(text: str) -> tuple[Reading, ...]:
    """Return the plain reading and those that undo leet and repetition, where there is any."""
    plain = read(text)
    return (plain, *_unleeted(plain), *_collapsed(plain))


def speak(reading: Reading) -> Spoken:
    """Write a reading out. Letters that stand alone, three or more in a row, become one word."""
    parts, places = list[str](), list[int]()
    text, gaps = reading.text, reading.gaps
    spelled = _spelled(reading)
    for index, character in enumerate(text):
        gap, pair = gaps[index], text[max(0, index - 1) : index + 1]
        if gap >= CLAUSE and index:
            parts.append("。" if gap == SENTENCE else "，")
            places.append(index)
        elif gap == SOFT and index and index not in spelled and pair.isascii():
            parts.append(" ")
            places.append(index)
        parts.append(character)
        places.append(index)
    return Spoken("".join(parts), tuple(places))


@lru_cache(maxsize=20_000)
def _plain(character: str) -> str:
    if "a" <= character <= "z" or "0" <= character <= "9":
        return character
    if character in _LEET_SIGNS or character in _KEPT_SIGNS:
        return character
    if character in _SIGNS:
        return _SIGNS[character]
    if _is_unseen(character):
        return ""
    decomposed = unicodedata.normalize("NFKD", character)
    if decomposed[:1] == " ":  # a spacing mark
        return ""
    bare = "".join(one for one in decomposed if not unicodedata.combining(one)).casefold()
    letters = "".join(one for one in bare if one.isalnum() or one in _KEPT_SIGNS)
    if not letters or letters.isascii():
        return _squared(character) or letters
    simplified = str(_simplifier().convert(unicodedata.normalize("NFKC", letters)))
    return simplified.translate(_LOOK_ALIKES).translate(_NUMERALS)


def _squared(character: str) -> str:
    """Read the enclosed letters that NFKC leaves alone."""
    for first in ("🅐", "🅰", "🇦"):
        if first <= character <= chr(ord(first) + 25):
            return chr(ord("a") + ord(character) - ord(first))
    return ""


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


@lru_cache(maxsize=20_000)
def _is_unseen(character: str) -> bool:
    category = unicodedata.category(character)
    return category in _UNSEEN or (category == "Cc" and character not in "\n\t\r\v\f")


def _gap(text: str, index: int, size: int) -> int:
    character = text[index]
    if character in _SENTENCE_ENDS:
        return SENTENCE
    if character in _CLAUSE_ENDS:
        return CLAUSE
    ends_sentence = character == "." and (index + 1 == size or text[index + 1].isspace())
    # After one letter a point is an abbreviation's, or parts spelled-out letters.
    if ends_sentence and index > 1 and text[index - 1].isalnum() and text[index - 2].isalnum():
        return SENTENCE
    return SOFT


def _inside_word(text: str, index: int, size: int) -> bool:
    before = index > 0 and text[index - 1].isascii() and text[index - 1].isalnum()
    return before and index + 1 < size and text[index + 1].isascii() and text[index + 1].isalnum()


def _spelled(reading: Reading) -> frozenset[int]:
    """Return the indexes whose soft gap only parts the letters of a spelled-out word."""
    found, run = set[int](), list[int]()
    for index in range(len(reading.text) + 1):
        alone = index < len(reading.text) and _is_alone(reading, index)
        if alone and run and reading.gaps[index] == SOFT:
            run.append(index)
            continue
        if len(run) >= _SHORTEST_MIXED:
            found.update(run[1:])
        run = [index] if alone else []
    return frozenset(found)


def _is_alone(reading: Reading, index: int) -> bool:
    """Tell whether a Latin letter has no other beside it."""
    text, gaps = reading.text, reading.gaps
    if not "a" <= text[index] <= "z":
        return False
    before = index > 0 and gaps[index] == NONE and text[index - 1].isascii()
    after = index + 1 < len(text) and gaps[index + 1] == NONE and text[index + 1].isascii()
    return not before and not after


def _words(reading: Reading) -> Iterator[tuple[int, int]]:
    """Yield the Latin words (start, end) that mix letters with digits or signs."""
    start = 0
    for end in range(1, len(reading.text) + 1):
        if end < len(reading.text) and reading.gaps[end] == NONE:
            continue
        for match in _LATIN.finditer(reading.text, start, end):
            word = match[0]
            is_mixed = any(map(str.isalpha, word)) and not word.isalpha()
            if is_mixed and _SHORTEST_MIXED <= len(word) <= _LONGEST_MIXED:
                yield match.span()
        start = end


def _unleeted(plain: Reading) -> Iterator[Reading]:
    spans = list(_words(plain))
    if not spans:
        return
    ones = any("1" in plain.text[start:end] for start, end in spans)
    for one in ("i", "l") if ones else ("i",):
        characters, changed = list(plain.text), set[int]()
        for start, end in spans:
            for index in range(start, end):
                if characters[index] in _LEET:
                    letter = one if characters[index] == "1" else _LEET[characters[index]]
                    characters[index] = letter
                    changed.add(index)
        yield Reading("".join(characters), plain.origins, plain.gaps, frozenset(changed))


def _collapsed(plain: Reading) -> Iterator[Reading]:
    """Yield the text with runs of one character made one: of Han from two on, else from three."""
    kept, changed, size, index = list[int](), set[int](), len(plain.text), 0
    while index < size:
        end = index + 1
        while end < size and plain.text[end] == plain.text[index] and plain.gaps[end] < CLAUSE:
            end += 1
        is_letter = plain.text[index].isalpha()
        shortest = 3 if plain.text[index].isascii() else 2
        if is_letter and end - index >= shortest:
            changed.add(len(kept))
            kept.append(index)
        else:
            kept.extend(range(index, end))
        index = end
    if changed:
        yield _part(plain, kept, frozenset(changed))


def _part(plain: Reading, kept: Sequence[int], changed: frozenset[int]) -> Reading:
    return Reading(
        "".join(plain.text[index] for index in kept),
        tuple(plain.origins[index] for index in kept),
        bytes(plain.gaps[index] for index in kept),
        changed,
    )
