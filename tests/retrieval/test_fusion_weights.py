import pytest

from retrieval.fusion_weights import FusionWeights, KeyIndexMode, weights_of


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
