"""From rows to blocks: tables, headings, and paragraphs joined across lines, columns and pages."""

import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingestion.builder import DraftBlock
from ingestion.numbering import (
    demote_contents,
    heading_level,
    opens_block,
    opens_list_item,
)
from ingestion.parsers.pdf_fragments import CURRENCY_SIGNS, LINE_HYPHENS
from ingestion.parsers.pdf_layout import Row
from ingestion.parsers.pdf_outline import Outline, outline_key
from ingestion.records import BlockKind, BoundingBox
from ingestion.reflow import gap_between

_LARGER = 1.14
"""How much larger than the body text a heading is set, at least."""
_HEADING_LENGTH = 160
_BOLD_HEADING_LENGTH = 100
_MOST_BOLD = 0.3
_SIZE_LEVELS = 4
_STOPS = tuple("。！？；.!?;:：”」』")
_NOT_HEADING_END = tuple("。；，、,;.!:：")
_NOT_HEADING_START = tuple(",.;:)]}，。；：、）")
_MARK_CELL = re.compile(
    r"[•●○◦▪■□‣·∙➢➤✓*–—-]|[(（]?[\w一二三四五六七八九十]{1,4}[.)）、]?|第.{1,8}[条章节编]|\d+(?:\.\d+)+"
)
_CELL_TAILS = (")", "%", "%)")
_LEADER = re.compile(r"(?:[.．…·]\s*){4,}")
_LETTER = re.compile(r"[^\W\d_]")
_LATIN_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class _Style:
    """What is usual in this document. levels: of headings by font size in half points."""

    body: float
    pitch: float
    levels: dict[float, int]
    bold_level: int | None
    words: frozenset[str]
    outline: Outline


def drafts_of(pages: Sequence[Sequence[Row]], outline: Outline) -> list[DraftBlock]:
    """Return the blocks of a document's rows, in reading order."""
    rows = [row for page in pages for row in _tidied(page)]
    if not rows:
        return []
    style = _style(rows, outline)
    drafts: list[DraftBlock] = []
    for is_table, run in _runs(rows):
        if is_table:
            drafts.append(_table(run))
        else:
            drafts += [_draft(group, style) for group in _groups(run, style)]
    return demote_contents(_without_repeated_headers(drafts))


