"""Pack sentences into chunks of even size that end where the text itself pauses.

A chunk lies within one section, with two exceptions, for a vector of ten words matches at random:
a section that is only its heading goes with the one after it, and so does a line or two between a
heading and the first heading below it; and neighbouring sections of a line or two under one parent
share a chunk. Where to cut is a shortest path: squared deviation from the even size plus the cost
of each boundary. A scorer of boundaries is a parameter; what must not be torn is decided here.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from ingestion.cutting import Cut, cut_at_least_cost
from ingestion.records import Block, BlockKind, Chunk, Document, Section, Sentence

CountTokens = Callable[[Sequence[str]], list[int]]


@dataclass(frozen=True, slots=True)
class Unit:
    """What chunks are packed of: a sentence, or a part of one that is too long for a chunk.

    section: ordinal of its section. opens: begins its sentence. heading: part of a heading.
    Units of a section touch or leave out only the line breaks between blocks.
    """

    start: int
    end: int
    page: int | None
    block: Block
    section: int
    opens: bool
    heading: bool


class Boundaries(NamedTuple):
    """What is thought of the n - 1 boundaries between n units.

    costs: of ending a chunk there; 0 is a natural end, 1 outweighs a chunk that is twice or none of
    the even size. coherence: the probability that the text goes on there, None where nobody asked.
    """

    costs: Sequence[float]
    coherence: Sequence[float | None]


Judge = Callable[[Document, Sequence[Unit]], Boundaries]
"""Takes all units of a document."""

_COUNTED_TOGETHER = 1024
_TORN_SENTENCE, _TORN_WHOLE, _LONE_HEADING = 4.0, 100.0, 1000.0
_LONGEST_HEADER = 200  # characters
_TINY, _MODEST = 6, 2  # divisors of the limit: sections that may merge, and what they may grow to

_ARTICLE = re.compile(
    r"\s*(?:第[零〇○一二三四五六七八九十百千\d]+条(?:之[一二三四五六七八九十]+)?"
    r"(?!规定|的|至|和|或|、|第|中|所)|(?:Article|Section|§)\s*\d)"
)
_LEAD_IN = re.compile(r"[:：]\s*$")
_CLAUSE_END = re.compile(r"[，、；：;\n\t|]|[,:](?!\d)")


def pack_chunks(
    document: Document,
    sections: Sequence[Section],
    sentences: Sequence[Sequence[Sentence]],
    count_tokens: CountTokens,
    *,
    limit: int,
    judge: Judge | None = None,
    cut: Cut = cut_at_least_cost,
) -> list[Chunk]:
    """Return the chunks of a document: in order, disjoint, together covering every block.

    sentences: those of each section, in order. count_tokens: the encoder's count of each text; it
    is called on batches. limit: most tokens of a chunk, counted as the sum over its sentences,
    which is the chunk's own count or slightly more. judge: of the boundaries; None is
    `judge_by_layout`. cut: chooses those where chunks end by sizes and costs. A sentence over the
    limit is divided at clauses, then at spaces.
    Raises ValueError if limit < 1. O(units x units in a chunk).
    """
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    tiled = [
        unit
        for ordinal, (section, inside) in enumerate(zip(sections, sentences, strict=True))
        for unit in _tile(document, ordinal, section, inside)
    ]
    units, tokens = _fit(document.text, tiled, count_tokens, limit)
    preferred, coherence = (judge or judge_by_layout)(document, units)
    required = _required_costs(document.text, units, tokens, limit)
    costs = [wish + rule for wish, rule in zip(preferred, required, strict=True)]
    spans = [
        (group.first + begin, group.first + end, group.path)
        for group in _groups(sections, units, tokens, limit)
        for begin, end in cut(
            tokens[group.first : group.stop], costs[group.first : group.stop - 1], limit
        )
    ]
    goes_on = [None, *coherence]
    return [
        _chunk(document, i, units[a:b], path, goes_on[a]) for i, (a, b, path) in enumerate(spans)
    ]


def judge_by_layout(document: Document, units: Sequence[Unit]) -> Boundaries:
    """Return what `structural_costs` tells, and nothing of coherence."""
    costs = structural_costs(document, units)
    return Boundaries(costs, [None] * len(costs))


def structural_costs(document: Document, units: Sequence[Unit]) -> list[float]:
    """Return how unwelcome a chunk's end is between each two units, from layout alone.

    In a statute an article is the natural unit; elsewhere a paragraph. Worst is to part a
    lead-in ("the following:") from what it announces, or a caption from its table.
    """
    texts = [document.text[unit.start : unit.end] for unit in units]
    article = [bool(_ARTICLE.match(text)) for text in texts]
    paragraph = 0.5 if any(article) else 0.1
    costs = []
    for i, unit in enumerate(units[1:], start=1):
        if article[i]:
            costs.append(0.0)
        elif _LEAD_IN.search(texts[i - 1]) or _names(units[i - 1].block, unit.block):
            costs.append(1.0)
        elif unit.start > unit.block.start:
            costs.append(paragraph + 0.3)
        else:
            costs.append(paragraph + 0.1 * (unit.block.kind is BlockKind.LIST_ITEM))
    return costs


def _names(one: Block, other: Block) -> bool:
    return {one.kind, other.kind} == {BlockKind.CAPTION, BlockKind.TABLE}


def _tile(
    document: Document, ordinal: int, section: Section, sentences: Sequence[Sentence]
) -> Iterator[Unit]:
    """Widen the sentences until every block of the section is covered without overlap."""
    blocks = section.blocks
    if not blocks:
        return
    starts = [block.start for block in blocks]
    heading = _heading_block(document, section)
    opens = [sentence.start for sentence in sentences] or [starts[0]]
    opens[0] = min(opens[0], starts[0])
    ends = [sentence.end for sentence in sentences] or [blocks[-1].end]
    for i, (start, end) in enumerate(zip(opens, ends, strict=True)):
        following = opens[i + 1] if i + 1 < len(opens) else blocks[-1].end
        reached = blocks[max(bisect_left(starts, following) - 1, 0)].end
        block = blocks[max(bisect_right(starts, start) - 1, 0)]
        yield Unit(
            start=start,
            end=max(end, min(following, reached)),
            page=sentences[i].page if sentences else block.page,
            block=block,
            section=ordinal,
            opens=True,
            heading=block.kind is BlockKind.HEADING or block is heading,
        )


def _heading_block(document: Document, section: Section) -> Block | None:
    """Return the first block if it is the section's heading and nothing else, whatever its kind."""
    first = section.blocks[0]
    words = document.text[first.start : first.end].split()
    return first if section.path and words == section.path[-1].split() else None


