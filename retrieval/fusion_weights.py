"""How much each kind of match counts, and which level of the index is searched at all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

KeyIndexMode = Literal["both", "key_info_only", "raw_only"]
"""both: key information and raw text. key_info_only: the vectors and words of key information.
raw_only: the vectors of chunks, and the words of chunks and documents. A chunk so short that its
own vector serves for its key information has that one in every mode."""


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """How much each kind of match counts. Measured in docs/benchmarks.md.

    raw, keys: cosines of a chunk's own text and of its key information, above the worst cosine
    found. words, document_words: the share of the question that a chunk, or its whole document,
    holds, as BM25 weighs its terms, to the power of `sharpness`: a question in the documents' own
    words is told by its words, one in other words by its meaning. body_field, above_field,
    key_field: what a term counts for `words` in the chunk's text, in the key information where the
    text lacks it, and anywhere in the key information. What weighs 0 is not searched.

    rrf_k: 0 adds up scores as above; above 0, each list counts by rank instead, (k + 1)/(k + rank)
    of its weight (Cormack et al. 2009). rerank: what a logit of the reranker counts beside all
    this, where there is one; it reads the `rerank_depth` best passages.
    """

    raw: float = 0.8
    keys: float = 0.2
    words: float = 0.4
    document_words: float = 0.5
    sharpness: float = 3.0
    body_field: float = 1.0
    above_field: float = 0.3
    key_field: float = 0.0
    depth: int = 100
    candidate_documents: int = 64
    rerank: float = 0.02
    rerank_depth: int = 8
    rrf_k: int = 0

    @property
    def fields(self) -> Mapping[str, float]:
        """Return the weights of the fields of `KeyIndex.search_words`."""
        return {"body": self.body_field, "above": self.above_field, "key": self.key_field}


BOUNDS: Mapping[str, tuple[float, float]] = {
    "raw": (0.3, 1.5),
    "keys": (0.05, 0.8),
    "words": (0.1, 1.0),
    "document_words": (0.1, 1.0),
    "sharpness": (1.0, 4.0),
    "rerank": (0.005, 0.15),
}
"""How far tuning may move each weight: whatever its questions, no kind of match is lost."""


def tuned(weights: FusionWeights, content: Mapping[str, float]) -> FusionWeights:
    """Return weights with those that were tuned, within the bounds; others are not looked at."""
    values = {
        name: min(max(float(content[name]), low), high)
        for name, (low, high) in BOUNDS.items()
        if name in content
    }
    rrf_k = min(max(int(content.get("rrf_k", weights.rrf_k)), 0), 1000)
    return with_values(weights, values, rrf_k)


def with_values(weights: FusionWeights, values: Mapping[str, float], rrf_k: int) -> FusionWeights:
    """Return weights with new values for some of those that have bounds."""
    floats = {name: float(getattr(weights, name)) for name in BOUNDS} | dict(values)
    return replace(
        weights,
        raw=floats["raw"],
        keys=floats["keys"],
        words=floats["words"],
        document_words=floats["document_words"],
        sharpness=floats["sharpness"],
        rerank=floats["rerank"],
        rrf_k=rrf_k,
    )


def tuned_content(weights: FusionWeights) -> dict[str, float]:
    """Return what `tuned` takes."""
    return {name: float(getattr(weights, name)) for name in (*BOUNDS, "rrf_k")}


def weights_of(mode: KeyIndexMode) -> FusionWeights:
    """Return the weights of a search in one level or both.

    Each kind of match, meaning and words, keeps its say; within it all goes to the level searched.
    """
    whole = FusionWeights()
    meaning = whole.raw + whole.keys
    if mode == "raw_only":
        return FusionWeights(raw=meaning, keys=0.0, above_field=0.0)
    if mode == "key_info_only":
        return FusionWeights(
            raw=0.0,
            keys=meaning,
            words=whole.words + whole.document_words,
            document_words=0.0,
            body_field=0.0,
            above_field=0.0,
            key_field=1.0,
        )
    return whole
