"""The whole path of ingestion on one page: from a file's bytes to what the catalog stores."""

from collections.abc import Callable
from itertools import chain

from app.embed_document import CutDocument, embed_document
from app.embed_levels import BY_STATISTICS, KeyInfo
from ingestion.chunks import CountTokens
from ingestion.errors import EmptyDocument
from ingestion.key_info import KEYPHRASES, extract_keys, read_outline
from ingestion.parse import parse
from ingestion.ports import Advance, PassageEmbedder, Progress
from ingestion.records import PLAIN, Document, IngestedDocument, ParseOptions
from ingestion.sections import split_sections
from ingestion.sentences import split_sentences
from ingestion.strategies import Chunking

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
_STAGE_ENDS = dict(zip(STAGE_STARTS, [*list(STAGE_STARTS.values())[1:], 1.0], strict=True))
Read = Callable[[bytes, str, ParseOptions, Advance], Document]
"""Reads a file's bytes as `ingestion.parse.parse` does."""


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

    def embedding(stage: str, share: float, _characters: int = 0) -> None:
        begin, end = STAGE_STARTS[stage], _STAGE_ENDS[stage]
        progress(stage, begin + (end - begin) * share)

    return embed_document(
        cut,
        embedder=embedder,
        longest_chunk=chunking.limit,
        key_info=key_info,
        progress=embedding,
    )


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
