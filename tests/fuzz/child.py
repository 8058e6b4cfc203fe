"""A parser process that says where an unexpected error arose, and checks the documents it makes."""

import faulthandler
import sys
import traceback
from pathlib import Path

from ingestion import parser_child
from ingestion.errors import IngestionError, ParserFailed
from ingestion.parse import parse
from ingestion.ports import Advance
from ingestion.records import BlockKind, Document, ParseOptions

ROOT = Path(__file__).parents[2]


def parse_and_check(content: bytes, name: str, options: ParseOptions, advance: Advance) -> Document:
    """Parse; what is neither a sound document nor an IngestionError is told with its place."""
    try:
        document = parse(content, name, options, advance)
    except (IngestionError, MemoryError):
        raise
    except Exception as exc:
        raise ParserFailed("internal_error", f"{type(exc).__name__} {_place(exc)}: {exc}") from exc
    if flaw := flaw_of(document):
        raise ParserFailed("unsound_document", flaw)
    return document


def flaw_of(document: Document) -> str:
    """Return what a document breaks of its own contract; '' where it keeps it."""
    text, end = document.text, 0
    try:
        (document.title + text + "".join(document.warnings)).encode()
    except UnicodeEncodeError:
        return "text that is no Unicode"
    if not document.blocks:
        return "no blocks"
    for block in document.blocks:
        if not end <= block.start < block.end <= len(text):
            return "blocks out of order, empty or outside the text"
        if text[end : block.start].strip():
            return "text outside blocks"
        if (block.kind is BlockKind.HEADING) != (block.level in range(1, 7)):
            return "a level that does not fit the kind"
        if block.page is not None and not 1 <= block.page <= (document.page_count or 0):
            return "a page that is not there"
        end = block.end
    return "text after the last block" if text[end:].strip() else ""


def _place(error: BaseException) -> str:
    """Return where in the project it was raised, and where in a library if there."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if (ROOT / "ingestion") in Path(frame.filename).parents]
    ends = dict.fromkeys([ours[-1] if ours else frames[-1], frames[-1]])
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in ends)


parser_child.parse = parse_and_check

if __name__ == "__main__":
    faulthandler.enable()
    parser_child.main(sys.argv[1:])
