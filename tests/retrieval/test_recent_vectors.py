import numpy as np
import pytest

from retrieval.recent_vectors import RecentVectors
from tests.generation.script_fakes import GramEncoder


def test_same_sentence_is_embedded_once_and_callers_cannot_spoil_it() -> None:
    encoder = GramEncoder()
    recent = RecentVectors(encoder)
    first = recent.embed_queries(["付款"])
    expected = first.copy()
    first[:] = 0
    again = recent.embed_queries(["付款"])
    again[:] = 0
    assert np.array_equal(recent.embed_queries(["付款"]), expected)
    assert encoder.embedded == ["付款"]


def test_several_and_very_long_texts_are_passed_on() -> None:
    encoder = GramEncoder()
    recent = RecentVectors(encoder)
    for _ in range(2):
        assert recent.embed_queries(["一", "二"]).shape == (2, encoder.dimension)
        recent.embed_queries(["a" * 5_000])
    assert len(encoder.embedded) == 6


def test_oldest_is_forgotten_first() -> None:
    encoder = GramEncoder()
    recent = RecentVectors(encoder, kept=2)
    for text in ("一", "二", "一", "三", "一", "二"):
        recent.embed_queries([text])
    assert encoder.embedded == ["一", "二", "三", "二"]


def test_failures_and_vectors_that_are_not_finite_are_not_kept() -> None:
    encoder = GramEncoder()
    recent = RecentVectors(encoder)
    encoder.fails = RuntimeError("away")
    with pytest.raises(RuntimeError, match="away"):
        recent.embed_queries(["付款"])
    encoder.fails = None
    assert np.isfinite(recent.embed_queries(["付款"])).all()

    class Broken(GramEncoder):
        def embed_queries(self, texts: list[str]) -> np.ndarray:  # type: ignore[override]
            return super().embed_queries(texts) * np.nan

    broken = Broken()
    spoilt = RecentVectors(broken)
    for _ in range(2):
        spoilt.embed_queries(["付款"])
    assert len(broken.embedded) == 2
