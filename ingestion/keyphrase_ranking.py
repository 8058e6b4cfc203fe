"""Choose keyphrases by their meaning: near their chunk's and unlike each other's.

Candidates are the best of those that statistics find; compare KeyBERT (Grootendorst 2020).
"""

from collections.abc import Sequence

import numpy as np

from ingestion.key_info import KEYPHRASES
from ingestion.records import KeyEntry, KeyKind, Vectors

CANDIDATES = 24
"""Keyphrases of a chunk to choose from."""

_RELEVANCE = 0.7  # the rest goes to being unlike the phrases chosen before


def distinct_phrases(keys: Sequence[Sequence[KeyEntry]]) -> list[str]:
    """Return each keyphrase of a document's chunks once, in order of first occurrence."""
    phrases = (key.text for own in keys for key in own if key.kind is KeyKind.KEYPHRASE)
    return list(dict.fromkeys(phrases))


def keep_nearest_phrases(
    keys: Sequence[Sequence[KeyEntry]],
    chunk_vectors: Vectors,
    phrases: Sequence[str],
    phrase_vectors: Vectors,
    *,
    limit: int = KEYPHRASES,
) -> list[tuple[KeyEntry, ...]]:
    """Return the key information of n chunks with at most `limit` keyphrases each, best first.

    chunk_vectors: unit rows, (n, d). phrases: at least all of `keys`, once each, and their
    vectors, unit rows, (p, d). Entries of other kinds stay as they are. O(n · candidates² · d).
    """
    row_of = {phrase: row for row, phrase in enumerate(phrases)}
    kept = []
    for own, vector in zip(keys, chunk_vectors, strict=True):
        found = [key for key in own if key.kind is KeyKind.KEYPHRASE]
        vectors = phrase_vectors[[row_of[key.text] for key in found]]
        best = iter([found[at] for at in _diverse(vectors @ vector, vectors @ vectors.T, limit)])
        others = [key for key in own if key.kind is not KeyKind.KEYPHRASE]
        place = next((at for at, key in enumerate(own) if key.kind is KeyKind.KEYPHRASE), 0)
        kept.append((*others[:place], *best, *others[place:]))
    return kept


def _diverse(nearness: Vectors, likeness: Vectors, limit: int) -> list[int]:
    """Return up to `limit` of c candidates by maximal marginal relevance, best first.

    Carbonell & Goldstein (1998). nearness: to what is sought, (c,). likeness: of each other,
    (c, c). Ties: the earlier.
    """
    chosen: list[int] = []
    nearest_chosen = np.zeros_like(nearness)
    left = np.ones(len(nearness), dtype=bool)
    while left.any() and len(chosen) < limit:
        gain = _RELEVANCE * nearness - (1 - _RELEVANCE) * nearest_chosen
        best = int(np.where(left, gain, -np.inf).argmax())
        left[best] = False
        chosen.append(best)
        nearest_chosen = np.maximum(nearest_chosen, likeness[best])
    return chosen
