"""Calibrating over a real catalog; answers are made up, as the models are tried elsewhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.answer_events import AnswerEvent, AnswerRequest, DoneEvent
from app.errors import AnswerIncomplete
from evaluation.answer_calibration import (
    CalibrationQuestion,
    calibrate_collection,
    given_questions,
    judge,
    made_questions,
    store_calibration,
)
from evaluation.datasets import Dataset, Question
from generation.calibrate import TooFewAnswers
from generation.records import Answer, Citation, Outcome
from ingestion.store.catalog import Catalog
from tests.ingestion.catalog_samples import add, ingested_document

ROOMS = 40


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog(tmp_path / "catalog.sqlite")
    for number in range(ROOMS):
        text = f"读者在第{number}阅览室每次的借阅期限为{number + 20}日，由馆长负责管理。"
        add(opened, f"第{number}室.txt", text.encode(), ingested=ingested_document(text))
    yield opened
    opened.close()


def answer(
    text: str = "三十日", confidence: float = 0.5, place: tuple[str, int, int] | None = ("d", 5, 9)
) -> Answer:
    cited = [Citation(0, place[0], "r", "t", None, place[1], place[2], text)] if place else []
    outcome = Outcome.ANSWERED if place else Outcome.REFUSED
    return Answer(text, outcome, confidence, tuple(cited), None, "t", {})


def test_made_questions_have_a_place_or_no_answer(catalog: Catalog) -> None:
    questions = made_questions(catalog, "hr", most=30, seed=2)
    assert len(questions) == 30
    assert questions == made_questions(catalog, "hr", most=30, seed=2)
    answerable = [question for question in questions if question.answerable]
    assert 15 <= len(answerable) <= 27
    for question in answerable:
        assert question.place is not None
        document, start, end = question.place
        text = catalog.chunks(document)[0][0].text
        assert (start, end) == (0, len(text))
        assert not question.withheld
    others = [question for question in questions if not question.answerable]
    withheld = [question for question in others if question.withheld]
    assert withheld
    assert all(len(question.withheld) == 1 for question in withheld)
    assert made_questions(catalog, "none", most=30, seed=2) == []


def test_given_questions_of_documents_that_are_not_here_are_left_out(catalog: Catalog) -> None:
    questions = [Question("a", "几日？", ("20日",)), Question("b", "几日？", ("1日",))]
    none = Question("c", "谁？", ())
    dataset = Dataset("d", (), (*questions, none), {"a": {"第0室": 1}, "b": {"其他": 1}})
    found = given_questions(dataset, catalog, "hr")
    assert found == [CalibrationQuestion("几日？", ("20日",)), CalibrationQuestion("谁？")]


@pytest.mark.parametrize(
    ("question", "given", "right"),
    [
        (CalibrationQuestion("几日？", ("三十日",)), answer("三十日"), True),
        (CalibrationQuestion("几日？", ("三十日",)), answer("由馆长负责"), False),
        (CalibrationQuestion("几日？", place=("d", 8, 20)), answer(), True),
        (CalibrationQuestion("几日？", place=("d", 9, 20)), answer(), False),
        (CalibrationQuestion("几日？", place=("e", 8, 20)), answer(), False),
        (CalibrationQuestion("几日？"), answer(), False),
    ],
)
def test_judge_right_is_by_words_or_by_place(
    question: CalibrationQuestion, given: Answer, right: bool
) -> None:
    judged = judge(question, given)
    assert (judged.confidence, judged.right) == (0.5, right)
    assert judged.answerable == bool(question.answers or question.place)


def test_judge_what_was_not_answered_has_no_confidence() -> None:
    judged = judge(CalibrationQuestion("几日？", ("三十日",)), answer(place=None))
    assert (judged.confidence, judged.right, judged.answerable) == (0.0, False, True)


def test_calibrate_collection_asks_with_what_is_withheld_and_stores(catalog: Catalog) -> None:
    asked: list[tuple[str, frozenset[str]]] = []

    def ask(request: AnswerRequest, withheld: frozenset[str]) -> Iterator[AnswerEvent]:
        asked.append((request.question, withheld))
        sure = 0.95 if len(asked) % 3 else 0.6
        yield DoneEvent(answer(confidence=sure, place=("d", 0, 9) if len(asked) % 2 else None))

    questions = [
        CalibrationQuestion(f"问{number}", place=("d", 0, 4))
        if number % 4
        else CalibrationQuestion(f"问{number}", withheld=frozenset({"c"}))
        for number in range(200)
    ]
    told: list[int] = []
    found = calibrate_collection(
        ask,
        "hr",
        questions,
        risk=0.2,
        seed=1,
        progress=lambda _stage, done, _total: told.append(done),
    )
    assert told == list(range(1, 201))
    assert asked[0] == ("问0", frozenset({"c"}))
    assert found.fitted + found.judged == 200
    stored = store_calibration(catalog, "hr", found)
    assert stored.version == 1
    assert set(stored.weights) == {"threshold", "slope", "bias"}
    current = catalog.calibrations.current("hr")
    assert current is not None
    assert current.report["curve"][0] == [0.0, *current.report["curve"][0][1:]]
    assert len(current.report["curve"]) == len(found.curve)


def test_calibrate_collection_that_says_nothing_is_an_error() -> None:
    def silent(_request: AnswerRequest, _withheld: frozenset[str]) -> Iterator[AnswerEvent]:
        return iter(())

    def refusing(_request: AnswerRequest, _withheld: frozenset[str]) -> Iterator[AnswerEvent]:
        yield DoneEvent(answer(place=None))

    questions = [CalibrationQuestion("问", ("答",))]
    with pytest.raises(AnswerIncomplete):
        calibrate_collection(silent, "hr", questions, risk=0.1, seed=1, progress=lambda *_: None)
    with pytest.raises(TooFewAnswers):
        calibrate_collection(refusing, "hr", questions, risk=0.1, seed=1, progress=lambda *_: None)
