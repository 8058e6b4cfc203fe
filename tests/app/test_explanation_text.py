from typing import get_args

import pytest

from app.explanation_text import advice, stage_lines
from retrieval.explain import Explanation, Loss, StageRank

STAGES = (
    StageRank("summary_filter", 3, 0.5, 64, passed=True),
    StageRank("words", None, None, None, passed=False),
    StageRank("fusion", 41, 0.25, 16, passed=False),
    StageRank("result", None, None, 8, passed=False),
)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("lost_at", [*get_args(Loss), None])
def test_advice_exists_for_every_loss_in_both_languages(lost_at: Loss | None, language) -> None:
    told = advice(Explanation("c", "d", "T", STAGES, 2, lost_at), language)
    assert len(told) > 15
    assert "{" not in told
    assert told.isascii() == (language == "en")


def test_advice_names_the_ranks() -> None:
    told = advice(Explanation("c", "d", "T", STAGES, None, "fusion"), "en")
    assert "ranks 41" in told
    assert "first 16" in told


def test_stage_lines_show_rank_score_and_limit() -> None:
    lines = list(stage_lines(Explanation("c", "d", "T", STAGES, None, "fusion")))
    assert (
        lines[0].split() == "summary_filter rank 3 score 0.500 passed yes of the first 64".split()
    )
    assert lines[1].split() == "words rank – score – passed no".split()
    assert len(lines) == 4
