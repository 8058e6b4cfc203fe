"""An extractive summary and the keyphrases of a whole document."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from ingestion.records import (
    BlockKind,
    Chunk,
    Document,
    KeyEntry,
    KeyKind,
    Language,
    Sentence,
    Vectors,
)

LONGEST: Mapping[Language, int] = {"zh": 300, "en": 600}
"""Characters of a summary; about as many tokens in either language."""

_LONGEST_SENTENCE: Mapping[Language, int] = {"zh": 140, "en": 280}
_SHORTEST_LEAD: Mapping[Language, int] = {"zh": 12, "en": 40}
_SENTENCES = 4
_KEYPHRASES = 10
_RELEVANCE = 0.7  # the rest goes to being unlike what the summary already has
_PROSE = (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM)
_STOPS = tuple("。！？.!?；;")


def summarise(
    document: Document,
    sentences: Sequence[Sentence],
    chunks: Sequence[Chunk],
    vectors: Vectors,
    keys: Sequence[Sequence[KeyEntry]],
) -> tuple[str, tuple[str, ...]]:
    """Return the summary, at most `LONGEST` characters, and the keyphrases, weightiest first.

    The summary is the first full sentence, then the summary sentences of the chunks nearest to
    the centroid and unlike each other (maximal marginal relevance, Carbonell & Goldstein 1998), in
    document order. sentences: of the document, in order. vectors: one unit row per chunk, (n, d).
    keys: of each chunk. O(n d).
    """
    spans: list[tuple[int, int]] = []
    room, longest = LONGEST[document.language], _LONGEST_SENTENCE[document.language]
    lead = _lead(document, sentences)
    said = [i for i, chunk in enumerate(chunks) for a, _ in lead if chunk.start <= a < chunk.end]
    for span in [*lead, *_central(vectors, keys, said)]:
        length = min(span[1] - span[0], longest) + 1
        if length <= room and not any(a < span[1] and span[0] < b for a, b in spans):
            spans.append(span)
            room -= length
        if len(spans) == _SENTENCES:
            break
    joint = " " if document.language == "en" else ""
    texts = [_clipped(document.text[a:b], longest) for a, b in sorted(spans)]
    return joint.join(texts), _keyphrases(keys)


def _lead(document: Document, sentences: Sequence[Sentence]) -> list[tuple[int, int]]:
    """Return the first sentence of prose that ends like one; datelines do not."""
    others = [block for block in document.blocks if block.kind not in _PROSE]
    starts = [block.start for block in others]
    for sentence in sentences:
        before = bisect_right(starts, sentence.start) - 1
        if before >= 0 and sentence.start < others[before].end:
            continue
        text = document.text[sentence.start : sentence.end].rstrip('”"』」）) ')
        if len(text) >= _SHORTEST_LEAD[document.language] and text.endswith(_STOPS):
            return [(sentence.start, sentence.end)]
    return []


def _central(
    vectors: Vectors, keys: Sequence[Sequence[KeyEntry]], said: Sequence[int]
) -> list[tuple[int, int]]:
    """Return the summary spans of the most central chunks, best first; `said` are spoken for."""
    centroid = vectors.mean(axis=0)
    nearness = vectors @ (centroid / max(float(np.linalg.norm(centroid)), 1e-9))
    likeness = np.max(vectors @ vectors[[*said]].T, axis=1, initial=0.0)
    spans: list[tuple[int, int]] = []
    left = np.ones(len(vectors), dtype=bool)
    while left.any() and len(spans) < 2 * _SENTENCES:
        gain = np.where(left, _RELEVANCE * nearness - (1 - _RELEVANCE) * likeness, -np.inf)
        best = int(gain.argmax())
        left[best] = False
        likeness = np.maximum(likeness, vectors @ vectors[best])
        spans += [(key.start, key.end) for key in keys[best] if key.kind is KeyKind.SUMMARY]
    return spans


def _keyphrases(keys: Sequence[Sequence[KeyEntry]]) -> tuple[str, ...]:
    """Return the phrases that rank high in many chunks."""
    scores: defaultdict[str, float] = defaultdict(float)
    for entries in keys:
        phrases = (key.text for key in entries if key.kind is KeyKind.KEYPHRASE)
        for rank, phrase in enumerate(phrases, start=1):
            scores[phrase] += 1 / rank
    return tuple(sorted(scores, key=lambda phrase: (-scores[phrase], phrase))[:_KEYPHRASES])


def _clipped(text: str, longest: int) -> str:
    """Return a sentence on one line, shortened where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
