"""Approved wordings as vectors: those that may be used now, by collection and language."""

import heapq
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from generation.script_match import Likeness, ScriptReading, difference, likeness
from generation.script_wording import Wording
from ingestion.store.scripts import StoredScript
from retrieval.dense import DenseIndex, Vectors

NEIGHBOURS = 30
_Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Match:
    """A script beside a sentence. differs: what the two state differently, empty: nothing."""

    script: StoredScript
    score: float
    differs: str
    likeness: Likeness

    @property
    def cosine(self) -> float:
        """Return the highest cosine of the sentence and the script's wordings."""
        return self.likeness.cosine


@dataclass(slots=True)
class _Kept:
    """A script in its place. ids: of its rows in the index; none while it may not be used."""

    script: StoredScript
    vectors: Vectors
    reading: ScriptReading
    ids: list[int] = field(default_factory=list)


class ScriptIndex:
    """Scripts of one language under their collections' names. Safe to share between threads."""

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._places: dict[tuple[str, str], _Place] = {}
        self._where: dict[_Key, _Place] = {}
        self._unread: dict[_Key, ScriptReading] = {}
        self._lock = threading.Lock()

    def __contains__(self, key: _Key) -> bool:
        return key in self._where

    def __len__(self) -> int:
        return len(self._where)

    def __iter__(self) -> Iterator[_Key]:
        return iter(list(self._where))

    def add(self, script: StoredScript, vectors: Vectors) -> None:
        """Add a script with a row for its text and for each variant."""
        with self._lock:
            at = (script.collection, script.language)
            place = self._places.setdefault(at, _Place(self._dimension))
            key = (script.script_id, script.version)
            self._unread[key] = place.add(script, vectors)
            self._where[key] = place

    def remove(self, keys: Iterable[_Key]) -> None:
        """Remove scripts; unknown ones are ignored."""
        by_place: dict[int, tuple[_Place, list[_Key]]] = {}
        with self._lock:
            for key in keys:
                place = self._where.pop(key, None)
                self._unread.pop(key, None)
                if place is not None:
                    by_place.setdefault(id(place), (place, []))[1].append(key)
            for place, gone in by_place.values():
                place.remove(gone)

    def prepare(self, most: int) -> None:
        """Read so many of the scripts that were not read yet, so that no sentence waits for it."""
        with self._lock:
            taken = [self._unread.popitem()[1] for _ in range(min(most, len(self._unread)))]
        for reading in taken:
            reading.prepare()

    def nearest(
        self,
        said: Wording,
        vector: NDArray[np.float32],
        *,
        collections: Sequence[str],
        language: str,
        now: datetime,
        limit: int,
    ) -> list[Match]:
        """Return the scripts of these collections that are nearest, best first, each once."""
        found: dict[_Key, tuple[float, _Kept]] = {}
        for collection in dict.fromkeys(collections):
            place = self._places.get((collection, language))
            if place is None:
                continue
            with self._lock:
                place.settle(now)
            for cosine, kept in place.search(vector):
                key = (kept.script.script_id, kept.script.version)
                if key not in found or cosine > found[key][0]:
                    found[key] = (cosine, kept)
        near = heapq.nlargest(NEIGHBOURS, found.values(), key=lambda one: one[0])
        return best_matches(said, near, limit)


class _Place:
    """The scripts of one collection and language; only those in force lie in the index."""

    def __init__(self, dimension: int) -> None:
        self._index = DenseIndex(dimension)
        self._kept: dict[_Key, _Kept] = {}
        self._bounded: set[_Key] = set()
        self._rows: dict[int, _Kept] = {}
        self._next_id = 0
        self._since: datetime | None = None
        self._until: datetime | None = None
        self._settled = True

    def add(self, script: StoredScript, vectors: Vectors) -> ScriptReading:
        key = (script.script_id, script.version)
        kept = _Kept(script, vectors, ScriptReading((script.text, *script.variants)))
        self._kept[key] = kept
        if script.valid_from is None and script.valid_to is None:
            self._show(kept)
        else:
            self._bounded.add(key)
            self._settled = False
        return kept.reading

    def remove(self, keys: Sequence[_Key]) -> None:
        gone = [self._kept.pop(key) for key in keys]
        self._bounded.difference_update(keys)
        self._hide(gone)

    def settle(self, now: datetime) -> None:
        """Let in what may be used now, and out what may not. Does nothing till a bound passes."""
        begun = self._since is None or self._since <= now
        if self._settled and begun and (self._until is None or now < self._until):
            return
        bounded = [self._kept[key] for key in self._bounded]
        self._hide([one for one in bounded if one.ids and not is_valid(one.script, now)])
        for one in bounded:
            if not one.ids and is_valid(one.script, now):
                self._show(one)
        bounds = [
            moment
            for one in bounded
            for moment in (one.script.valid_from, one.script.valid_to)
            if moment is not None
        ]
        self._since = max((one for one in bounds if one <= now), default=None)
        self._until = min((one for one in bounds if one > now), default=None)
        self._settled = True

    def search(self, vector: NDArray[np.float32]) -> list[tuple[float, _Kept]]:
        """Return the nearest wordings' cosines, best first, with their scripts."""
        hits = self._index.search(vector, NEIGHBOURS)
        rows = [(cosine, self._rows.get(row)) for row, cosine in hits]
        return [(cosine, kept) for cosine, kept in rows if kept is not None]

    def _show(self, kept: _Kept) -> None:
        kept.ids = list(range(self._next_id, self._next_id + len(kept.vectors)))
        self._next_id += len(kept.ids)
        self._rows.update(dict.fromkeys(kept.ids, kept))
        self._index.add(kept.ids, kept.vectors)

    def _hide(self, gone: Sequence[_Kept]) -> None:
        ids = [row for one in gone for row in one.ids]
        for one in gone:
            one.ids = []
        for row in ids:
            self._rows.pop(row, None)
        if ids:
            self._index.remove(ids)


def best_matches(said: Wording, near: Sequence[tuple[float, _Kept]], limit: int) -> list[Match]:
    """Return the matches that score best; what differs comes after what does not.

    near: cosines with scripts. Whether texts differ is looked at from the best score on, and only
    until there are enough, as it takes most of the time.
    """
    seen = [(likeness(said, kept.reading, cosine), kept) for cosine, kept in near]
    seen.sort(key=lambda one: (-one[0].score(), -one[0].cosine))
    same, other = list[Match](), list[Match]()
    for alike, kept in seen:
        if len(same) == limit:
            break
        what = difference(said, kept.reading)
        match = Match(kept.script, 0.0 if what else alike.score(), what, alike)
        (other if what else same).append(match)
    return [*same, *sorted(other, key=lambda one: -one.cosine)][:limit]


def is_valid(script: StoredScript, now: datetime) -> bool:
    """Tell whether a script may be used at a moment; the end is excluded."""
    begun = script.valid_from is None or script.valid_from <= now
    return begun and (script.valid_to is None or now < script.valid_to)
