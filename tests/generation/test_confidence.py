from dataclasses import replace

import pytest

from generation.confidence import (
    NOTHING_CITED,
    Calibration,
    Signals,
    Weights,
    calibrated,
    confidence,
    highest_confidence,
    read_signals,
)
from generation.records import Span


def test_read_signals_best_passage_cited_counts_all(make_passage) -> None:
    text = "The crossing takes forty minutes."
    first = replace(make_passage(text), scores={"raw": 0.8, "bm25": 12.0, "keys": 0.9})
    second = make_passage("Dogs travel free.", number=2)
    span = Span(first.chunk_id, first.start, first.end, text)
    signals = read_signals("crossing minutes", [span], [first, second], None)
    assert signals.similarity == 0.9
    assert signals.coverage == 1.0
    assert signals.agreement == pytest.approx(1 / 1.5)


def test_read_signals_worse_passage_cited_is_less_agreement(make_passage) -> None:
    first, second = make_passage("甲。"), make_passage("乙。", number=2)
    span = Span(second.chunk_id, second.start, second.end, "乙。")
    assert read_signals("丙", [span], [first, second], None).agreement == pytest.approx(0.5 / 1.5)


def test_read_signals_nothing_cited_is_zero(make_passage) -> None:
    assert read_signals("借阅", [], [make_passage("借阅。")], None) == NOTHING_CITED


def test_read_signals_question_without_content_covers_nothing(make_passage) -> None:
    passage = make_passage("借阅。")
    span = Span(passage.chunk_id, passage.start, passage.end, "借阅。")
    signals = read_signals("？", [span], [passage], None)
    assert signals.coverage == 0.0


def test_read_signals_negative_similarity_is_none(make_passage) -> None:
    passage = replace(make_passage("借阅。"), scores={"raw": -0.4})
    span = Span(passage.chunk_id, passage.start, passage.end, "借阅。")
    assert read_signals("借阅", [span], [passage], None).similarity == 0.0


@pytest.mark.parametrize(
    ("log_odds", "expected"), [(3.0, 0.3), (-4.0, -0.4), (25.0, 1.0), (-25.0, -1.0)]
)
def test_read_signals_support_is_that_of_the_cited_sentence(
    make_passage, log_odds: float, expected: float
) -> None:
    first, second = make_passage("甲。乙。"), make_passage("丙。丁。", number=2)
    span = Span(second.chunk_id, second.start + 2, second.end, "丁。")
    support = ((9.0, 9.0), (9.0, log_odds))
    assert read_signals("问", [span], [first, second], support).support == pytest.approx(expected)


def test_highest_confidence_is_that_of_the_best_sentence_cited(make_passage) -> None:
    passages = [make_passage("甲。乙。"), make_passage("丙。", number=2)]
    support = ((-9.0, 2.0), (1.0,))
    best = Span(passages[0].chunk_id, passages[0].start + 2, passages[0].start + 4, "乙。")
    signals = read_signals("丁", [best], passages, support)
    highest = highest_confidence("丁", passages, support, Weights())
    assert highest == confidence(signals, Weights())


def test_highest_confidence_of_nothing_read_is_zero(make_passage) -> None:
    assert highest_confidence("丙", [make_passage("丙。")], (), Weights()) == 0.0


@pytest.mark.parametrize("name", ["similarity", "coverage", "agreement", "support"])
def test_confidence_rises_with_every_signal(name: str) -> None:
    assert confidence(replace(NOTHING_CITED, **{name: 1.0}), Weights()) > confidence(
        NOTHING_CITED, Weights()
    )


@pytest.mark.parametrize("name", ["strange_number", "strange_name"])
def test_confidence_falls_where_the_question_speaks_of_something_else(name: str) -> None:
    strange = replace(NOTHING_CITED, **{name: 1.0})
    assert confidence(strange, Weights()) < confidence(NOTHING_CITED, Weights())


def test_read_signals_numbers_and_names_may_stand_in_any_cited_passage(make_passage) -> None:
    first, second = make_passage("北京的预算为三百元。"), make_passage("2018年如此。", number=2)
    spans = [Span(one.chunk_id, one.start, one.end, one.text) for one in (first, second)]
    both = read_signals("2018年北京的预算是多少？", spans, [first, second], None)
    assert (both.strange_number, both.strange_name) == (0.0, 0.0)
    one = read_signals("2018年北京的预算是多少？", spans[:1], [first, second], None)
    assert (one.strange_number, one.strange_name) == (1.0, 0.0)
    other = read_signals("2018年上海的预算是多少？", spans, [first, second], None)
    assert (other.strange_number, other.strange_name) == (0.0, 1.0)


def test_confidence_is_a_probability() -> None:
    assert confidence(NOTHING_CITED, Weights(bias=0.0)) == 0.5
    assert confidence(
        Signals(1.0, 1.0, 1.0, 1.0, 0.0, 0.0), Weights(0.0, 1.0, 1.0, 1.0, 1.0)
    ) == pytest.approx(0.98201379)


def test_calibrated_is_a_line_on_the_log_odds() -> None:
    assert calibrated(0.7, Calibration(0.2)) == pytest.approx(0.7)
    assert calibrated(0.5, Calibration(0.2, slope=3.0, bias=1.0)) == pytest.approx(0.7311, abs=1e-4)
    assert calibrated(0.9, Calibration(0.2, slope=0.5)) == pytest.approx(0.75)
    assert 0.0 < calibrated(0.0, Calibration(0.2)) < calibrated(1.0, Calibration(0.2)) < 1.0
