"""Answer runs: each question compared with what is known, and summed up."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import AnswerIncomplete
from evaluation.answer_run import (
    ask_question,
    run_answers,
    score_answers,
    score_citations,
)
from evaluation.datasets import CorpusDocument, Dataset, Question
from evaluation.metrics import RefusalScores
from evaluation.subject import ReleasedSentence
from generation.records import Answer, Citation, Outcome

DOCUMENTS = {
    "d1": CorpusDocument("d1", "企鹅", "企鹅住在南极，吃鱼。"),
    "d2": CorpusDocument("d2", "骆驼", "骆驼住在沙漠。"),
}
IDS = {"D1": "d1", "D2": "d2"}


def _citation(document: str, quote: str) -> Citation:
    return Citation(0, document, "r", "t", None, 0, len(quote), quote)


def _answer(text: str, *citations: Citation, outcome: Outcome = Outcome.ANSWERED) -> Answer:
    return Answer(text, outcome, 0.8, citations, None, "t", {"generate": 2.0})


def _says(answer: Answer, *sentences: ReleasedSentence):
    def ask(_: str) -> Iterator[ReleasedSentence | Answer]:
        yield from sentences
        yield answer

    return ask


def _asked(answer: Answer, *sentences: ReleasedSentence, gold: tuple[str, ...] = ("南极",)):
    question = Question("q", "企鹅住在哪里？", gold)
    relevant = frozenset({"d1"} if gold else ())
    return ask_question(question, _says(answer, *sentences), IDS, relevant, DOCUMENTS)


def test_ask_question_right_answer_is_scored_and_cited() -> None:
    record = _asked(_answer("南极。", _citation("D1", "住在南极")), ReleasedSentence("南极。", 1))
    assert (record.exact_match, record.f1, record.longest_run_f1) == (1, 1, 1)
    assert not record.refused
    assert record.locatable
    [citation] = record.citations
    assert (citation.document, citation.relevant, citation.overlaps) == ("d1", True, True)
    assert (record.sentences, record.uncited_sentences) == (1, 0)
    assert 0 <= record.first_sentence_ms <= record.total_ms
    assert record.timings_ms == {"generate": 2.0}


@pytest.mark.parametrize(
    ("citation", "relevant", "overlaps"),
    [
        (_citation("D1", "吃鱼"), True, False),
        (_citation("D2", "住在沙漠"), False, False),
        (_citation("D1", "极，"), True, True),
    ],
)
def test_ask_question_citation_is_checked_in_both_ways(citation, relevant, overlaps) -> None:
    [checked] = _asked(_answer("南极", citation)).citations
    assert (checked.relevant, checked.overlaps) == (relevant, overlaps)


def test_ask_question_refusal_scores_nothing_whatever_it_says() -> None:
    record = _asked(_answer("南极", outcome=Outcome.REFUSED))
    assert record.refused
    assert (record.exact_match, record.f1) == (0, 0)
    assert record.first_sentence_ms is None


def test_ask_question_fallback_counts_as_answer_only_with_citations() -> None:
    assert _asked(_answer("请联系客服。", outcome=Outcome.FALLBACK)).refused
    cited = _answer("南极", _citation("D1", "南极"), outcome=Outcome.FALLBACK)
    assert not _asked(cited).refused


def test_ask_question_unanswerable_has_no_word_scores() -> None:
    record = _asked(_answer("南极", _citation("D1", "南极")), gold=())
    assert not record.answerable
    assert record.exact_match is record.f1 is record.longest_run_f1 is None
    assert not record.citations[0].relevant


def test_ask_question_without_final_answer_is_an_error() -> None:
    question = Question("q", "?", ("x",))
    with pytest.raises(AnswerIncomplete):
        ask_question(question, lambda _: iter([ReleasedSentence("x", 1)]), IDS, frozenset(), {})


def test_score_answers_sums_up_refusals_words_and_times() -> None:
    records = [
        _asked(_answer("南极", _citation("D1", "南极")), ReleasedSentence("南极", 1)),
        _asked(_answer("没有", outcome=Outcome.REFUSED)),
        # The words of a refusal need no citation.
        _asked(_answer("没有", outcome=Outcome.REFUSED), ReleasedSentence("没有", 0), gold=()),
        _asked(_answer("沙漠", _citation("D2", "沙漠")), ReleasedSentence("沙漠", 0), gold=()),
    ]
    scores = score_answers(records, seed=1)
    assert (scores.questions, scores.answerable) == (4, 2)
    assert scores.outcomes == {"answered": 2, "refused": 2}
    assert scores.exact_match == 0.5
    assert scores.f1.mean == 0.5
    assert scores.f1_when_answered == 1.0
    assert scores.refusals == RefusalScores(0.5, 0.5, 0.5)
    assert scores.citations.uncited_sentences == 1
    assert scores.first_sentence_p50_ms <= scores.total_p95_ms


def test_score_answers_of_nothing_has_no_figures() -> None:
    scores = score_answers([], seed=1)
    assert scores.questions == 0
    assert scores.f1 is scores.exact_match is scores.total_p50_ms is None


def test_score_citations_precision_per_citation_and_recall_per_answer() -> None:
    records = [
        _asked(_answer("南极", _citation("D1", "南极"), _citation("D1", "吃鱼"))),
        # The right words of the wrong document prove nothing.
        _asked(_answer("南极", _citation("D2", "南极"))),
        # Its gold stands nowhere word for word: only the document can be checked.
        _asked(_answer("南极", _citation("D1", "吃鱼")), gold=("在地球的最南端",)),
        # Unanswerable and refused ones say nothing about citations.
        _asked(_answer("沙漠", _citation("D2", "沙漠")), gold=()),
        _asked(_answer("没有", outcome=Outcome.REFUSED)),
    ]
    scores = score_citations(records)
    assert scores.document_precision == 3 / 4
    assert scores.precision == 1 / 3
    assert scores.recall == 1 / 2
    assert scores.locatable == 2


def test_score_citations_without_citations_are_none() -> None:
    scores = score_citations([])
    assert scores.precision is scores.recall is scores.document_precision is None


def test_run_answers_every_question_is_written_as_it_comes(tmp_path: Path) -> None:
    dataset = Dataset(
        "x",
        tuple(DOCUMENTS.values()),
        (Question("q1", "企鹅住在哪里？", ("南极",)), Question("q2", "谁？", ())),
        {"q1": {"d1": 1}},
    )
    path = tmp_path / "run" / "answers.jsonl"
    counts: list[int] = []
    seen = []

    def progress(_stage: str, done: int, _total: int) -> None:
        seen.append(done)
        counts.append(len(path.read_text(encoding="utf-8").splitlines()))

    ask = _says(_answer("南极", _citation("D1", "南极")), ReleasedSentence("南极", 1))
    records = run_answers(dataset, ask, IDS, answers_path=path, progress=progress)
    assert seen == counts == [1, 2]
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line["question_id"] for line in lines] == ["q1", "q2"]
    assert lines[0]["citations"][0]["quote"] == "南极"
    assert "南极" in path.read_text(encoding="utf-8")
    assert [record.answerable for record in records] == [True, False]
