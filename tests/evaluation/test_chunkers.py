from collections.abc import Sequence

import numpy as np
import pytest

from evaluation.chunkers import (
    Chunker,
    RememberedEmbedder,
    RememberedScorer,
    chunkers,
    similarity_ranks,
)
from ingestion.chunks import Boundaries, Unit
from ingestion.records import BlockKind, Document, Scores, Vectors
from ingestion.strategies import Chunking
from tests.ingestion.test_chunks import count_tokens, make_document

PARAGRAPH = BlockKind.PARAGRAPH
CATS, DOGS = ["The cat sleeps." for _ in range(4)], ["A dog barks!" for _ in range(4)]


class WordEmbedder:
    """Texts about cats and texts about dogs stand at right angles."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.calls.append(list(texts))
        counts = np.array([[text.count("cat"), text.count("dog"), 0.1] for text in texts])
        rows = counts / np.linalg.norm(counts, axis=1, keepdims=True)
        return rows.astype(np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        self.calls.append(list(texts))
        return count_tokens(texts)


class WordScorer:
    def __init__(self) -> None:
        self.pairs = 0

    def score_pairs(self, pairs: Sequence[tuple[str, str]]) -> Scores:
        self.pairs += len(pairs)
        same = [("cat" in first[-12:]) == ("cat" in second[:12]) for first, second in pairs]
        return np.where(same, 0.9, 0.02).astype(np.float32)


def test_every_family_cuts_the_whole_document() -> None:
    document = make_document(*((PARAGRAPH, 0, line) for line in CATS + DOGS))
    found = chunkers(WordEmbedder(), WordScorer(), [60])
    assert {one.family for one in found} == {
        "fixed",
        "recursive",
        "structure",
        "embedding",
        "greedy nsp",
        "nsp",
    }
    assert len({one.name for one in found}) == len(found)
    for chunker in found:
        chunks = chunker.chunks(document, WordEmbedder())
        assert "\n\n".join(chunk.text for chunk in chunks) == document.text


@pytest.mark.parametrize("family", ["embedding", "greedy nsp", "nsp"])
def test_families_that_look_at_the_text_cut_where_it_turns(family: str) -> None:
    document = make_document(*((PARAGRAPH, 0, line) for line in CATS + DOGS))
    turn = document.text.index(DOGS[0])
    found = chunkers(WordEmbedder(), WordScorer(), [200])
    starts = {
        one.name: [chunk.start for chunk in one.chunks(document, WordEmbedder())]
        for one in found
        if one.family == family
    }
    assert [0, turn] in starts.values()


def test_similarity_ranks_are_lowest_at_the_largest_drop() -> None:
    document = make_document(*((PARAGRAPH, 0, line) for line in CATS + DOGS))
    seen: list[Boundaries] = []

    def judge(document: Document, units: Sequence[Unit]) -> Boundaries:
        seen.append(similarity_ranks(WordEmbedder())(document, units))
        assert similarity_ranks(WordEmbedder())(document, units[:1]) == Boundaries([], [])
        assert len(similarity_ranks(WordEmbedder())(document, units[:2]).costs) == 1
        return seen[-1]

    Chunker("x", "x", Chunking(60, judge)).chunks(document, WordEmbedder())
    assert list(seen[0].costs).index(0.0) == 3
    assert len(seen[0].costs) == 7


def test_remembered_models_are_asked_once() -> None:
    embedder, scorer = WordEmbedder(), WordScorer()
    known = RememberedEmbedder(embedder)
    first = known.embed_passages(["cat", "dog", "cat"])
    np.testing.assert_array_equal(known.embed_passages(["dog"]), first[1:2])
    assert known.count_tokens(["a b", "a b"]) == known.count_tokens(["a b"]) * 2 == [2, 2]
    assert embedder.calls == [["cat", "dog"], ["a b"]]
    remembered = RememberedScorer(scorer)
    pairs = [("cat", "cat"), ("cat", "dog"), ("cat", "cat")]
    np.testing.assert_allclose(remembered.score_pairs(pairs), [0.9, 0.02, 0.9])
    remembered.score_pairs(pairs[:1])
    assert scorer.pairs == 2
