import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from evaluation.chunk_run import (
    LabelledPair,
    pair_rows,
    read_evidence,
    read_joined,
    reliability_rows,
    segmentation_rows,
    span_rows,
)
from evaluation.chunkers import chunkers
from ingestion.records import Vectors
from tests.evaluation.test_chunkers import CATS, DOGS, WordEmbedder, WordScorer


def quiet(_stage: str, _done: int, _total: int) -> None:
    """Say nothing."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    mark = "=========="
    for number in range(4):
        lines = [mark, *CATS[: 2 + number % 2], mark, *DOGS, mark, *CATS[:3], mark]
        (tmp_path / f"{number}.ref").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_read_joined_gives_lines_and_inner_boundaries(folder: Path) -> None:
    first, *others = read_joined(folder, most=9, seed=1)
    assert len(others) == 3
    assert len(first.starts) == first.boundaries[-1] + 3
    assert len(first.boundaries) == 2
    turn = first.starts[first.boundaries[0]]
    assert first.document.text[turn:].startswith("A dog")
    assert read_joined(folder, most=2, seed=1) == [first, others[0]]


def test_read_joined_of_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"has no \.ref files"):
        read_joined(tmp_path, most=1, seed=1)


def test_segmentation_rows_tell_who_finds_the_turns(folder: Path) -> None:
    joined = read_joined(folder, most=9, seed=1)
    options = chunkers(WordEmbedder(), WordScorer(), [40, 400])
    rows = {str(row[0]): row for row in segmentation_rows(joined, options, WordEmbedder(), quiet)}
    assert len(rows) == 6
    family, name, error, difference, share = rows["greedy nsp"]
    assert (family, error, difference, share) == ("greedy nsp", 0.0, 0.0, 1.0)
    assert str(name).startswith("greedy nsp ")
    assert isinstance(rows["fixed"][2], float)
    assert rows["fixed"][2] > 0.1


def test_span_rows_cover_evidence_of_the_right_document(tmp_path: Path) -> None:
    corpora = tmp_path / "corpora"
    corpora.mkdir()
    (corpora / "a.md").write_text("\n\n".join(CATS + DOGS))
    (corpora / "b.md").write_text("Nothing but a fish.")
    entries = [
        {"text": "dog", "corpus_id": "a", "references": [{"content": DOGS[0]}]},
        {"text": "lost", "corpus_id": "a", "references": [{"content": "not there"}]},
    ]
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, entries)))
    documents, questions = read_evidence(tmp_path)
    assert [question.question for question in questions] == ["dog"]
    (start, end) = questions[0].spans[0]
    assert documents["a"].text[start:end] == DOGS[0]

    def embed(texts: Sequence[str]) -> Vectors:
        return WordEmbedder().embed_passages(list(texts))

    chosen = [
        one for one in chunkers(WordEmbedder(), WordScorer(), [12, 40]) if one.family == "fixed"
    ]
    small, large = span_rows(documents, questions, chosen, WordEmbedder(), embed, quiet)
    assert small[1] == large[1] == 1.0
    assert isinstance(small[3], float)
    assert isinstance(large[3], float)
    assert small[4] > large[4]
    assert np.isfinite([small[2], large[2]]).all()


def test_pairs_are_told_apart_at_even_odds_and_their_probabilities_compared_with_what_follows() -> (
    None
):
    pairs = [
        LabelledPair("a", "b", follows, kind)
        for follows, kind in [(True, "next"), (True, "next"), (False, "other"), (False, "far")]
    ]
    scores = np.array([0.95, 0.35, 0.05, 0.91], dtype=np.float32)
    assert pair_rows(pairs, scores) == [
        ["far", pytest.approx(0.25), 0.5, 0.0, 1],
        ["other", pytest.approx(0.75), 0.5, 1.0, 1],
        ["all, calibration error", pytest.approx((0.05 + 0.65 + 0.86) / 4), None, None, None],
    ]
    assert reliability_rows(pairs, scores) == [
        ["0.0-0.1", pytest.approx(0.05), 0.0, 1],
        ["0.3-0.4", pytest.approx(0.35), 1.0, 1],
        ["0.9-1.0", pytest.approx(0.93), 0.5, 2],
    ]