def _fit(
    text: str, units: Sequence[Unit], count_tokens: CountTokens, limit: int
) -> tuple[list[Unit], list[int]]:
    """Divide units until each fits its room, counting whole generations at a time."""
    fitted, tokens = list(units), _count(text, units, count_tokens)
    while True:
        rooms = _rooms(fitted, tokens, limit)
        parts = [
            _divide(text, unit, math.ceil(size / room))
            if size > room and unit.end - unit.start > 1
            else [unit]
            for unit, size, room in zip(fitted, tokens, rooms, strict=True)
        ]
        new = [part for group in parts if len(group) > 1 for part in group]
        if not new:
            return fitted, tokens
        counted = iter(_count(text, new, count_tokens))
        tokens = [
            next(counted) if len(group) > 1 else size
            for group, size in zip(parts, tokens, strict=True)
            for _ in group
        ]
        fitted = [part for group in parts for part in group]


def _count(text: str, units: Sequence[Unit], count_tokens: CountTokens) -> list[int]:
    counts: list[int] = []
    for first in range(0, len(units), _COUNTED_TOGETHER):
        batch = units[first : first + _COUNTED_TOGETHER]
        counts += count_tokens([text[unit.start : unit.end] for unit in batch])
    return counts


def _rooms(units: Sequence[Unit], tokens: Sequence[int], limit: int) -> list[int]:
    """Return the most tokens each unit may have; after a heading, what the heading leaves."""
    rooms, headings = [], 0
    for unit, size in zip(units, tokens, strict=True):
        fits = not unit.heading and headings <= limit // 2
        rooms.append(limit - headings if fits else limit)
        headings = headings + size if unit.heading else 0
    return rooms


def _divide(text: str, unit: Unit, parts: int) -> list[Unit]:
    """Divide a unit after its clauses, or where it has none, into at least two like lengths."""
    inner = (mark.end() for mark in _CLAUSE_END.finditer(text, unit.start, unit.end - 1))
    cuts = list(inner) or _even_cuts(text, unit.start, unit.end, max(parts, 2))
    bounds = [unit.start, *cuts, unit.end]
    return [
        Unit(start, end, unit.page, unit.block, unit.section, unit.opens and i == 0, unit.heading)
        for i, (start, end) in enumerate(pairwise(bounds))
    ]


