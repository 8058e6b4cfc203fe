"""From rows to blocks: paragraphs joined across lines, columns and pages, and all around them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ingestion.builder import DraftBlock
from ingestion.numbering import demote_contents, opens_block, opens_list_item
from ingestion.parsers.pdf.captions import is_caption, is_caption_number, is_continuation
from ingestion.parsers.pdf.code import code_runs, code_text
from ingestion.parsers.pdf.footnotes import part_footnotes
from ingestion.parsers.pdf.fragments import LINE_HYPHENS
from ingestion.parsers.pdf.headings import (
    LEADER,
    Style,
    level_of,
    row_level,
    side_by_side,
    style_of,
)
from ingestion.parsers.pdf.layout import Row
from ingestion.parsers.pdf.outline import Outline
from ingestion.parsers.pdf.tables import (
    Table,
    table_draft,
    table_of,
    table_runs,
    tidied,
    whole_table,
)
from ingestion.records import BlockKind, BoundingBox
from ingestion.reflow import gap_between

_STOPS = tuple("。！？；.!?;:：”」』")
_REFERENCE = re.compile(r"\[(\d{1,3})\]\s*\S")
_BULLET_SIZE = 0.35
_SAME_SIZE = 0.12
_MOST_FLOATS = 12


@dataclass(frozen=True, slots=True)
class _Listing:
    """The rows of a piece of program text."""

    rows: list[Row]


_Part = Table | _Listing | list[Row]


def drafts_of(pages: Sequence[Sequence[Row]], outline: Outline) -> list[DraftBlock]:
    """Return the blocks of a document's rows, in reading order.

    Footnotes come after the last block that begins on their page.
    """
    rows = [tidied(row) for page in pages for row in page]
    if not rows:
        return []
    style = style_of(rows, outline)
    flow, notes = part_footnotes(rows, style.body)
    parts = _bridged(_joined(_parts(flow, style)), style)
    drafts: list[DraftBlock] = []
    for part in parts:
        page = _rows_of(part)[0].page
        while notes and notes[0][0].page < page:
            drafts.append(_note(notes.pop(0), style))
        drafts.append(_draft(part, style))
    drafts += [_note(note, style) for note in notes]
    return demote_contents(drafts)


def _parts(rows: Sequence[Row], style: Style) -> Iterator[_Part]:
    for is_code, listed in code_runs(rows):
        if is_code:
            yield _Listing(listed)
            continue
        text: list[Row] = []
        for is_table, run in table_runs(listed):
            table = table_of(run) if is_table else None
            if table is None:
                text += run
                continue
            yield from _groups(text, style)
            text = []
            yield table
        yield from _groups(text, style)


def _joined(parts: Iterable[_Part]) -> list[_Part]:
    """Return the parts, a table that goes on on the next page made one.

    Nothing lies between, or only a line that says so (续表).
    """
    joined: list[_Part] = []
    for part in parts:
        if isinstance(part, Table):
            says = len(joined) > 1 and _says_continued(joined[-1])
            above = joined[-1 - says] if joined else None
            if isinstance(above, Table) and (whole := whole_table(above, part)):
                joined[-1 - says :] = [whole]
                continue
        joined.append(part)
    return joined


def _says_continued(part: _Part) -> bool:
    return isinstance(part, list) and is_continuation(" ".join(row.text for row in part))


def _rows_of(part: _Part) -> Sequence[Row]:
    return part if isinstance(part, list) else part.rows


def _groups(rows: Sequence[Row], style: Style) -> Iterator[list[Row]]:
    group: list[Row] = []
    for row in rows:
        if group and not _continues(group, row, style):
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def _continues(group: list[Row], row: Row, style: Style) -> bool:
    """Return whether the row goes on with the paragraph, item or heading above it."""
    last = group[-1]
    listed = len(group) == 1 and opens_list_item(last.text)
    if abs(last.size - row.size) > (_BULLET_SIZE if listed else _SAME_SIZE) * last.size:
        return False
    if opens_block(row.text) or _opens_reference(group, row):
        return False
    level = row_level(last, style)
    if level != row_level(row, style):
        return False
    if not side_by_side(last, row):
        return _flows_on(last, row, style)
    pitch = (last.baseline - row.baseline) / last.size
    if not 0 < pitch <= 1.3 * max(style.pitch, 1.0):
        return False
    if level or (len(group) == 1 and is_caption_number(last.text)):
        return True
    if is_caption(row.text) and last.text.endswith(_STOPS):
        return False
    return not _ended_early(last, row) and _same_indent(group, row)


def _opens_reference(group: list[Row], row: Row) -> bool:
    """Return whether the row is the next entry of a list of references ([2] after [1])."""
    match = _REFERENCE.match(row.text)
    if match is None:
        return False
    before = _REFERENCE.match(group[0].text)
    return int(match[1]) == (int(before[1]) + 1 if before else 1)


def _flows_on(last: Row, row: Row, style: Style) -> bool:
    """Return whether a paragraph goes on in the next column or on the next page."""
    if row_level(last, style) or last.column < 0 or row.column < 0:
        return False
    if last.text.endswith(_STOPS) or is_caption(row.text):
        return False
    indent = row.box.left - row.column_left
    if indent > 0.9 * row.size and abs(indent - (last.box.left - last.column_left)) > row.size:
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
    if opens_list_item(group[0].text) or _REFERENCE.match(group[0].text):
        return -4.5 <= shift <= 4.5
    set_in = last.box.left > last.column_left + 0.9 * last.size
    if set_in and abs(shift) <= 0.3 and last.text.endswith(_STOPS):
        # Two first lines below each other: paragraphs of one line.
        return False
    # The first line of a paragraph may be set in, the second may not.
    return -4.5 <= shift <= 0.9


def _bridged(parts: list[_Part], style: Style) -> list[_Part]:
    """Return the parts, a paragraph that goes on behind figures and tables made whole.

    It must end in the middle of a sentence, and the first paragraph of the body text after what
    stands between must go on with it. What stood between comes after it.
    """
    body = [isinstance(part, list) and _is_body(part, style) for part in parts]
    result: list[_Part] = []
    taken: set[int] = set()
    for index, part in enumerate(parts):
        if index in taken:
            continue
        if not (isinstance(part, list) and body[index]):
            result.append(part)
            continue
        whole = [*part]
        while (at := _continuation(whole, parts, index, body, taken, style)) is not None:
            taken.add(at)
            whole += _rows_of(parts[at])
        result.append(whole)
    return result


def _continuation(
    group: list[Row],
    parts: Sequence[_Part],
    index: int,
    body: Sequence[bool],
    taken: set[int],
    style: Style,
) -> int | None:
    """Return the index of the part that goes on with a paragraph behind what stands between."""
    last = group[-1]
    if last.text.endswith(_STOPS):
        return None
    near = range(index + 1, min(index + 2 + _MOST_FLOATS, len(parts)))
    free = [at for at in near if at not in taken]
    at = next((at for at in free if body[at]), None)
    if at is None or at == free[0]:
        return None
    first = _rows_of(parts[at])[0]
    wide = "\u4e00" <= first.text[0] <= "\u9fff" and last.text[-1] not in "）)"
    if not (first.text[0].islower() or wide) or side_by_side(last, first):
        return None
    opens = opens_block(first.text) or _opens_reference(group, first)
    return at if _flows_on(last, first, style) and not opens else None


def _is_body(group: list[Row], style: Style) -> bool:
    """Return whether a group is running text: neither heading nor caption, nor of another size."""
    row = group[-1]
    return (
        row.column >= 0
        and abs(row.size - style.body) <= _SAME_SIZE * style.body
        and not row_level(row, style)
        and not is_caption(group[0].text)
        and (len(group) > 1 or row.box.right - row.box.left > 0.5 * _width(row))
    )


def _width(row: Row) -> float:
    return row.column_right - row.column_left


def _draft(part: _Part, style: Style) -> DraftBlock:
    if isinstance(part, Table):
        return table_draft(part, _box(part.rows))
    if isinstance(part, _Listing):
        return DraftBlock(
            BlockKind.CODE, code_text(part.rows), 0, part.rows[0].page, _box(part.rows)
        )
    text = _text_of(part, style)
    kind, level = BlockKind.PARAGRAPH, level_of(part, text, style)
    if is_caption(text):
        kind, level = BlockKind.CAPTION, 0
    elif level:
        kind = BlockKind.HEADING
    elif opens_list_item(text) or LEADER.search(text) or _is_reference(part):
        kind = BlockKind.LIST_ITEM
    text = LEADER.sub(" ", text)
    return DraftBlock(kind, text, level, part[0].page, _box(part))


def _is_reference(group: Sequence[Row]) -> bool:
    hanging = len(group) > 1 and group[1].box.left > group[0].box.left + 0.5 * group[0].size
    return _REFERENCE.match(group[0].text) is not None and hanging


def _note(rows: Sequence[Row], style: Style) -> DraftBlock:
    return DraftBlock(BlockKind.FOOTNOTE, _text_of(rows, style), 0, rows[0].page, _box(rows))


def _text_of(group: Sequence[Row], style: Style) -> str:
    text = ""
    for row in group:
        line = row.text
        if not text:
            text = line
        elif text.endswith(LINE_HYPHENS) or (text.endswith("-") and text[-2:-1].isalpha()):
            text = _unhyphenated(text, line, style.words)
        else:
            text += gap_between(text, line) + line
    for hyphen in LINE_HYPHENS:
        text = text.replace(hyphen, "-")
    return text


def _unhyphenated(text: str, line: str, words: frozenset[str]) -> str:
    """Return both lines joined; the hyphen stays where the document writes the word with one."""
    stem = text[:-1]
    before = re.search(r"[\w-]*$", stem)
    after = re.match(r"[\w-]*", line)
    left, right = before[0] if before else "", after[0] if after else ""
    whole = f"{left}{right}".lower() in words
    hyphenated = f"{left}-{right}".lower() in words and not whole
    splits = (right[:1].islower() or whole) and left[-1:].isalpha() and not hyphenated
    return stem + ("" if splits else "-") + line


def _box(rows: Sequence[Row]) -> BoundingBox:
    """Return the box of the rows in the place where the block begins."""
    boxes = [row.box for row in rows if side_by_side(row, rows[0])]
    return BoundingBox(
        left=min(box.left for box in boxes),
        bottom=min(box.bottom for box in boxes),
        right=max(box.right for box in boxes),
        top=max(box.top for box in boxes),
    )
