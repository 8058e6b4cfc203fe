"""Keep snapshots of the indexes: not at every change, but when it is quiet or much has changed."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ingestion.errors import CatalogUnavailable
from retrieval.collection_index import Unsaved
from retrieval.collections_index import CollectionsIndex

_STEP_SECONDS = 1.0
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SavePolicy:
    """When a collection is saved. Times in seconds.

    wait: a change is saved after so long, if nothing has changed for `quiet`; in any case after ten
    times as long. changes, share: so many changes, and so many for each document, do not wait.
    pause: the shortest time between two saves, and `rest` times as long as the last one took.
    """

    wait: float = 60.0
    quiet: float = 5.0
    changes: int = 500
    share: float = 0.05
    pause: float = 10.0
    rest: float = 20.0

    def is_due(self, unsaved: Unsaved, documents: int, now: float) -> bool:
        """Tell whether to save while the service runs, pauses aside."""
        if not unsaved.changes:
            return False
        if unsaved.outdated or unsaved.changes >= max(self.changes, self.share * documents):
            return True
        waited, quiet = now - unsaved.since, now - unsaved.latest
        return waited >= 10 * self.wait or (waited >= self.wait and quiet >= self.quiet)

    def is_worth_it(self, unsaved: Unsaved, documents: int) -> bool:
        """Tell whether to save at the end; few changes are followed faster at the next start."""
        return unsaved.outdated or unsaved.changes * 100 > documents


class SnapshotKeeper:
    """Saves the indexes from a thread of its own, which never keeps a process alive."""

    def __init__(
        self,
        indexes: CollectionsIndex,
        policy: SavePolicy | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """clock: the one of the indexes."""
        self._indexes = indexes
        self._policy = policy or SavePolicy()
        self._clock = clock
        self._resting: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)

    def start(self) -> None:
        """Start to look every second what is to be saved. Call once."""
        self._thread.start()

    def close(self) -> None:
        """End the thread and save what is worth it. Call once."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        for name, (unsaved, documents) in self._indexes.unsaved().items():
            if self._policy.is_worth_it(unsaved, documents):
                self._save(name)

    def step(self) -> None:
        """Save the collections that are due."""
        for name, (unsaved, documents) in self._indexes.unsaved().items():
            now = self._clock()
            if now < self._resting.get(name, now) or self._stop.is_set():
                continue
            if self._policy.is_due(unsaved, documents, now):
                self._save(name)
                took = self._clock() - now
                pause = max(self._policy.pause, self._policy.rest * took)
                self._resting[name] = self._clock() + pause

    def _run(self) -> None:
        while not self._stop.wait(_STEP_SECONDS):
            try:
                self.step()
            except Exception:
                # The last resort: one failed step must not stop all later ones.
                logger.exception("Saving the indexes failed; it is tried again")

    def _save(self, name: str) -> None:
        started = self._clock()
        try:
            manifest = self._indexes.save(name)
        except (CatalogUnavailable, OSError) as exc:
            logger.warning("A snapshot of the indexes could not be saved: %s", exc)
            return
        if manifest is not None:
            logger.info(
                "saved a snapshot of the indexes of %d documents in %.1f s",
                manifest.documents,
                self._clock() - started,
            )
