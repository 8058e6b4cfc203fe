"""Approved scripts as answers are held against them: their own index, following the catalog."""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
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
from generation.script_index import Match, ScriptIndex, is_valid
from generation.script_wording import wording
from ingestion.store.policies import StoredPolicy
from ingestion.store.scripts import StoredScript
from retrieval.dense import Vectors

_EMBEDDED_AT_ONCE = 16
_EMBEDDED_BESIDE = 64
_READ_BESIDE = 100
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

    def vectors(self, encoder: str, script_ids: Collection[str]) -> dict[_Key, bytes]:
        """Return the vectors that are kept of these scripts."""
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
        self._index = ScriptIndex(embedder.dimension)
        self._waiting: dict[_Key, StoredScript] = {}
        self._in_use: frozenset[str] = frozenset()
        self._special: Sequence[StoredScript] = ()

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
                self._in_use = frozenset(one.collection for one in scripts.values())
                self._special = [one for one in scripts.values() if _is_special(one)]
                self._take_changes()
                self._take_kept()
                self._seen = number
        # One thread embeds; the others go on with what there is, as nobody may wait for a model.
        if self._embedding.acquire(blocking=False):
            try:
                self._embed(most)
            finally:
                self._embedding.release()

    def after(self, step: Callable[[], object]) -> Callable[[], None]:
        """Return a step that also follows the catalog, with more new scripts at once.

        It reads scripts ahead too, which sentences would wait for.
        """

        def both() -> None:
            step()
            self.follow(_EMBEDDED_BESIDE)
            self.read_ahead(_READ_BESIDE)

        return both

    def read_ahead(self, most: int) -> None:
        """Read the wordings of so many scripts, which is done once and else when one is near."""
        self._index.prepare(most)

    def policy(self, collection: str) -> Policy:
        """Return the policy of a collection, the default where it has none."""
        return self._policies.get(collection) or Policy()

    def is_empty(self, collection: str) -> bool:
        """Return whether a collection has no approved script."""
        return not self._in_use & {"", collection}

    def nearest(self, text: str, *, collection: str, language: str, limit: int = 5) -> list[Match]:
        """Return the scripts that may be used now and are nearest, best first, each once.

        Raises what the encoder raises; ValueError where its vector is not finite.
        """
        if not len(self._index):
            return []
        vector = self._embedder.embed_queries([text])[0]
        if not np.isfinite(vector).all():
            raise ValueError("the encoder gave no finite vector")
        return self._index.nearest(
            wording(text),
            vector,
            collections=("", collection),
            language=language,
            now=self._clock(),
            limit=limit,
        )

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
            for one in self._special
            if one.language == language
            and one.collection in ("", collection)
            and is_valid(one, now)
        ]
        # Those of the collection itself come before those of every collection.
        return sorted(found, key=lambda one: (not one.collection, one.script_id))

    def _take_changes(self) -> None:
        """Let go of what was changed or withdrawn, and note what waits for its vectors."""
        wanted = {(one.script_id, one.version): one for one in self._matching()}
        self._index.remove([key for key in self._index if key not in wanted])
        self._waiting = {key: one for key, one in wanted.items() if key not in self._index}

    def _matching(self) -> Iterator[StoredScript]:
        for one in self._scripts.values():
            if FALLBACK_TAG not in one.tags and one.stage not in (FALLBACK_STAGE, HANDOVER):
                yield one

    def _take_kept(self) -> None:
        if not self._waiting:
            return
        ids = {script_id for script_id, _ in self._waiting}
        kept = self._store.vectors(self._embedder.name, ids)
        for key, script in list(self._waiting.items()):
            rows = len(_texts(script))
            blob = kept.get(key, b"")
            if len(blob) == rows * self._embedder.dimension * _FLOAT.itemsize:
                self._add(script, np.frombuffer(blob, _FLOAT).reshape(rows, -1))

    def _embed(self, most: int) -> None:
        with self._following:
            waiting = list(islice(self._waiting.values(), most))
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
                if self._waiting.get((script.script_id, script.version)) == script:
                    self._add(script, own)
        self._store.keep_vectors(self._embedder.name, made)

    def _add(self, script: StoredScript, vectors: Vectors) -> None:
        self._index.add(script, vectors)
        self._waiting.pop((script.script_id, script.version), None)


def _texts(script: StoredScript) -> list[str]:
    return [script.text, *script.variants]


def _is_special(script: StoredScript) -> bool:
    """Tell whether a script may be given without a match: a fallback, a greeting, a hand-over."""
    by_tag = {FALLBACK_TAG, GREETING_TAG} & set(script.tags)
    return bool(by_tag) or script.stage in (FALLBACK_STAGE, HANDOVER)


def _last_use(script: StoredScript, used: Sequence[str]) -> int:
    return max((at for at, one in enumerate(used) if one == script.script_id), default=-1)
