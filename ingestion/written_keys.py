"""Key information that a generator words, tied to the text: asked for in time, checked, placed."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import islice

from ingestion.errors import KeysNotWritten
from ingestion.key_info import KEYPHRASES, inner_spans
from ingestion.ports import KeyWriter
from ingestion.records import (
    Chunk,
    Document,
    KeyEntry,
    KeyKind,
    Sentence,
    WrittenKeys,
)
from ingestion.words import content_words

_AT_ONCE = 4  # requests of one document: a server works on several in the time of one
_REPORT_SECONDS = 0.5


def ask_writer(
    writer: KeyWriter,
    document: Document,
    chunks: Sequence[Chunk],
    *,
    seconds: float,
    report: Callable[[float], None],
    clock: Callable[[], float] = time.monotonic,
) -> list[WrittenKeys | None]:
    """Return what the writer says of each chunk, None where it said nothing in time.

    seconds: after so long whatever is missing is done without; what is still under way then ends by
    itself. report: called at least every second with the share of chunks done, 0 to 1; what
    it raises ends the work.
    """
    deadline = clock() + seconds
    given_up = False

    def is_over() -> bool:
        return given_up or clock() >= deadline

    def ask(chunk: Chunk) -> WrittenKeys | None:
        if is_over():
            return None
        try:
            return writer.write(document, chunk, is_over)
        except KeysNotWritten:
            return None

    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="keys")
    futures = [pool.submit(ask, chunk) for chunk in chunks]
    try:
        pending: set[Future[WrittenKeys | None]] = set(futures)
        while pending and not is_over():
            report(1 - len(pending) / len(futures))
            patience = max(min(_REPORT_SECONDS, deadline - clock()), 0.0)
            _, pending = wait(pending, patience, FIRST_COMPLETED)
    finally:
        given_up = True
        # Whoever hangs on to a server's line does so no longer than that line's own limit.
        pool.shutdown(wait=False, cancel_futures=True)
    return [one.result() if one.done() and not one.cancelled() else None for one in futures]


def add_written(
    document: Document,
    chunks: Sequence[Chunk],
    sentences: Sequence[Sentence],
    keys: Sequence[Sequence[KeyEntry]],
    written: Sequence[WrittenKeys | None],
) -> list[tuple[KeyEntry, ...]]:
    """Return the key information of chunks together with what was written of them.

    sentences: of the whole document, in order. Written keyphrases go first, as far as they stand
    in the chunk; there are no more than before. Abstract and questions go last.
    """
    return [
        tuple(own) if said is None else tuple(_joined(document, chunk, sentences, own, said))
        for chunk, own, said in zip(chunks, keys, written, strict=True)
    ]


def with_shortfall(document: Document, written: Sequence[WrittenKeys | None]) -> Document:
    """Return the document with a warning where a generator failed to word key information."""
    missing = sum(1 for one in written if one is None)
    if not missing:
        return document
    warning = (
        f"The generator gave no key information for {missing} of {len(written)} chunks; "
        "they are found by their own words."
    )
    return replace(document, warnings=(*document.warnings, warning))


def _joined(
    document: Document,
    chunk: Chunk,
    sentences: Sequence[Sentence],
    keys: Sequence[KeyEntry],
    written: WrittenKeys,
) -> Iterator[KeyEntry]:
    found = [key for key in keys if key.kind is KeyKind.KEYPHRASE]
    phrases: dict[str, KeyEntry] = {}
    for key in (*_standing(document, chunk, written.keyphrases), *found):
        phrases.setdefault(key.text.casefold(), key)
    yield from (key for key in keys if key.kind is KeyKind.HEADING)
    yield from islice(phrases.values(), KEYPHRASES)
    yield from (key for key in keys if key.kind not in {KeyKind.HEADING, KeyKind.KEYPHRASE})
    if written.abstract:
        yield KeyEntry(KeyKind.ABSTRACT, written.abstract, chunk.start, chunk.end)
    spans = list(inner_spans(document, chunk, sentences))
    for question in written.questions:
        start, end = _answering(document, chunk, spans, question)
        yield KeyEntry(KeyKind.QUESTION, question, start, end)


def _standing(document: Document, chunk: Chunk, phrases: Sequence[str]) -> Iterator[KeyEntry]:
    """Yield the phrases that the chunk holds, in the words and with the span they have there."""
    for phrase in phrases:
        # Lines may break inside a phrase.
        form = r"\s+".join(map(re.escape, phrase.split()))
        if form and (match := re.search(form, chunk.text, re.IGNORECASE)):
            start, end = chunk.start + match.start(), chunk.start + match.end()
            yield KeyEntry(KeyKind.KEYPHRASE, document.text[start:end], start, end)


def _answering(
    document: Document, chunk: Chunk, spans: Sequence[tuple[int, int]], question: str
) -> tuple[int, int]:
    """Return the sentence that has most of the question's words, or the chunk if none has any."""
    asked = {word.term: word.weight for word in content_words(question)}

    def shared(span: tuple[int, int]) -> float:
        own = {word.term for word in content_words(document.text[slice(*span)])}
        return sum(weight for term, weight in asked.items() if term in own)

    best = max(spans, key=shared, default=(chunk.start, chunk.end))
    return best if shared(best) else (chunk.start, chunk.end)
