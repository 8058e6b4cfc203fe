"""Approved scripts as answers are held against them: their own index, following the catalog."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np

from generation.policy import (
    CUT_SHORT,
    FALLBACK_STAGE,
    FALLBACK_TAG,
    GREETING_TAG,
    HANDOVER,
    Policy,
    read_policy,
)
from generation.script_match import Wording, differs, match_score, wording
from ingestion.store.policies import StoredPolicy
from ingestion.store.scripts import StoredScript
from retrieval.dense import DenseIndex, Vectors

NEIGHBOURS = 30
_EMBEDDED_AT_ONCE = 16
_EMBEDDED_BESIDE = 64
_FLOAT = np.dtype("<f4")
_Key = tuple[str, int]


class ScriptStore(Protocol):
    """Where scripts are kept."""

    def change_number(self) -> int:
        """Return a number that grows with every change."""
        ...

    def approved(self) -> list[StoredScript]:
        """Return every approved script."""
        ...

    def vectors(self, encoder: str) -> dict[_Key, bytes]:
        """Return the vectors that are kept."""
        ...

    def keep_vectors(self, encoder: str, made: Sequence[tuple[str, int, bytes]]) -> None:
        """Keep vectors."""
        ...


class Embedder(Protocol):
    """Turns sentences into vectors."""

    @property
    def name(self) -> str:
        """Return the model's name."""
        ...

    @property
    def dimension(self) -> int:
        """Return the length of a vector."""
        ...

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per text."""
        ...


@dataclass(frozen=True, slots=True)
class Match:
    """A script beside a sentence. differs: what the two state differently, empty: nothing."""

    script: StoredScript
    score: float
    cosine: float
    differs: str


@dataclass(frozen=True, slots=True)
class _Entry:
    script: StoredScript
    wording: Wording


class ScriptLibrary:
    """All approved scripts and all policies. Safe to share between threads."""

    def __init__(
        self,
        store: ScriptStore,
        policies: Callable[[], Sequence[StoredPolicy]],
        embedder: Embedder,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._stored_policies = policies
        self._embedder = embedder
        self._clock = clock
        self._following = threading.Lock()
        self._embedding = threading.Lock()
        self._seen = -1
        self._scripts: Mapping[str, StoredScript] = {}
        self._policies: Mapping[str, Policy] = {}
        self._index = DenseIndex(embedder.dimension)
        self._entries: dict[int, _Entry] = {}
        self._ids: dict[_Key, list[int]] = {}
        self._next_id = 0

    def follow(self, most: int = _EMBEDDED_AT_ONCE) -> None:
        """See what the catalog holds now; of new scripts, embed so many at once.

        What was changed or withdrawn stops matching at once. Raises CatalogUnavailable, and
        ValueError where a policy cannot be read: nothing may pass then.
        """
        with self._following:
            number = self._store.change_number()
            if number != self._seen:
                policies = {
                    one.collection: read_policy(one.content, one.version)
                    for one in self._stored_policies()
                }
                scripts = {one.script_id: one for one in self._store.approved()}
                self._policies, self._scripts = policies, scripts
                self._drop_changed()
                self._take_kept()
                self._seen = number
        # One thread embeds; the others go on with what there is, as nobody may wait for a model.
        if self._embedding.acquire(blocking=False):
            try:
                self._embed(most)
            finally:
                self._embedding.release()

    def after(self, step: Callable[[], object]) -> Callable[[], None]:
        """Return a step that also follows the catalog, with more new scripts at once."""

        def both() -> None:
            step()
            self.follow(_EMBEDDED_BESIDE)

        return both

    def policy(self, collection: str) -> Policy:
        """Return the policy of a collection, the default where it has none."""
        return self._policies.get(collection) or Policy()

    def is_empty(self, collection: str) -> bool:
        """Return whether a collection has no approved script."""
        return not any(one.collection in ("", collection) for one in self._scripts.values())

    def nearest(self, text: str, *, collection: str, language: str, limit: int = 5) -> list[Match]:
        """Return the scripts that may be used now and are nearest, best first, each once."""
        if not self._entries:
            return []
        said, now = wording(text), self._clock()
        vector = self._embedder.embed_queries([text])[0]
        if not np.isfinite(vector).all():
            raise ValueError("the encoder gave no finite vector")
        within = self._within(collection, language, now)
        best: dict[str, Match] = {}
        for number, cosine in self._index.search(vector, NEIGHBOURS, within):
            entry = self._entries.get(number)
            if entry is None:
                continue
            score = match_score(said, entry.wording, cosine)
            known = best.get(entry.script.script_id)
            if known is None or (score, cosine) > (known.score, known.cosine):
                found = Match(entry.script, score, cosine, differs(said, entry.wording))
                best[entry.script.script_id] = found
        return sorted(best.values(), key=lambda one: (-one.score, -one.cosine))[:limit]

    def fallback(
        self, collection: str, stage: str, language: str, used: Sequence[str]
    ) -> StoredScript | None:
        """Return a fallback script of the stage, of all stages else; those not used come first.

        When all of a stage were used, the universal one is given, and the one used longest ago
        where that has been used too. One of the stage `cut_short` ends an answer that has begun,
        for which no other will do.
        """
        usable = self._usable(collection, language)
        of_stage = [s for s in usable if s.stage == stage and FALLBACK_TAG in s.tags]
        begun = stage == CUT_SHORT
        universal = [s for s in usable if s.stage == FALLBACK_STAGE and not begun]
        fresh = [s for s in of_stage if s.script_id not in used] or universal or of_stage
        return min(fresh, key=lambda one: _last_use(one, used), default=None)

    def handover(
        self, collection: str, language: str, used: Sequence[str] = ()
    ) -> StoredScript | None:
        """Return a script that hands a conversation over to a human."""
        found = [one for one in self._usable(collection, language) if one.stage == HANDOVER]
        return min(found, key=lambda one: _last_use(one, used), default=None)

    def greeting(
        self, collection: str, language: str, used: Sequence[str] = ()
    ) -> StoredScript | None:
        """Return a script that answers a greeting: one with the tag `greeting`."""
        found = [one for one in self._usable(collection, language) if GREETING_TAG in one.tags]
        return min(found, key=lambda one: _last_use(one, used), default=None)

    def _usable(self, collection: str, language: str) -> list[StoredScript]:
        now = self._clock()
        found = [
            one
            for one in self._scripts.values()
            if one.language == language
            and one.collection in ("", collection)
            and _is_valid(one, now)
        ]
        # Those of the collection itself come before those of every collection.
        return sorted(found, key=lambda one: (not one.collection, one.script_id))

    def _within(self, collection: str, language: str, now: datetime) -> list[int]:
        return [
            number
            for number, entry in list(self._entries.items())
            if entry.script.language == language
            and entry.script.collection in ("", collection)
            and _is_valid(entry.script, now)
            and FALLBACK_TAG not in entry.script.tags
            and entry.script.stage not in (FALLBACK_STAGE, HANDOVER)
        ]

    def _drop_changed(self) -> None:
        wanted = {(one.script_id, one.version) for one in self._scripts.values()}
        gone = [key for key in self._ids if key not in wanted]
        ids = [number for key in gone for number in self._ids.pop(key)]
        for number in ids:
            self._entries.pop(number, None)
        if ids:
            self._index.remove(ids)

    def _take_kept(self) -> None:
        kept = self._store.vectors(self._embedder.name)
        for script in self._waiting():
            texts = _texts(script)
            size = len(texts) * self._embedder.dimension * _FLOAT.itemsize
            blob = kept.get((script.script_id, script.version), b"")
            if len(blob) == size:
                self._add(script, np.frombuffer(blob, _FLOAT).reshape(len(texts), -1))

    def _embed(self, most: int) -> None:
        with self._following:
            waiting = self._waiting()[:most]
        if not waiting:
            return
        vectors = self._embedder.embed_queries([t for one in waiting for t in _texts(one)])
        made, start = [], 0
        for script in waiting:
            own = vectors[start : start + len(_texts(script))]
            start += len(own)
            blob = np.ascontiguousarray(own, dtype=_FLOAT).tobytes()
            made.append((script.script_id, script.version, blob))
            with self._following:
                if self._scripts.get(script.script_id) == script:
                    self._add(script, own)
        self._store.keep_vectors(self._embedder.name, made)

    def _waiting(self) -> list[StoredScript]:
        return [s for s in self._scripts.values() if (s.script_id, s.version) not in self._ids]

    def _add(self, script: StoredScript, vectors: Vectors) -> None:
        ids = list(range(self._next_id, self._next_id + len(vectors)))
        self._next_id += len(ids)
        for number, text in zip(ids, _texts(script), strict=True):
            self._entries[number] = _Entry(script, wording(text))
        self._ids[(script.script_id, script.version)] = ids
        self._index.add(ids, vectors)


def _texts(script: StoredScript) -> list[str]:
    return [script.text, *script.variants]


def _is_valid(script: StoredScript, now: datetime) -> bool:
    begun = script.valid_from is None or script.valid_from <= now
    return begun and (script.valid_to is None or now < script.valid_to)


def _last_use(script: StoredScript, used: Sequence[str]) -> int:
    return max((at for at, one in enumerate(used) if one == script.script_id), default=-1)
