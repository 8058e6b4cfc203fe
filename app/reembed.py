"""`youju reembed`: new vectors for documents that another encoder embedded, without reading files.

Takes what the catalog holds: chunks and their key information stay, and so do all ids. Vectors
and the summary, whose sentences are chosen by vectors, become what ingestion would make of them.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.embed_document import CutDocument, embed_document
from ingestion.ports import PassageEmbedder
from ingestion.records import IngestedDocument
from ingestion.sections import split_sections
from ingestion.sentences import split_sentences
from ingestion.store.embeddings import Embeddings
from ingestion.store.stored import EmbeddedDocument

_GROUP = 1000  # documents whose turn is planned at a time
_LINES = 100  # about as many are printed where there is no terminal


def reembed_documents(
    embeddings: Embeddings,
    embedder: PassageEmbedder,
    documents: Sequence[str],
    *,
    longest_chunk: int,
    lanes: int,
    console: Console,
) -> list[str]:
    """Embed documents anew, each in a transaction; returns those that could not be, by id.

    Killed at any moment, those that are done stay so. longest_chunk: the settings' `chunk_tokens`.
    lanes: documents under way at once, each in batches of its own as at ingestion: what a vector
    is to the last bit depends on the texts beside it.
    """
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    total, failed = len(documents), list[str]()
    step = max(1, total // _LINES)
    with bar:
        task = bar.add_task("embedding", total=total)
        done = _work(embeddings, embedder, documents, longest_chunk=longest_chunk, lanes=lanes)
        for number, (document_id, is_done) in enumerate(done, start=1):
            failed += [] if is_done else [document_id]
            bar.update(task, completed=number)
            if not console.is_terminal and (number % step == 0 or number == total):
                console.print(f"{number}/{total} documents", soft_wrap=True)
    return failed


def embed_anew(
    stored: EmbeddedDocument, embedder: PassageEmbedder, longest_chunk: int
) -> IngestedDocument:
    """Return what ingestion would make of a stored document with this embedder and its chunks."""
    document = stored.document
    sections = split_sections(document)
    sentences = chain.from_iterable(split_sentences(document, section) for section in sections)
    return embed_document(
        CutDocument(document, list(sentences), stored.chunks, stored.keys),
        embedder=embedder,
        longest_chunk=longest_chunk,
        progress=lambda _stage, _share, _characters=0: None,
    )


def _work(
    embeddings: Embeddings,
    embedder: PassageEmbedder,
    documents: Sequence[str],
    *,
    longest_chunk: int,
    lanes: int,
) -> Iterator[tuple[str, bool]]:
    """Yield each document's id, and whether it has its new vectors, as they come."""
    work = partial(_reembed, embeddings, embedder, longest_chunk)
    with ThreadPoolExecutor(lanes) as pool:
        try:
            for first in range(0, len(documents), _GROUP):
                group = documents[first : first + _GROUP]
                yield from zip(group, pool.map(work, group), strict=True)
        finally:
            # Stopped: what has begun ends, the rest waits for the next call.
            pool.shutdown(cancel_futures=True)


def _reembed(
    embeddings: Embeddings, embedder: PassageEmbedder, longest_chunk: int, document_id: str
) -> bool:
    stored = embeddings.read(document_id)
    if stored is None:
        return False
    return embeddings.replace(stored, embed_anew(stored, embedder, longest_chunk))
