"""Level 1 of the index: what a chunk is about, each entry tied to the characters it stands on."""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ingestion.entities import entities
from ingestion.keyphrases import keyphrases, term_scores
from ingestion.records import Chunk, Document, KeyEntry, KeyKind, Section, Sentence
from ingestion.words import Word, content_words

KEYPHRASES = 8
"""Keyphrases of a chunk."""

_ENTITIES = 16
_DAMPING = 14  # words added to a sentence's length, so that a dense fragment does not win
_OPENING_BONUS = 1.15  # a chunk's first sentence tends to say what it is about

# Widths of key text, in Han characters: 0.6 of the encoder's tokens each.
_KEY_WIDTH, _HEAD_WIDTH, _ENTITY_WIDTH, _SUMMARY_WIDTH = 92.0, 32.0, 16.0, 32.0
_QUESTIONS_WIDTH = 92.0  # more, for questions: they are most like what will be asked
_LATIN_WIDTH = 0.45
_WIDE = re.compile(r"[\u2e80-\uffef]")


class Heading(NamedTuple):
    """A section's heading and where its own words stand."""

    path: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Outline:
    """The headings of a document in order, and those of each path."""

    headings: tuple[Heading, ...]
    by_path: Mapping[tuple[str, ...], Sequence[Heading]]


def read_outline(document: Document, sections: Sequence[Section]) -> Outline:
    """Return the headings of the sections that have one."""
    found = []
    by_path: defaultdict[tuple[str, ...], list[Heading]] = defaultdict(list)
    for section in sections:
        if not section.path or not section.blocks:
            continue
        first = section.blocks[0]
        at = document.text.find(section.path[-1], first.start, first.end)
        start, end = (at, at + len(section.path[-1])) if at >= 0 else (first.start, first.end)
        heading = Heading(section.path, *_trimmed(document.text, start, end))
        found.append(heading)
        by_path[section.path].append(heading)
    return Outline(tuple(found), by_path)


def extract_keys(
    document: Document,
    chunk: Chunk,
    sentences: Sequence[Sentence],
    outline: Outline,
    *,
    most_phrases: int = KEYPHRASES,
) -> tuple[KeyEntry, ...]:
    """Return a chunk's key information; `document.text[start:end]` is the text of every entry.

    In this order: the headings above and inside it, outermost first; keyphrases, best first;
    entities in order; one summary, its most central sentence. sentences: of the whole document,
    in order. outline: of the document. A chunk without content words, such as a row of
    dots, has no keyphrases. O(length of the chunk).
    """
    words = content_words(chunk.text)
    scores = term_scores(words)
    above, inside = _headings_of(chunk, outline)
    phrases = keyphrases(chunk.text, words, scores, limit=most_phrases)
    named = entities(chunk.text, limit=_ENTITIES)
    central = _central_sentence(document, chunk, sentences, inside, (words, scores))
    spans = [
        *((KeyKind.HEADING, heading.start, heading.end) for heading in (*above, *inside)),
        *((KeyKind.KEYPHRASE, chunk.start + a, chunk.start + b) for a, b in phrases),
        *((KeyKind.ENTITY, chunk.start + a, chunk.start + b) for a, b in named),
        (KeyKind.SUMMARY, *central),
    ]
    return tuple(
        KeyEntry(kind, document.text[start:end], start, end)
        for kind, start, end in spans
        if start < end
    )


def is_its_own_key(passage: str) -> bool:
    """Tell whether a passage is so short that its own vector serves as that of its key text.

    An article of a statute says one thing. A second vector of nearly the same words would only
    cost as much time again.
    """
    return _width(passage) <= 2 * _KEY_WIDTH


