"""Plain text and CSV."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from ingestion import encodings, media
from ingestion.builder import DraftBlock, build_document, normalise
from ingestion.numbering import demote_contents, heading_level, opens_block, opens_list_item
from ingestion.records import BlockKind, Document
from ingestion.reflow import display_width, join_lines

_WIDEST_WRAP = 130
_NARROWEST_WRAP = 50
_NEARLY_FULL = 0.7
_WRAPPED_SHARE = 0.6
_TITLE_WIDTH = 80
_LONGEST_CELL = 1 << 30
_DELIMITERS = ",;\t|"
_DIALECT_SAMPLE = 1 << 16
_DIALECT_ROWS = 50
_STOPS = tuple("。！？；：，、.!?;:,")


def parse_text(content: bytes, name: str) -> Document:
    """Return the document in plain text of any encoding. Raises EmptyDocument.

    Lines broken at a margin are joined; elsewhere each line is a paragraph. Headings are found
    by their numbers, and a short first line is the title.
    """
    text, warnings = encodings.decode(content)
    drafts = text_drafts(text)
    if len(drafts) > 1 and _is_title(drafts[0], drafts[1]):
        drafts[0] = DraftBlock(BlockKind.HEADING, drafts[0].text, 1)
    return build_document(drafts, name=name, media_type=media.TEXT, warnings=warnings)


def text_drafts(text: str) -> list[DraftBlock]:
    """Return the drafts of plain text, such as a message's body; none of them is a title."""
    lines = [line.strip(" \t\u3000") for line in normalise(text).split("\n")]
    return demote_contents([_draft(paragraph) for paragraph in _paragraphs(lines)])


def parse_csv(content: bytes, name: str) -> Document:
    """Return a document of one table, a row a line, cells joined by ' | '. Raises EmptyDocument.

    Cells may be parted by commas, semicolons, tabs or bars, as the first lines show.
    """
    text, warnings = encodings.decode(content)
    text = normalise(text)
    try:
        # The library's own limit on a cell is for all threads; it is set once, to what files have.
        csv.field_size_limit(_LONGEST_CELL)
        reader = csv.reader(io.StringIO(text), delimiter=_delimiter(text))
        rows = [" | ".join(_cell(cell) for cell in row) for row in reader]
    except csv.Error:
        rows = text.split("\n")
    table = DraftBlock(BlockKind.TABLE, "\n".join(row for row in rows if row.strip(" |")))
    return build_document([table], name=name, media_type=media.CSV, warnings=warnings)


def _delimiter(text: str) -> str:
    """Return what parts the cells: what most evenly does so in the first lines, else a comma."""
    best, most = ",", 0.0
    for delimiter in _DELIMITERS:
        try:
            sample = csv.reader(io.StringIO(text[:_DIALECT_SAMPLE]), delimiter=delimiter)
            # The last row may be cut off.
            widths = [len(row) for row in sample if row][:_DIALECT_ROWS] or [1]
        except csv.Error:
            continue
        width, count = Counter(widths[:-1] or widths).most_common(1)[0]
        # Of two that fit all rows alike, the one that makes more cells.
        score = 0.0 if width == 1 else count / len(widths) + min(width, 100) / 1000
        if score > most:
            best, most = delimiter, score
    return best


def _cell(cell: str) -> str:
    return " ".join(cell.split())


def _paragraphs(lines: list[str]) -> Iterator[str]:
    """Yield the paragraphs: what blank lines or, in text that is not wrapped, lines set apart."""
    width = _wrap_width(lines)
    run: list[str] = []
    for line in lines:
        if run and not (line and _continues(run[-1], line, width)):
            yield join_lines(run)
            run = []
        if line:
            run.append(line)
    if run:
        yield join_lines(run)


def _continues(above: str, line: str, width: int) -> bool:
    """Return whether the line goes on with the one above it; width: of the margin, 0 for none."""
    if opens_block(line):
        return False
    columns = display_width(above)
    if width and columns >= _NEARLY_FULL * width:
        return True
    # No sentence starts so: it was broken, at whatever width.
    return columns >= _NARROWEST_WRAP and line[0].islower() and not above.endswith(_STOPS)


def _wrap_width(lines: list[str]) -> int:
    """Return the columns of the margin at which the text was broken; 0 where it was not."""
    widths = sorted(display_width(line) for line in lines if line)
    if not widths:
        return 0
    width = widths[int(0.95 * (len(widths) - 1))]
    followed = [display_width(line) for line, after in pairwise(lines) if line and after]
    full = sum(length >= _NEARLY_FULL * width for length in followed)
    margin = _NARROWEST_WRAP <= width <= _WIDEST_WRAP and widths[-1] <= 1.5 * _WIDEST_WRAP
    return width if margin and full > _WRAPPED_SHARE * len(followed) else 0


def _draft(paragraph: str) -> DraftBlock:
    if level := heading_level(paragraph):
        return DraftBlock(BlockKind.HEADING, paragraph, level)
    if opens_list_item(paragraph):
        return DraftBlock(BlockKind.LIST_ITEM, paragraph)
    return DraftBlock(BlockKind.PARAGRAPH, paragraph)


def _is_title(first: DraftBlock, second: DraftBlock) -> bool:
    short = display_width(first.text) <= _TITLE_WIDTH and not first.text.endswith(_STOPS)
    return first.kind is BlockKind.PARAGRAPH and short and second.kind is not BlockKind.LIST_ITEM
