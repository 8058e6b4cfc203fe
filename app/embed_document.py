"""From a cut document to all that is indexed of it: what ingestion and re-embedding share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.embed_levels import BY_STATISTICS, KeyInfo, Material, embed_levels
from ingestion.ports import PassageEmbedder, Progress
from ingestion.records import (
    Chunk,
    Document,
    DocumentSummary,
    IndexedChunk,
    IngestedDocument,
    KeyEntry,
    Sentence,
    Vectors,
)
from ingestion.summaries import summarise

_LONGEST_INPUT, _FRAME = 512, 8  # encoder tokens; of them special tokens and the "passage:" prompt
_LONGEST_PREFIX = 120  # characters


@dataclass(frozen=True, slots=True)
class CutDocument:
    """A document in chunks, before anything of it is embedded.

    sentences: of the whole document, in order. keys: of each chunk, as `IndexedChunk` has them.
    """

    document: Document
    sentences: Sequence[Sentence]
    chunks: Sequence[Chunk]
    keys: Sequence[tuple[KeyEntry, ...]]


def embed_document(
    cut: CutDocument,
    *,
    embedder: PassageEmbedder,
    longest_chunk: int,
    key_info: KeyInfo = BY_STATISTICS,
    progress: Progress,
) -> IngestedDocument:
    """Return a document of at least one chunk with its vectors, key information and summary.

    longest_chunk: in the encoder's tokens. key_info: what becomes of the keys that are there.
    progress: told of each stage and the share of that stage done, 0 to 1.
    """
    document, chunks = cut.document, cut.chunks
    prefix = min(_LONGEST_PREFIX, _LONGEST_INPUT - _FRAME - longest_chunk)
    passages = [passage_text(document.title, chunk, longest_prefix=prefix) for chunk in chunks]
    material = Material(document, chunks, cut.sentences, passages, cut.keys)
    levels = embed_levels(material, key_info, embedder, lambda share: progress("embedding", share))
    progress("summary", 0.0)
    text, keyphrases = summarise(
        levels.document, cut.sentences, chunks, levels.raw_vectors, levels.keys
    )
    vector = _summary_vector(document.title, text, levels.raw_vectors, embedder)
    indexed = tuple(
        map(
            IndexedChunk,
            chunks,
            levels.keys,
            levels.key_texts,
            levels.raw_vectors,
            levels.key_vectors,
        )
    )
    progress("summary", 1.0)
    return IngestedDocument(levels.document, DocumentSummary(text, keyphrases, vector), indexed)


def passage_text(title: str, chunk: Chunk, *, longest_prefix: int = _LONGEST_PREFIX) -> str:
    """Return what is embedded of a chunk: "title > headings", a line break, the chunk's text.

    A chunk from the middle of a document says neither what it belongs to nor, often, what it is
    about (an article of a statute does not name the statute), so its vector would not know. What
    the text itself begins with is not repeated. longest_prefix: characters, in the encoder's
    tokens about as many or fewer; a longer prefix loses outer headings first, then its tail, so
    that none of the text is cut off.
    """
    names = [
        name
        for name in dict.fromkeys([title, *chunk.heading_path])
        if name and not chunk.text.startswith(name)
    ]
    while len(names) > 2 and len(" > ".join(names)) > longest_prefix:
        names.pop(1)
    prefix = " > ".join(names)[: max(longest_prefix, 0)].rstrip()
    return f"{prefix}\n{chunk.text}" if prefix else chunk.text


def _summary_vector(
    title: str, summary: str, raw_vectors: Vectors, embedder: PassageEmbedder
) -> NDArray[np.float32]:
    """Return the document's vector, (d,): a document of one chunk is that chunk."""
    alone = len(raw_vectors) == 1
    rows = raw_vectors if alone else embedder.embed_passages([f"{title}\n{summary}"])
    vector: NDArray[np.float32] = rows[0]
    return vector