def key_text(title: str, chunk: Chunk, keys: Sequence[KeyEntry]) -> str:
    """Return the short text that level 1 embeds, at most about 64 tokens, and as many of questions.

    Title and heading path, keyphrases, entities, and the summary sentence as far as it fits:
    what a question shares with its answer when it shares few of the other words. What a generator
    wrote: its abstract in place of the summary sentence, and its questions after all.
    """
    texts: dict[KeyKind, list[str]] = {kind: [] for kind in KeyKind}
    for key in keys:
        texts[key.kind].append(" ".join(key.text.split()))
    head = _clipped(" > ".join(dict.fromkeys([title, *chunk.heading_path])), _HEAD_WIDTH)
    central = "".join(texts[KeyKind.ABSTRACT] or texts[KeyKind.SUMMARY])
    summary = _clipped(central, _SUMMARY_WIDTH)
    room = _KEY_WIDTH - _width(head) - _width(summary)
    said = f"{head}\n{summary}".casefold()
    phrases = [phrase for phrase in texts[KeyKind.KEYPHRASE] if phrase.casefold() not in said]
    said += "\n".join(phrases).casefold()
    named = [name for name in texts[KeyKind.ENTITY] if name.casefold() not in said]
    named = _fitting(named, min(room, _ENTITY_WIDTH))
    phrases = _fitting(phrases, room - sum(_width(name) + 1 for name in named))
    listed = "、".join([*phrases, *named])
    summary = _clipped(central, _KEY_WIDTH - _width(head) - _width(listed))
    asked = _fitting(texts[KeyKind.QUESTION], _QUESTIONS_WIDTH)
    return "\n".join(line for line in (head, listed, summary, *asked) if line)


def _headings_of(chunk: Chunk, outline: Outline) -> tuple[list[Heading], list[Heading]]:
    """Return the headings that stand above the chunk, outermost first, and those inside it."""
    above: list[Heading] = []
    for depth in range(1, len(chunk.heading_path) + 1):
        same = outline.by_path.get(chunk.heading_path[:depth], ())
        before = bisect_left(same, chunk.start, key=_start)
        above += same[before - 1 : before] if before else []
    first = bisect_left(outline.headings, chunk.start, key=_start)
    last = bisect_left(outline.headings, chunk.end, key=_start)
    return above, list(outline.headings[first:last])


def _start(heading: Heading) -> int:
    return heading.start


def _central_sentence(
    document: Document,
    chunk: Chunk,
    sentences: Sequence[Sentence],
    inside: Sequence[Heading],
    ranked: tuple[Sequence[Word], Mapping[str, float]],
) -> tuple[int, int]:
    """Return the span of the sentence whose distinct words weigh most for its length.

    Like SumBasic (Nenkova & Vanderwende 2005), with the weight of a term for its probability.
    """
    words, scores = ranked
    starts = [word.start + chunk.start for word in words]
    best, span = -1.0, _trimmed(document.text, chunk.start, chunk.end)
    bonus = _OPENING_BONUS
    for start, end in inner_spans(document, chunk, sentences):
        if any(heading.start <= start and end <= heading.end for heading in inside):
            continue
        own = words[bisect_left(starts, start) : bisect_left(starts, end)]
        weight = sum(scores[term] for term in {word.term for word in own})
        score = bonus * weight / (len(own) + _DAMPING)
        bonus = 1.0
        if score > best:
            best, span = score, (start, end)
    return span


def inner_spans(
    document: Document, chunk: Chunk, sentences: Sequence[Sentence]
) -> Iterator[tuple[int, int]]:
    """Yield the sentences of a chunk, cut to it and without white space around them."""
    first = bisect_right(sentences, chunk.start, key=lambda sentence: sentence.end)
    last = bisect_left(sentences, chunk.end, key=lambda sentence: sentence.start)
    for sentence in sentences[first:last]:
        start, end = max(sentence.start, chunk.start), min(sentence.end, chunk.end)
        start, end = _trimmed(document.text, start, end)
        if start < end:
            yield start, end


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span without the white space at its ends."""
    words = text[start:end]
    start += len(words) - len(words.lstrip())
    return start, max(start, start + len(words.strip()))


def _width(text: str) -> float:
    """Return about how many Han characters a text is worth to the encoder."""
    wide = len(_WIDE.findall(text))
    return wide + (len(text) - wide) * _LATIN_WIDTH


def _clipped(text: str, width: float) -> str:
    """Return the start of a text up to a width."""
    if _width(text) <= width:
        return text
    for end, letter in enumerate(text):
        width -= 1.0 if _WIDE.match(letter) else _LATIN_WIDTH
        if width < 0:
            return text[:end].rstrip()
    return text


def _fitting(texts: Sequence[str], width: float) -> list[str]:
    """Return the texts that fit the width with a separator each, earlier ones first."""
    fitting = []
    for text in texts:
        if (needed := _width(text) + 1) <= width:
            fitting.append(text)
            width -= needed
    return fitting
