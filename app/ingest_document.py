"""The whole path of ingestion on one page: from a file's bytes to what the catalog stores."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from app.embed_levels import BY_STATISTICS, KeyInfo, Material, embed_levels
from ingestion.chunks import CountTokens
from ingestion.errors import EmptyDocument
from ingestion.key_info import KEYPHRASES, extract_keys, read_outline
from ingestion.parse import parse
from ingestion.ports import Advance, PassageEmbedder, Progress
from ingestion.records import (
    PLAIN,
    Chunk,
    Document,
    DocumentSummary,
    IndexedChunk,
    IngestedDocument,
    KeyEntry,
    ParseOptions,
    Sentence,
    Vectors,
)
from ingestion.sections import split_sections
from ingestion.sentences import split_sentences
from ingestion.strategies import Chunking
from ingestion.summaries import summarise

# Share of the whole job done when each stage begins: between what statutes in Markdown took
# (parsing 3 %) and a PDF of 300 pages (17 %).
STAGE_STARTS = {
    "parsing": 0.0,
    "structure": 0.08,
    "chunking": 0.09,
    "key_info": 0.12,
    "embedding": 0.18,
    "summary": 0.99,
}
Read = Callable[[bytes, str, ParseOptions, Advance], Document]
"""Reads a file's bytes as `ingestion.parse.parse` does."""
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


def ingest_document(
    content: bytes,
    name: str,
    options: ParseOptions = PLAIN,
    *,
    embedder: PassageEmbedder,
    chunking: Chunking,
    key_info: KeyInfo = BY_STATISTICS,
    progress: Progress,
    read: Read = parse,
) -> IngestedDocument:
    """Return a file's document with its chunks, key information, vectors and summary.

    name: the file's name. chunking: how it is cut. key_info: what key information it gets.
    progress: told of every stage, and during embedding after every slice of texts; what it raises
    ends the work. read: the parser. Raises IngestionError.
    """

    def advance(share: float) -> None:
        progress("parsing", share * STAGE_STARTS["structure"])

    advance(0.0)
    document = read(content, name, options, advance)
    return index_document(
        document, embedder=embedder, chunking=chunking, key_info=key_info, progress=progress
    )


def index_document(
    document: Document,
    *,
    embedder: PassageEmbedder,
    chunking: Chunking,
    key_info: KeyInfo = BY_STATISTICS,
    progress: Progress,
) -> IngestedDocument:
    """Return a parsed document with all that is indexed of it; see `ingest_document`."""
    cut = cut_document(
        document,
        count_tokens=embedder.count_tokens,
        chunking=chunking,
        most_phrases=key_info.candidates,
        progress=progress,
    )
    chunks = cut.chunks
    prefix = min(_LONGEST_PREFIX, _LONGEST_INPUT - _FRAME - chunking.limit)
    passages = [passage_text(document.title, chunk, longest_prefix=prefix) for chunk in chunks]

    def embedding(share: float) -> None:
        begin, end = STAGE_STARTS["embedding"], STAGE_STARTS["summary"]
        progress("embedding", begin + (end - begin) * share)

    material = Material(document, chunks, cut.sentences, passages, cut.keys)
    levels = embed_levels(material, key_info, embedder, embedding)
    document = levels.document
    progress("summary", STAGE_STARTS["summary"])
    text, keyphrases = summarise(document, cut.sentences, chunks, levels.raw_vectors, levels.keys)
    summary = DocumentSummary(
        text, keyphrases, _summary_vector(document.title, text, levels.raw_vectors, embedder)
    )
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
    return IngestedDocument(document, summary, indexed)


def cut_document(
    document: Document,
    *,
    count_tokens: CountTokens,
    chunking: Chunking,
    most_phrases: int = KEYPHRASES,
    progress: Progress,
) -> CutDocument:
    """Return a parsed document in chunks, with what each says. Raises EmptyDocument.

    most_phrases: keyphrases of a chunk.
    """
    progress("structure", STAGE_STARTS["structure"], len(document.text))
    sections = split_sections(document)
    sentences = []
    for section in sections:
        progress("structure", STAGE_STARTS["structure"])
        sentences.append(split_sentences(document, section))
    progress("chunking", STAGE_STARTS["chunking"])
    chunks = chunking.chunks(document, sections, sentences, count_tokens)
    if not chunks:
        raise EmptyDocument("The document has no text that could be indexed. Upload one that has.")
    progress("key_info", STAGE_STARTS["key_info"])
    outline, flat = read_outline(document, sections), list(chain.from_iterable(sentences))
    keys = [
        extract_keys(document, chunk, flat, outline, most_phrases=most_phrases) for chunk in chunks
    ]
    return CutDocument(document, flat, chunks, keys)


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
