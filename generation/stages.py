"""What the user wants at this turn, told by a small model learnt from examples."""

import json
import threading
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

GREETING, HUMAN = "greeting", "human"
LEAST_LIKENESS = 0.30
LEAST_MARGIN = 0.12
_NEAREST = 3
_MOST_KEPT = 32

_Key = tuple[tuple[str, tuple[str, ...]], ...]


class Embedder(Protocol):
    """Turns sentences into vectors."""

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row per text."""
        ...


def load_examples() -> Mapping[str, Sequence[str]]:
    """Return the examples that ship with the service, by intent."""
    resource = files("generation") / "starter" / "intents.json"
    examples: Mapping[str, Sequence[str]] = json.loads(resource.read_text(encoding="utf-8"))
    return examples


class Intents:
    """Tells intents by the nearest examples, less what all examples have in common.

    An encoder's vectors all point one way; without their mean, likeness tells more. Examples are
    embedded at the first question. Safe to share between threads.
    """

    def __init__(
        self,
        examples: Mapping[str, Sequence[str]],
        embedder: Embedder,
        known: dict[str, NDArray[np.float32]] | None = None,
    ) -> None:
        """known: vectors of examples by their text; those that are learnt here are added."""
        self._given = examples
        self._examples = [(intent, text) for intent, own in examples.items() for text in own]
        self._embedder = embedder
        self._known = {} if known is None else known
        self._others: dict[_Key, Intents] = {}
        self._lock = threading.Lock()
        self._mean: NDArray[np.float32] | None = None
        self._rows: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)

    def of(self, own: Mapping[str, Sequence[str]]) -> "Intents":
        """Return intents that learn a collection's own examples beside these.

        Those made last are kept, so that examples are learnt once.
        """
        if not own:
            return self
        key = tuple((intent, tuple(texts)) for intent, texts in sorted(own.items()))
        with self._lock:
            found = self._others.get(key)
            if found is None:
                names = dict.fromkeys((*self._given, *own))
                both = {
                    name: list(dict.fromkeys((*self._given.get(name, ()), *own.get(name, ()))))
                    for name in names
                }
                if len(self._others) >= _MOST_KEPT:
                    self._others.clear()
                found = self._others[key] = Intents(both, self._embedder, self._known)
            return found

    def intent(self, text: str) -> str | None:
        """Return the intent of a sentence, None where none is clear. O(examples)."""
        scores = self.scores(text)
        best, second = sorted(scores.values(), reverse=True)[:2]
        clear = best >= LEAST_LIKENESS and best - second >= LEAST_MARGIN
        return max(scores, key=lambda one: scores[one]) if clear else None

    def scores(self, text: str) -> dict[str, float]:
        """Return how like a sentence is to the nearest three examples of each intent."""
        mean = self._learn()
        row = _unit(self._embedder.embed_queries([text]) - mean)[0]
        likeness = self._rows @ row
        found: dict[str, list[float]] = {}
        for (intent, _), value in zip(self._examples, likeness, strict=True):
            found.setdefault(intent, []).append(float(value))
        return {
            intent: float(np.mean(sorted(own, reverse=True)[:_NEAREST]))
            for intent, own in found.items()
        }

    def _learn(self) -> NDArray[np.float32]:
        with self._lock:
            if self._mean is None:
                texts = [text for _, text in self._examples]
                missing = [text for text in dict.fromkeys(texts) if text not in self._known]
                if missing:
                    learnt = self._embedder.embed_queries(missing)
                    self._known.update(zip(missing, learnt, strict=True))
                rows = np.stack([self._known[text] for text in texts])
                mean = np.asarray(rows.mean(axis=0), dtype=np.float32)
                self._rows = _unit(rows - mean)
                self._mean = mean
            return self._mean


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)