def _even_cuts(text: str, start: int, end: int, parts: int) -> list[int]:
    """Return rising offsets inside the span, after a space where one is near."""
    step = (end - start) / parts
    even = [start + math.ceil(step * i) for i in range(1, parts)]
    near = [text.rfind(" ", cut - int(step / 4), cut) + 1 or cut for cut in even]
    return sorted({cut for cut in near if start < cut < end})


def _required_costs(
    text: str, units: Sequence[Unit], tokens: Sequence[int], limit: int
) -> list[float]:
    """Return the cost of tearing a sentence, a heading off, or what is whole and fits a chunk."""
    wholes = _wholes(text, units)
    sizes: dict[int, int] = {}
    for whole, size in zip(wholes, tokens, strict=True):
        if whole is not None:
            sizes[whole] = sizes.get(whole, 0) + size
    costs = []
    for (before, own), (unit, whole) in pairwise(zip(units, wholes, strict=True)):
        cost = _LONE_HEADING if before.heading and not unit.heading else 0.0
        cost += _TORN_WHOLE if whole is not None and whole == own and sizes[whole] <= limit else 0.0
        costs.append(cost + (0.0 if unit.opens else _TORN_SENTENCE))
    return costs


def _wholes(text: str, units: Sequence[Unit]) -> list[int | None]:
    """Return for each unit where the table, code or article of a statute begins that it is of."""
    found: list[int | None] = []
    article: int | None = None
    section = -1
    for unit in units:
        if unit.heading or unit.section != section:
            article, section = None, unit.section
        if unit.start == unit.block.start and _ARTICLE.match(text, unit.start, unit.end):
            article = unit.start
        whole = unit.block.kind in (BlockKind.TABLE, BlockKind.CODE)
        found.append(unit.block.start if whole else article)
    return found


@dataclass(frozen=True, slots=True)
class _Group:
    """Units that may share a chunk: `units[first:stop]`."""

    first: int
    stop: int
    path: tuple[str, ...]
    siblings: tuple[str, ...] | None
    """The parent's path while more of its children may join, else None."""
    tokens: int


def _groups(
    sections: Sequence[Section], units: Sequence[Unit], tokens: Sequence[int], limit: int
) -> list[_Group]:
    """Return runs of sections: an opening with the section below it, tiny siblings together."""
    groups: list[_Group] = []
    first = size = own = 0
    for i, unit in enumerate(units):
        size, own = size + tokens[i], own + tokens[i]
        following = units[i + 1] if i + 1 < len(units) else None
        if following and following.section == unit.section:
            continue
        path = sections[unit.section].path
        tiny = own <= limit // _TINY
        own = 0
        if following and (unit.heading or (tiny and _below(sections[following.section], path))):
            continue
        alone = units[first].section == unit.section
        mergeable = path[:-1] if path and size <= limit // _TINY else None
        group = _Group(first, i + 1, path, mergeable, size)
        if groups and alone and (merged := _merged(groups[-1], group, limit)):
            groups[-1] = merged
        else:
            groups.append(group)
        first, size = i + 1, 0
    return groups


def _below(section: Section, path: tuple[str, ...]) -> bool:
    return bool(path) and len(section.path) > len(path) and section.path[: len(path)] == path


def _merged(before: _Group, group: _Group, limit: int) -> _Group | None:
    """Return both as one if they are tiny siblings and together still modest, else None."""
    tokens = before.tokens + group.tokens
    if group.siblings is None or before.siblings != group.siblings or tokens > limit // _MODEST:
        return None
    return _Group(before.first, group.stop, group.siblings, group.siblings, tokens)


def _chunk(
    document: Document,
    ordinal: int,
    units: Sequence[Unit],
    path: tuple[str, ...],
    coherence: float | None,
) -> Chunk:
    start, end = units[0].start, units[-1].end
    block = units[0].block
    header_end = document.text.find("\n", block.start, start)
    if block.kind is BlockKind.TABLE and header_end >= 0:
        # Rows mean nothing without the names of their columns.
        path = (*path, document.text[block.start : min(header_end, block.start + _LONGEST_HEADER)])
    text = document.text[start:end]
    return Chunk(ordinal, start, end, units[0].page, path, text, coherence)
