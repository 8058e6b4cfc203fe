from dataclasses import replace

import pytest

from generation.confidence import Signals, Weights, confidence, read_signals
from generation.records import Span

NOTHING = Signals(0.0, 0.0, 0.0, 0.0)


def test_read_signals_best_passage_cited_counts_all(make_passage) -> None:
    text = "The crossing takes forty minutes."
    first = replace(make_passage(text), scores={"raw": 0.8, "bm25": 12.0, "keys": 0.9})
    second = make_passage("Dogs travel free.", number=2)
    span = Span(first.chunk_id, first.start, first.end, text)
    signals = read_signals("crossing minutes", [span], [first, second])
    assert signals.similarity == 0.9
    assert (signals.coverage, signals.quoted) == (1.0, 1.0)
    assert signals.agreement == pytest.approx(1 / 1.5)


def test_read_signals_worse_passage_cited_is_less_agreement(make_passage) -> None:
    first, second = make_passage("甲。"), make_passage("乙。", number=2)
    span = Span(second.chunk_id, second.start, second.end, "乙。")
    assert read_signals("丙", [span], [first, second]).agreement == pytest.approx(0.5 / 1.5)


def test_read_signals_nothing_cited_is_zero(make_passage) -> None:
    assert read_signals("借阅", [], [make_passage("借阅。")]) == NOTHING


def test_read_signals_question_without_content_covers_nothing(make_passage) -> None:
    passage = make_passage("借阅。")
    span = Span(passage.chunk_id, passage.start, passage.end, "借阅。")
    signals = read_signals("？", [span], [passage])
    assert (signals.coverage, signals.quoted) == (0.0, 0.0)


def test_read_signals_negative_similarity_is_none(make_passage) -> None:
    passage = replace(make_passage("借阅。"), scores={"raw": -0.4})
    span = Span(passage.chunk_id, passage.start, passage.end, "借阅。")
    assert read_signals("借阅", [span], [passage]).similarity == 0.0


@pytest.mark.parametrize("name", ["similarity", "coverage", "quoted", "agreement"])
def test_confidence_rises_with_every_signal(name: str) -> None:
    assert confidence(replace(NOTHING, **{name: 1.0}), Weights()) > confidence(NOTHING, Weights())


def test_confidence_is_a_probability() -> None:
    assert confidence(NOTHING, Weights(bias=0.0)) == 0.5
    assert confidence(
        Signals(1.0, 1.0, 1.0, 1.0), Weights(0.0, 1.0, 1.0, 1.0, 1.0)
    ) == pytest.approx(0.98201379)
