import pytest

from retrieval.fusion_weights import (
    BOUNDS,
    FusionWeights,
    KeyIndexMode,
    tuned,
    tuned_content,
    weights_of,
)


def test_weights_of_both_are_those_measured() -> None:
    assert weights_of("both") == FusionWeights()


@pytest.mark.parametrize("mode", ["raw_only", "key_info_only"])
def test_weights_of_one_level_keep_the_say_of_meaning_and_of_words(mode: KeyIndexMode) -> None:
    one, whole = weights_of(mode), FusionWeights()
    assert one.raw + one.keys == pytest.approx(whole.raw + whole.keys)
    assert one.words + one.document_words == pytest.approx(whole.words + whole.document_words)


def test_weights_of_one_level_leave_the_other_out() -> None:
    raw, keys = weights_of("raw_only"), weights_of("key_info_only")
    assert (raw.keys, raw.fields) == (0.0, {"body": 1.0, "above": 0.0, "key": 0.0})
    assert (keys.raw, keys.document_words) == (0.0, 0.0)
    assert keys.fields == {"body": 0.0, "above": 0.0, "key": 1.0}


def test_tuned_takes_what_is_stored_within_the_bounds() -> None:
    found = tuned(FusionWeights(depth=9), {"words": 0.7, "raw": 99.0, "rrf_k": 60.0, "depth": 1})
    assert (found.words, found.raw, found.rrf_k, found.depth) == (0.7, BOUNDS["raw"][1], 60, 9)
    assert found.keys == FusionWeights().keys


def test_tuned_content_gives_the_weights_back() -> None:
    weights = FusionWeights(words=0.7, sharpness=2.0, rrf_k=10)
    assert tuned(FusionWeights(), tuned_content(weights)) == weights


def test_bounds_hold_the_standard_weights() -> None:
    for name, (low, high) in BOUNDS.items():
        assert 0 < low <= getattr(FusionWeights(), name) <= high
