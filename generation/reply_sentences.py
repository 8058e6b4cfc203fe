"""Cut text into sentences: a finished text at once, a model's reply while it is being written."""

import re
from collections.abc import Generator, Iterator, Sequence

from generation.folding import folded

_STOP = re.compile(r"[。！？；!?.\n]")
_STOPS = "。！？；!?."
_CLOSERS = "”’」』）)】]\"'"
_TITLE_CLOSERS = "》〉"
_LONGEST_RUN = 16
_QUOTE_WINDOW = 1000
_WORD_BEFORE = re.compile(r"(?:[^\W_]+\.)*[^\W_]+$")
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st vs e.g i.e eg ie cf fig figs no nos vol pp art arts sec ch para approx"
    " dept gen col lt sgt rev hon jan feb mar apr jun jul aug sep sept oct nov dec u.s u.k u.n"
    " ph.d al est ca".split()
)
_LONGEST_PERIOD = 64
_SHORTEST_LOOP = 40
_REPEATS = 4
_LOOP_WINDOW = _LONGEST_PERIOD * _REPEATS
_SHORTEST_REPEATED_SENTENCE = 6
_WAIT = -1
_NO = 0


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return the half-open spans of a text's sentences, without the white space around them.

    A line break ends a sentence too, unless the line goes on in lower case. O(len(text)).
    """
    spans: list[tuple[int, int]] = []
    start = 0
    while start < len(text):
        end, _ = _find_end(text, start, start, complete=True)
        sentence = text[start:end]
        stripped = sentence.strip()
        if stripped:
            left = start + len(sentence) - len(sentence.lstrip())
            spans.append((left, left + len(stripped)))
        start = end
    return spans


def split_stream(pieces: Iterator[str]) -> Iterator[str]:
    """Yield each sentence of a stream, stripped, as soon as it is surely complete.

    What is left at the end comes last, complete or not. The stream is left, and closed, when the
    model repeats itself: the same few words over and over, or a sentence it already gave; nothing
    of the repetition is yielded. O(characters).
    """
    pending, tail, searched = "", "", 0
    given: set[str] = set()
    try:
        for part in _small(pieces):
            pending += part
            tail = (tail + part)[-_LOOP_WINDOW:]
            if is_looping(tail):
                return
            while True:
                end, searched = _find_end(pending, 0, searched, complete=False)
                if end == _WAIT:
                    break
                sentence, pending, searched = pending[:end].strip(), pending[end:], 0
                if _is_repeated(sentence, given):
                    return
                if sentence:
                    yield sentence
        for start, end in sentence_spans(pending):
            if not _is_repeated(pending[start:end], given):
                yield pending[start:end]
    finally:
        if isinstance(pieces, Generator):
            pieces.close()


def join_sentences(sentences: Sequence[str]) -> str:
    """Return the sentences as one text, with a space wherever Latin script needs one.

    Words without an end of their own, as a reader gives them, get a semicolon before what follows.
    """
    joined = ""
    for sentence in sentences:
        if joined and joined[-1].isalnum():
            joined += ";" if joined[-1].isascii() and not _is_wide(sentence[:1]) else "；"
        if joined and joined[-1].isascii() and not _is_wide(sentence[:1]):
            joined += " "
        joined += sentence
    return joined


def is_looping(text: str) -> bool:
    """Tell whether a text ends in four or more repeats (40 characters at least) of one n-gram.

    Looks at the last 256 characters only, for n-grams of up to 64.
    """
    for period in range(1, min(_LONGEST_PERIOD, len(text) // _REPEATS) + 1):
        length = max(_REPEATS * period, _SHORTEST_LOOP)
        tail = text[-length:]
        if len(tail) == length and tail[period:] == tail[:-period]:
            return True
    return False


def _small(pieces: Iterator[str]) -> Iterator[str]:
    for piece in pieces:
        for start in range(0, len(piece), _LONGEST_RUN):
            yield piece[start : start + _LONGEST_RUN]


def _is_repeated(sentence: str, given: set[str]) -> bool:
    key = folded(sentence)
    if len(key) < _SHORTEST_REPEATED_SENTENCE:
        return False
    repeated = key in given
    given.add(key)
    return repeated


def _find_end(text: str, start: int, searched: int, *, complete: bool) -> tuple[int, int]:
    """Return where the sentence from `start` ends (or _WAIT) and where to search on from."""
    match = _STOP.search(text, searched)
    while match:
        at = match.start()
        end = _end_at(text, start, at, complete=complete)
        if end == _WAIT:
            return _WAIT, at
        if end != _NO:
            return end, end
        match = _STOP.search(text, at + 1)
    return (len(text) if complete else _WAIT), len(text)


def _end_at(text: str, start: int, at: int, *, complete: bool) -> int:
    if text[at] == "\n":
        return _line_end(text, at, complete=complete)
    end = _after_closers(text, start, at)
    if end == len(text):
        return end if complete else _WAIT
    if text[end] in _TITLE_CLOSERS:
        return _NO
    if text[at] in "。！？；":
        return end
    if text[at] == ".":
        return _full_stop_end(text, start, at, end, complete=complete)
    return end if text[end].isspace() or _is_wide(text[end]) else _NO


def _line_end(text: str, at: int, *, complete: bool) -> int:
    following = text[at + 1 : at + 9].lstrip()
    if not following and not complete and len(text) < at + 9:
        return _WAIT
    before = text[max(0, at - 8) : at].rstrip()[-1:]
    goes_on = following[:1].islower() and before not in _STOPS + ":：" and not _is_wide(before)
    return _NO if before and goes_on else at + 1


def _after_closers(text: str, start: int, at: int) -> int:
    end = at + 1
    limit = min(len(text), at + _LONGEST_RUN)
    while end < limit and text[end] in _STOPS:
        end += 1
    while end < limit and text[end] in _CLOSERS:
        if text[end] == '"' and not _is_quote_open(text, start, end):
            break
        end += 1
    return end


def _is_quote_open(text: str, start: int, at: int) -> bool:
    return text.count('"', max(start, at - _QUOTE_WINDOW), at) % 2 == 1


def _full_stop_end(text: str, start: int, at: int, end: int, *, complete: bool) -> int:
    if not text[end].isspace():
        return end if _is_wide(text[end]) and at > 0 and _is_wide(text[at - 1]) else _NO
    following = text[end : end + 8].lstrip()
    if not following and not complete and len(text) < end + 8:
        return _WAIT
    if following[:1].islower() or _is_abbreviation(text, start, at):
        return _NO
    return end


def _is_abbreviation(text: str, start: int, at: int) -> bool:
    match = _WORD_BEFORE.search(text[max(start, at - 12) : at])
    if match is None:
        return False
    word = match[0]
    alone = not text[start:at].strip()[: -len(word)]
    if word.isdecimal():
        return alone
    return word.casefold() in _ABBREVIATIONS or (len(word) == 1 and word.isupper() and word != "I")


def _is_wide(character: str) -> bool:
    """Tell whether a character is of a script written without spaces, or its punctuation."""
    return "\u2e80" <= character <= "\u9fff" or "\uf900" <= character <= "\uffef"
