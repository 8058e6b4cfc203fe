"""`youju chunks`: where one file would be cut and what each chunk says, as lines or as JSON."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from app.embed_document import CutDocument
from app.file_walk import FoundFile, walk_files
from ingestion.errors import DocumentTooLarge
from ingestion.records import Chunk, KeyEntry

_SHOWN = 100  # characters of a chunk's text, and of a sentence among its keys
_INDENT = "   "


def read_file(path: Path, largest: int) -> bytes:
    """Return the bytes of a file.

    Raises OSError, with the reason, for what is no file; DocumentTooLarge above `largest` bytes.
    """
    if path.is_dir():
        raise IsADirectoryError("is a folder; name one file")
    (found,) = walk_files([path])
    if not isinstance(found, FoundFile):
        raise OSError(found.reason)
    size = path.stat().st_size
    if size > largest:
        raise DocumentTooLarge(size, largest)
    return path.read_bytes()


def chunk_lines(cut: CutDocument, tokens: Sequence[int]) -> Iterator[str]:
    """Yield lines for people: of each chunk its place, size and border, headings, words, keys."""
    for chunk, count, keys in zip(cut.chunks, tokens, cut.keys, strict=True):
        yield _place(chunk, count)
        if chunk.heading_path:
            yield _INDENT + _one_line(" > ".join(chunk.heading_path))
        yield _INDENT + _shortened(chunk.text)
        for kind, entries in groupby(keys, key=_kind):
            yield f"{_INDENT}{kind}: {'; '.join(_shortened(key.text) for key in entries)}"


def chunk_json(
    cut: CutDocument, tokens: Sequence[int], *, name: str, strategy: str, limit: int
) -> str:
    """Return all of it as one JSON object: spans are half-open and count code points."""
    document = cut.document
    parts = zip(cut.chunks, tokens, cut.keys, strict=True)
    whole = {
        "name": name,
        "title": document.title,
        "language": document.language,
        "media_type": document.media_type,
        "warnings": document.warnings,
        "strategy": strategy,
        "limit": limit,
        "chunks": [
            {
                **asdict(chunk),
                "tokens": count,
                "keys": [asdict(key) for key in keys],
            }
            for chunk, count, keys in parts
        ],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1)


def _place(chunk: Chunk, tokens: int) -> str:
    facts = [f"{chunk.ordinal}. [{chunk.start}–{chunk.end}]"]
    if chunk.page is not None:
        facts.append(f"page {chunk.page}")
    facts.append(f"{tokens} tokens")
    if chunk.coherence is not None:
        facts.append(f"goes on from the one before: {chunk.coherence:.2f}")
    return ", ".join(facts)


def _kind(key: KeyEntry) -> str:
    return key.kind.value


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _shortened(text: str) -> str:
    line = _one_line(text)
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
