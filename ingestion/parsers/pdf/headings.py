"""Which rows of a PDF are headings, and of which level: by outline, number, size and weight."""

import re
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingestion.numbering import heading_level
from ingestion.parsers.pdf.layout import Row
from ingestion.parsers.pdf.outline import Outline

_LARGER = 1.14
"""How much larger than the body text a heading is set, at least."""
_HEADING_LENGTH = 160
_BOLD_HEADING_LENGTH = 100
_MOST_BOLD = 0.3
_LEAST_BOLD = 0.9
"""Of the body text's size, at least, a heading is set in that only its weight tells."""
_SIZE_LEVELS = 4
_NOT_HEADING_END = tuple("。；，、,;.!:：")
_NOT_HEADING_START = tuple(",.;:)]}，。；：、）•●○◦▪■□‣·∙➢➤✓*–—-")
LEADER = re.compile(r"(?:[.．…·]\s*){4,}")
"""The points between a line of a table of contents and its page."""
_LETTER = re.compile(r"[^\W\d_]")
_LATIN_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Style:
    """What is usual in a document. levels: of headings by font size in half points."""

    body: float
    pitch: float
    levels: dict[float, int]
    bold_level: int | None
    words: frozenset[str]
    outline: Outline


def style_of(rows: Sequence[Row], outline: Outline) -> Style:
    """Return what is usual in the rows of a document, of which there is at least one."""
    letters: Counter[float] = Counter()
    bold = 0
    words: set[str] = set()
    for row in rows:
        words.update(_LATIN_WORD.findall(row.text))
        letters[_half_points(row.size)] += len(row.text)
        bold += len(row.text) * row.bold
    body = letters.most_common(1)[0][0]
    total = letters.total()
    # A size in which much is written is another text, not headings.
    larger = [
        size for size, count in letters.items() if size >= _LARGER * body and count <= 0.2 * total
    ]
    levels = _size_levels(larger, rows, outline)
    deepest = max([*levels.values(), *outline.levels.values()], default=0)
    return Style(
        body=body,
        pitch=_pitch(rows, body),
        levels=levels,
        bold_level=min(6, deepest + 1) if bold <= _MOST_BOLD * total else None,
        words=frozenset(map(str.lower, words)),
        outline=outline,
    )


def _size_levels(
    larger: Sequence[float], rows: Sequence[Row], outline: Outline
) -> dict[float, int]:
    """Return the level of each size larger than the body's, as the outline has it if it does.

    A size that the outline does not know is one level below the next larger one.
    """
    known: dict[float, Counter[int]] = {}
    for row in rows:
        if level := outline.level_at(row.page, row.text):
            known.setdefault(_half_points(row.size), Counter())[level] += 1
    levels: dict[float, int] = {}
    deepest = 0
    for size in sorted(larger, reverse=True):
        level = known[size].most_common(1)[0][0] if size in known else deepest + 1
        levels[size] = min(6, level if size in known else min(level, _SIZE_LEVELS + deepest))
        deepest = max(deepest, levels[size]) if size in known or deepest < _SIZE_LEVELS else deepest
    return levels


def _half_points(size: float) -> float:
    return round(size * 2) / 2


def _pitch(rows: Sequence[Row], body: float) -> float:
    """Return the usual distance of two baselines, in font sizes."""
    pitches = [
        (above.baseline - below.baseline) / above.size
        for above, below in pairwise(rows)
        if side_by_side(above, below) and _half_points(above.size) == body
    ]
    return statistics.median([pitch for pitch in pitches if 0.8 <= pitch <= 2.5] or [1.3])


def side_by_side(above: Row, below: Row) -> bool:
    """Return whether two rows stand in one column of one page."""
    return (above.page, above.column) == (below.page, below.column)


def row_level(row: Row, style: Style) -> int:
    """Return the heading level that size, weight or the outline give a row; 0 for text."""
    if outlined := style.outline.level_at(row.page, row.text):
        return outlined
    if row.column < 0 or len(row.cells) > 1 or row.text.startswith(_NOT_HEADING_START):
        return 0
    level = style.levels.get(_half_points(row.size))
    if level and _LETTER.search(row.text):
        return level
    worded = _LETTER.search(row.text[1:]) is not None
    short = (
        worded and len(row.text) <= _BOLD_HEADING_LENGTH and not row.text.endswith(_NOT_HEADING_END)
    )
    heavy = row.bold and row.size >= _LEAST_BOLD * style.body
    return style.bold_level if style.bold_level and heavy and short else 0


def level_of(group: Sequence[Row], text: str, style: Style) -> int:
    """Return the heading level of a group of rows whose words are `text`; 0 for text."""
    outlined = style.outline.level_at(group[0].page, text)
    if outlined:
        return outlined
    if len(text) > _HEADING_LENGTH or LEADER.search(text) or text.endswith("。"):
        return 0
    numbered = heading_level(text)
    looks = row_level(group[0], style)
    if numbered and len(group) <= 2:
        return numbered
    return looks if len(group) <= 4 and len(_LETTER.findall(text)) > 1 else 0
