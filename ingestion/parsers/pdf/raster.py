"""From the lines on a page to the raster of a table: which cell each of its places is part of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingestion.parsers.pdf.rulings import Ruling, Rulings

NEAR = 3.0
"""In points: how far from each other two lines may end and still meet."""
_MOST_LINES = 300


@dataclass(frozen=True, slots=True)
class Cell:
    """Places of the raster that no line parts: rows `top` to `bottom`, columns `left` to `right`.

    All four are inside the cell; rows count from the top.
    """

    top: int
    bottom: int
    left: int
    right: int

    @property
    def places(self) -> int:
        """How many places of the raster a rectangle of this size takes."""
        return (self.bottom - self.top + 1) * (self.right - self.left + 1)


Raster = dict[tuple[int, int], Cell]
"""The cell of each place, by row and column; the same one where no line parts two places."""


def crossing_lines(rulings: Rulings) -> Iterator[tuple[list[Ruling], list[Ruling]]]:
    """Yield the lines that hang together, in each lot at least two across and one down.

    Nothing where there are so many that they are a drawing.
    """
    if len(rulings.across) > _MOST_LINES or len(rulings.down) > _MOST_LINES:
        return
    left = list(rulings.down)
    lots: list[tuple[list[Ruling], list[Ruling]]] = []
    for line in rulings.across:
        lot: tuple[list[Ruling], list[Ruling]] = ([line], [])
        rest: list[Ruling] = []
        for down in left:
            (lot[1] if _meet(line, down) else rest).append(down)
        left = rest
        apart = []
        for other in lots:
            if any(_meet(line, down) for down in other[1]):
                lot[0].extend(other[0])
                lot[1].extend(other[1])
            else:
                apart.append(other)
        lots = [*apart, lot]
    yield from (lot for lot in lots if len(lot[0]) >= 2 and lot[1])


def _meet(across: Ruling, down: Ruling) -> bool:
    return (
        across.start - NEAR <= down.at <= across.end + NEAR
        and down.start - NEAR <= across.at <= down.end + NEAR
    )


def frame(lines: Sequence[Ruling], crossing: Sequence[Ruling]) -> list[float]:
    """Return where a table's lines along one axis stand, open sides closed; rising.

    crossing: the lines along the other axis. Nothing where they are those of a drawing.
    """
    return _ticks(
        [line.at for line in lines],
        [line.start for line in crossing],
        [line.end for line in crossing],
    )


def _ticks(lines: Sequence[float], starts: Sequence[float], ends: Sequence[float]) -> list[float]:
    """Return where lines stand, and where those that cross them end beyond the outermost.

    Nothing where only some end there: a table's lines do so together, an axis alone.
    """
    places = sorted(lines)
    ticks = [places[0]]
    for place in places[1:]:
        if place - ticks[-1] > NEAR:
            ticks.append(place)
    for outermost, crossing in ((min(starts), starts), (max(ends), ends)):
        if ticks[0] - 2 * NEAR <= outermost <= ticks[-1] + 2 * NEAR:
            continue
        together = sum(abs(end - outermost) <= NEAR for end in crossing)
        if together < max(2, len(crossing) / 2):
            return []
        ticks.append(outermost)
    return sorted(ticks)


def raster_of(
    across: Sequence[Ruling],
    down: Sequence[Ruling],
    edges: Sequence[float],
    levels: Sequence[float],
) -> Raster:
    """Return the cell of each place of the raster, merged where no line is drawn between two."""
    owner = {
        (row, column): (row, column)
        for row in range(len(levels) - 1)
        for column in range(len(edges) - 1)
    }

    def root(place: tuple[int, int]) -> tuple[int, int]:
        while owner[place] != place:
            owner[place] = place = owner[owner[place]]
        return place

    for row, (top, bottom) in enumerate(pairwise(levels)):
        for column, (left, right) in enumerate(pairwise(edges)):
            if column and not _is_drawn(down, left, (top + bottom) / 2):
                owner[root((row, column))] = root((row, column - 1))
            if row and not _is_drawn(across, top, (left + right) / 2):
                owner[root((row, column))] = root((row - 1, column))
    members: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for place in owner:
        members.setdefault(root(place), []).append(place)
    cells: Raster = {}
    for places in members.values():
        rows, columns = [row for row, _ in places], [column for _, column in places]
        cell = Cell(min(rows), max(rows), min(columns), max(columns))
        cells.update(dict.fromkeys(places, cell))
    return cells


def _is_drawn(lines: Sequence[Ruling], at: float, middle: float) -> bool:
    return any(abs(line.at - at) <= NEAR and line.start <= middle <= line.end for line in lines)
