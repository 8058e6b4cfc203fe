"""Topics told by example sentences, against neutral ones, in the space of the encoder.

Cosines of the bundled encoder lie between .75 and 1, so a fixed cosine tells little. A kernel
ridge regression (targets +1 and -1, each side of equal weight) on the examples is used instead:
one for each topic, and one for all topics together, which knows the most examples. Their mean is
the margin that thresholds compare; 0 is half-way.
"""

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass

import numpy as np
import re2
from numpy.typing import NDArray

from generation.ports import SentenceEmbedder
from generation.rules.reading import read, speak
from generation.rules.records import TopicRule

Vectors = NDArray[np.float32]  # (n, d), unit rows
Column = NDArray[np.float32]  # (n,)
_OWN_WIDTH, _OWN_RIDGE = 1.0, 0.1
_ANY_WIDTH, _ANY_RIDGE = 1.0, 0.3


@dataclass(frozen=True, slots=True)
class TopicScore:
    """The margin of a text for a topic (by its place in the list), and what it must reach."""

    topic: int
    margin: float
    threshold: float

    @property
    def hit(self) -> bool:
        """Tell whether the text is about the topic."""
        return self.margin >= self.threshold


class TopicFinder:
    """The topic rules of a rule set, learnt from their examples once. Safe to share."""

    def __init__(
        self,
        rules: Sequence[TopicRule],
        neutral: Sequence[str],
        embedder: SentenceEmbedder,
        known: MutableMapping[str, Column] | None = None,
        asides: Sequence[str] = (),
    ) -> None:
        """Embeds all examples that `known` lacks, and adds them to it.

        asides: RE2; where one matches, cues count for nothing.
        Raises what the embedder raises; ValueError where vectors are not finite rows, one a text.
        """
        self._embedder = embedder
        self._known = {} if known is None else known
        self._cues = [_union(rule.cues) for rule in rules]
        self._asides = _union(asides)
        self._thresholds = [(rule.threshold, rule.cue_threshold) for rule in rules]
        inside = [list(dict.fromkeys(rule.examples)) for rule in rules]
        outside = list(
            dict.fromkeys([*neutral, *(c for rule in rules for c in rule.counter_examples)])
        )
        texts = [*outside, *(text for examples in inside for text in examples)]
        self._support = self._remembered(texts)
        rest = np.arange(len(outside))
        self._own = np.zeros((len(texts), len(rules)), np.float32)
        first = len(outside)
        for at, examples in enumerate(inside):
            own = np.arange(first, first + len(examples))
            rows = np.r_[own, rest]
            self._own[rows, at] = _fit(self._support[rows], len(own), _OWN_WIDTH, _OWN_RIDGE)
            first += len(examples)
        every = np.r_[np.arange(len(outside), len(texts)), rest]
        self._any = np.zeros(len(texts), np.float32)
        self._any[every] = _fit(
            self._support[every], len(texts) - len(outside), _ANY_WIDTH, _ANY_RIDGE
        )

    def score(self, texts: Sequence[str]) -> list[list[TopicScore]]:
        """Return for each text its score for every topic. Raises as the embedder, or ValueError."""
        if not texts or not self._thresholds:
            return [[] for _ in texts]
        plain = [_spoken(text) for text in texts]
        vectors = self._embed(plain)
        told = [self._asides is not None and self._asides.search(one) for one in plain]
        own = _kernel(vectors, self._support, _OWN_WIDTH) @ self._own
        whole = _kernel(vectors, self._support, _ANY_WIDTH) @ self._any
        margins = (own + whole[:, None]) / 2
        return [
            [
                TopicScore(at, float(margin), self._threshold(at, "" if is_aside else spoken))
                for at, margin in enumerate(row)
            ]
            for row, spoken, is_aside in zip(margins, plain, told, strict=True)
        ]

    def _threshold(self, topic: int, spoken: str) -> float:
        usual, with_cue = self._thresholds[topic]
        cues = self._cues[topic]
        return with_cue if cues is not None and cues.search(spoken) else usual

    def _remembered(self, texts: Sequence[str]) -> Vectors:
        spoken = [_spoken(text) for text in texts]
        missing = [text for text in dict.fromkeys(spoken) if text not in self._known]
        if missing:
            self._known.update(zip(missing, self._embed(missing), strict=True))
        if not spoken:
            return np.zeros((0, self._embedder.dimension), np.float32)
        return np.stack([self._known[text] for text in spoken])

    def _embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.asarray(self._embedder.embed_queries(texts), dtype=np.float32)
        if vectors.shape != (len(texts), self._embedder.dimension):
            raise ValueError(f"{len(texts)} texts gave vectors of shape {vectors.shape}")
        if not np.isfinite(vectors).all():
            raise ValueError("a vector is not finite")
        return vectors


def _kernel(left: Vectors, right: Vectors, width: float) -> Vectors:
    kernel: Vectors = np.exp(width * (2 * (left @ right.T) - 2)).astype(np.float32)
    return kernel


def _fit(rows: Vectors, inside: int, width: float, ridge: float) -> Column:
    """Return the weights of the rows, of which the first `inside` are the topic's. O(n³)."""
    outside = len(rows) - inside
    target = np.r_[np.ones(inside), -np.ones(outside)]
    share = np.r_[np.full(inside, 0.5 / inside), np.full(outside, 0.5 / outside)] * len(rows)
    kernel = _kernel(rows, rows, width).astype(np.float64)
    kernel[np.diag_indices_from(kernel)] += ridge / share
    return np.asarray(np.linalg.solve(kernel, target), np.float32)


def _union(patterns: Sequence[str]) -> "re2._Regexp[str] | None":
    return re2.compile("|".join(f"(?:{one})" for one in patterns)) if patterns else None


def _spoken(text: str) -> str:
    return speak(read(text)).text