def _tidied(page: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows, currency signs and list marks put into the cell that they belong to."""
    for row in page:
        cells = list(row.cells)
        if len(cells) == 2 and _MARK_CELL.fullmatch(cells[0]) and not cells[1][:1].isdigit():
            cells = [" ".join(cells)]
        merged: list[str] = []
        for cell in cells:
            if merged and (merged[-1] in CURRENCY_SIGNS or cell in _CELL_TAILS):
                merged[-1] += " " + cell
            else:
                merged.append(cell)
        yield replace(row, cells=tuple(merged))


def _style(rows: Sequence[Row], outline: Outline) -> _Style:
    letters: Counter[float] = Counter()
    bold = 0
    for row in rows:
        letters[_half_points(row.size)] += len(row.text)
        bold += len(row.text) * row.bold
    body = letters.most_common(1)[0][0]
    total = letters.total()
    # A size in which much is written is another text, not headings.
    larger = [
        size for size, count in letters.items() if size >= _LARGER * body and count <= 0.2 * total
    ]
    below = max(outline.levels.values(), default=0)
    sizes = sorted(larger, reverse=True)
    levels = {size: min(6, below + min(rank, _SIZE_LEVELS)) for rank, size in enumerate(sizes, 1)}
    deepest = max(levels.values(), default=below)
    return _Style(
        body=body,
        pitch=_pitch(rows, body),
        levels=levels,
        bold_level=min(6, deepest + 1) if bold <= _MOST_BOLD * total else None,
        words=frozenset(word.lower() for row in rows for word in _LATIN_WORD.findall(row.text)),
        outline=outline,
    )


def _half_points(size: float) -> float:
    return round(size * 2) / 2


def _pitch(rows: Sequence[Row], body: float) -> float:
    """Return the usual distance of two baselines, in font sizes."""
    pitches = [
        (above.baseline - below.baseline) / above.size
        for above, below in pairwise(rows)
        if _side_by_side(above, below) and _half_points(above.size) == body
    ]
    return statistics.median([pitch for pitch in pitches if 0.8 <= pitch <= 2.5] or [1.3])


def _side_by_side(above: Row, below: Row) -> bool:
    return (above.page, above.column) == (below.page, below.column)


def _runs(rows: Sequence[Row]) -> Iterator[tuple[bool, list[Row]]]:
    """Yield the rows in runs: tables (at least two rows of cells) and everything else."""
    in_table = [len(row.cells) > 1 and not _LEADER.search(row.text) for row in rows]
    for index in range(1, len(rows) - 1):
        # A label without figures stands inside a table.
        lonely = in_table[index - 1] and in_table[index + 1] and not in_table[index]
        short = rows[index].box.right - rows[index].box.left < 0.6 * (
            rows[index].column_right - rows[index].column_left
        )
        near = rows[index - 1].baseline - rows[index + 1].baseline < 5 * rows[index].size
        if lonely and short and near and _side_by_side(rows[index - 1], rows[index + 1]):
            in_table[index] = True
    start = 0
    for index in range(1, len(rows) + 1):
        alike = index < len(rows) and in_table[index] == in_table[start]
        if alike and (not in_table[start] or _side_by_side(rows[index - 1], rows[index])):
            continue
        run = list(rows[start:index])
        yield in_table[start] and len(run) > 1, run
        start = index


def _table(rows: list[Row]) -> DraftBlock:
    lines = [" | ".join(_plain(cell) for cell in row.cells) for row in rows]
    return DraftBlock(BlockKind.TABLE, "\n".join(lines), 0, rows[0].page, _box(rows))


def _groups(rows: list[Row], style: _Style) -> Iterator[list[Row]]:
    group: list[Row] = []
    for row in rows:
        if group and not _continues(group, row, style):
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def _continues(group: list[Row], row: Row, style: _Style) -> bool:
    """Return whether the row goes on with the paragraph or heading above it."""
    last = group[-1]
    if abs(last.size - row.size) > 0.12 * last.size or opens_block(row.text):
        return False
    if _row_level(last, style) != _row_level(row, style):
        return False
    if not _side_by_side(last, row):
        return _flows_on(last, row, style)
    pitch = (last.baseline - row.baseline) / last.size
    if not 0 < pitch <= 1.3 * max(style.pitch, 1.0):
        return False
    if _row_level(last, style):
        return True
    return not _ended_early(last, row) and _same_indent(group, row)


def _flows_on(last: Row, row: Row, style: _Style) -> bool:
    """Return whether a paragraph goes on in the next column or on the next page."""
    if _row_level(last, style) or last.column < 0 or row.column < 0:
        return False
    if last.text.endswith(_STOPS) or row.box.left > row.column_left + 0.9 * row.size:
        return False
    return row.page - last.page <= 1 and not _ended_early(last, row)


def _ended_early(last: Row, row: Row) -> bool:
    """Return whether the next row's first word had room on the last row: its end was meant."""
    if last.text.endswith((*LINE_HYPHENS, "-")):
        return False
    first = row.text.split(" ", 1)[0]
    if not first.isascii():
        first = first[:2]
    width = (row.box.right - row.box.left) * len(first) / max(1, len(row.text))
    room = last.column_right - last.box.right
    return room > width + (1.5 if last.text.endswith(_STOPS) else 3.0) * last.size


def _same_indent(group: list[Row], row: Row) -> bool:
    last = group[-1]
    shift = (row.box.left - last.box.left) / row.size
    if len(group) > 1:
        return abs(shift) <= 0.9
    if opens_list_item(group[0].text):
        return -4.5 <= shift <= 4.5
    set_in = last.box.left > last.column_left + 0.9 * last.size
    if set_in and abs(shift) <= 0.3 and last.text.endswith(_STOPS):
        # Two first lines below each other: paragraphs of one line.
        return False
    # The first line of a paragraph may be set in, the second may not.
    return -4.5 <= shift <= 0.9


def _row_level(row: Row, style: _Style) -> int:
    """Return the heading level that size, weight or the outline give a row; 0 for text."""
    if level := style.outline.levels.get((row.page, outline_key(row.text))):
        return level
    if row.column < 0 or len(row.cells) > 1 or row.text.startswith(_NOT_HEADING_START):
        return 0
    level = style.levels.get(_half_points(row.size))
    if level and _LETTER.search(row.text):
        return level
    worded = _LETTER.search(row.text[1:]) is not None
    short = (
        worded and len(row.text) <= _BOLD_HEADING_LENGTH and not row.text.endswith(_NOT_HEADING_END)
    )
    return style.bold_level if style.bold_level and row.bold and short else 0


def _draft(group: list[Row], style: _Style) -> DraftBlock:
    text = _text_of(group, style)
    kind, level = BlockKind.PARAGRAPH, _level(group, text, style)
    if level:
        kind = BlockKind.HEADING
    elif opens_list_item(text) or _LEADER.search(text):
        kind = BlockKind.LIST_ITEM
    text = _LEADER.sub(" ", text)
    return DraftBlock(kind, text, level, group[0].page, _box(group))


def _level(group: list[Row], text: str, style: _Style) -> int:
    outlined = style.outline.levels.get((group[0].page, outline_key(text)))
    if outlined:
        return outlined
    if len(text) > _HEADING_LENGTH or _LEADER.search(text) or text.endswith("。"):
        return 0
    numbered = heading_level(text)
    looks = _row_level(group[0], style)
    if numbered and len(group) <= 2:
        return numbered
    return looks if len(group) <= 4 and len(_LETTER.findall(text)) > 1 else 0


def _text_of(group: list[Row], style: _Style) -> str:
    text = ""
    for row in group:
        line = row.text
        if not text:
            text = line
        elif text.endswith(LINE_HYPHENS) or (text.endswith("-") and text[-2:-1].isalpha()):
            text = _unhyphenated(text, line, style.words)
        else:
            text += gap_between(text, line) + line
    return _plain(text)


def _unhyphenated(text: str, line: str, words: frozenset[str]) -> str:
    """Return both lines joined; the hyphen stays where the document writes the word with one."""
    stem = text[:-1]
    before = re.search(r"[\w-]*$", stem)
    after = re.match(r"[\w-]*", line)
    left, right = before[0] if before else "", after[0] if after else ""
    hyphenated = f"{left}-{right}".lower() in words and f"{left}{right}".lower() not in words
    splits = right[:1].islower() and left[-1:].isalpha() and not hyphenated
    return stem + ("" if splits else "-") + line


def _plain(text: str) -> str:
    for hyphen in LINE_HYPHENS:
        text = text.replace(hyphen, "-")
    return text


def _box(rows: list[Row]) -> BoundingBox:
    """Return the box of the rows in the place where the block begins."""
    boxes = [row.box for row in rows if _side_by_side(row, rows[0])]
    return BoundingBox(
        left=min(box.left for box in boxes),
        bottom=min(box.bottom for box in boxes),
        right=max(box.right for box in boxes),
        top=max(box.top for box in boxes),
    )


def _without_repeated_headers(drafts: list[DraftBlock]) -> list[DraftBlock]:
    """Return the drafts, the header that a table repeats on its next page kept once."""
    result: list[DraftBlock] = []
    header = ""
    for draft in drafts:
        first, _, rest = draft.text.partition("\n")
        after_table = result and result[-1].kind is BlockKind.TABLE
        if draft.kind is not BlockKind.TABLE:
            result.append(draft)
        elif after_table and first == header and rest:
            result.append(replace(draft, text=rest))
        else:
            header = first
            result.append(draft)
    return result
