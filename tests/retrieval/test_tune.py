import random

import pytest

from retrieval.fusion_weights import BOUNDS, FusionWeights
from retrieval.stages import LevelHits, StageHits
from retrieval.tune import JudgedSearch, TooFewQuestions, reciprocal_rank, tune

RIGHT = 1


def _search(
    *, words: dict[int, float], raw: dict[int, float], logits: dict[int, float] | None = None
) -> JudgedSearch:
    def ranked(found: dict[int, float]) -> list[tuple[int, float]]:
        return sorted(found.items(), key=lambda hit: -hit[1])

    hits = StageHits(
        candidates=None,
        everywhere=LevelHits(ranked(words), ranked(raw), []),
        among=None,
        documents=[],
        highest_words=1.0,
        highest_document=1.0,
        document_of=dict.fromkeys([*words, *raw], 0),
    )
    return JudgedSearch(hits, frozenset({RIGHT}), logits or {})


def _by_meaning() -> JudgedSearch:
    """Words mislead; only little weight for them, and much for meaning, finds the right row."""
    return _search(words={2: 0.9, RIGHT: 0.3}, raw={RIGHT: 0.9, 2: 0.6, 3: 0.5})


def _noise(draw: random.Random) -> JudgedSearch:
    rows = range(1, 6)
    return _search(
        words={row: draw.random() for row in rows}, raw={row: draw.random() for row in rows}
    )


HEAVY_WORDS = FusionWeights(raw=0.3, words=1.0, sharpness=1.0)


def test_tune_finds_weights_that_hold_up_on_the_other_half() -> None:
    found = tune([_by_meaning() for _ in range(60)], HEAVY_WORDS, seed=3)
    assert (found.before, found.after) == (0.5, 1.0)
    assert found.accepted
    assert (found.gain, found.low) == (0.5, 0.5)
    assert (found.fitted, found.judged) == (30, 30)


def test_tune_on_noise_is_not_accepted() -> None:
    draw = random.Random(1)
    found = tune([_noise(draw) for _ in range(80)], FusionWeights(), seed=3)
    assert not found.accepted
    assert found.low <= found.gain <= found.high


def test_tune_weights_stay_within_their_bounds_and_rest_as_they_were() -> None:
    now = FusionWeights(depth=7, rerank_depth=5)
    found = tune([_by_meaning() for _ in range(40)], now, seed=9).weights
    for name, (low, high) in BOUNDS.items():
        assert low <= getattr(found, name) <= high
    assert (found.depth, found.rerank_depth) == (7, 5)


def test_tune_equal_seeds_give_equal_results_and_tell_how_far_they_are() -> None:
    draw = random.Random(2)
    searches = [_noise(draw) for _ in range(40)]
    told: list[tuple[int, int]] = []
    first = tune(searches, FusionWeights(), seed=5, progress=lambda *step: told.append(step))
    assert first == tune(searches, FusionWeights(), seed=5)
    assert told[-1][0] == told[-1][1] == len(told)


def test_tune_too_few_questions_is_refused() -> None:
    with pytest.raises(TooFewQuestions, match="39 questions"):
        tune([_by_meaning()] * 39, FusionWeights(), seed=1)


def test_reciprocal_rank_counts_what_the_reranker_read() -> None:
    search = _search(words={}, raw={2: 0.9, RIGHT: 0.8, 3: 0.7}, logits={RIGHT: 3.0, 2: -3.0})
    assert reciprocal_rank(search, FusionWeights(rerank=0.0)) == 0.5
    assert reciprocal_rank(search, FusionWeights(rerank=0.3)) == 1.0
    only_first = FusionWeights(rerank=0.3, rerank_depth=1)
    assert reciprocal_rank(search, only_first) == 0.5


def test_reciprocal_rank_of_what_was_not_found_is_zero() -> None:
    assert reciprocal_rank(_search(words={2: 1.0}, raw={3: 1.0}), FusionWeights()) == 0.0
