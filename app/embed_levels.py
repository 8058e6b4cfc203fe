"""From chunks and what statistics say of them to the vectors of both levels of the index."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ingestion.key_info import KEYPHRASES, is_its_own_key, key_text
from ingestion.keyphrase_ranking import CANDIDATES, distinct_phrases, keep_nearest_phrases
from ingestion.ports import KeyWriter, PassageEmbedder
from ingestion.records import (
    WRITTEN_KINDS,
    Chunk,
    Document,
    KeyEntry,
    Sentence,
    Vectors,
)
from ingestion.written_keys import add_written, ask_writer, with_shortfall

Report = Callable[[float], None]
"""Told the share done, 0 to 1; what it raises ends the work."""

_SLICE = 128  # texts between two reports of progress
# Share of the work done with the raw vectors, and before the last vectors.
_EMBEDDED, _EMBEDDED_BEFORE_WRITING, _WRITTEN = 0.7, 0.1, 0.95


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What key information chunks get. by_meaning: keyphrases are ranked by their vectors.

    writer: words more of it; None: nobody does. seconds: the longest it may take for a document.
    """

    by_meaning: bool = False
    writer: KeyWriter | None = None
    seconds: float = 300.0

    @property
    def candidates(self) -> int:
        """Return how many keyphrases statistics have to find for a chunk."""
        return CANDIDATES if self.by_meaning else KEYPHRASES


BY_STATISTICS = KeyInfo()
"""Only what the text itself says, told without a model."""


@dataclass(frozen=True, slots=True)
class Material:
    """A cut document. sentences: all, in order. passages: what is embedded of each chunk.

    keys: what statistics found for each chunk.
    """

    document: Document
    chunks: Sequence[Chunk]
    sentences: Sequence[Sentence]
    passages: Sequence[str]
    keys: Sequence[tuple[KeyEntry, ...]]


@dataclass(frozen=True, slots=True)
class Levels:
    """Both levels of a document of n chunks; vectors are unit rows, (n, d).

    document: with a warning if key information is missing.
    """

    document: Document
    keys: Sequence[tuple[KeyEntry, ...]]
    key_texts: Sequence[str]
    raw_vectors: Vectors
    key_vectors: Vectors


@dataclass(frozen=True, slots=True)
class _KeyTexts:
    """What level 1 embeds: a text for each chunk, and whose vector is not that of the chunk."""

    texts: Sequence[str]
    own: Sequence[int]

    def to_embed(self) -> list[str]:
        return [self.texts[index] for index in self.own]

    def vectors(self, raw: Vectors, embedded: Vectors) -> Vectors:
        vectors = raw.copy()
        vectors[self.own] = embedded
        return vectors


def embed_levels(
    material: Material, key_info: KeyInfo, embedder: PassageEmbedder, report: Report
) -> Levels:
    """Return the key information, key texts and vectors of a document with at least one chunk."""
    if key_info.by_meaning or key_info.writer is not None:
        return _after_raw_vectors(material, key_info, embedder, report)
    told = _key_texts(material, material.keys)
    vectors = _embed([*material.passages, *told.to_embed()], embedder, report)
    raw, own = np.split(vectors, [len(material.chunks)])
    return Levels(material.document, material.keys, told.texts, raw, told.vectors(raw, own))


def _after_raw_vectors(
    material: Material, key_info: KeyInfo, embedder: PassageEmbedder, report: Report
) -> Levels:
    """Return the levels where key texts wait for vectors, or for a writer."""
    embedded = _EMBEDDED if key_info.writer is None else _EMBEDDED_BEFORE_WRITING
    phrases = distinct_phrases(material.keys) if key_info.by_meaning else []
    texts = [*material.passages, *phrases]
    vectors = _embed(texts, embedder, _part(report, 0.0, embedded))
    raw, of_phrases = np.split(vectors, [len(material.chunks)])
    document, keys = material.document, material.keys
    if key_info.by_meaning:
        keys = keep_nearest_phrases(keys, raw, phrases, of_phrases)
    if key_info.writer is not None:
        written = ask_writer(
            key_info.writer,
            document,
            material.chunks,
            seconds=key_info.seconds,
            # Told as embedding, whose jobs keep their lane: a server's time is not a core's.
            report=_part(report, embedded, _WRITTEN),
        )
        keys = add_written(document, material.chunks, material.sentences, keys, written)
        document, embedded = with_shortfall(document, written), _WRITTEN
    told = _key_texts(material, keys)
    last = _part(report, embedded, 1.0)
    own = _embed(told.to_embed(), embedder, last) if told.own else raw[:0]
    return Levels(document, keys, told.texts, raw, told.vectors(raw, own))


def _key_texts(material: Material, keys: Sequence[tuple[KeyEntry, ...]]) -> _KeyTexts:
    title = material.document.title
    texts = [key_text(title, chunk, own) for chunk, own in zip(material.chunks, keys, strict=True)]
    says_more = [any(key.kind in WRITTEN_KINDS for key in own) for own in keys]
    own = [
        index
        for index, passage in enumerate(material.passages)
        if says_more[index] or not is_its_own_key(passage)
    ]
    return _KeyTexts(texts, own)


def _part(report: Report, begin: float, end: float) -> Report:
    return lambda share: report(begin + (end - begin) * share)


def _embed(texts: Sequence[str], embedder: PassageEmbedder, report: Report) -> Vectors:
    """Return one row per text, (n, d); progress goes by characters, as time does."""
    total, done = sum(map(len, texts)), 0
    rows = []
    for first in range(0, len(texts), _SLICE):
        report(done / max(total, 1))
        batch = texts[first : first + _SLICE]
        rows.append(embedder.embed_passages(batch))
        done += sum(map(len, batch))
    return np.concatenate(rows)
