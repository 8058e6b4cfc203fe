from collections.abc import Generator
from dataclasses import replace

from app.answer_events import AnswerEvent, AnswerRequest, DoneEvent, SentenceEvent
from app.answer_parts import with_parts
from generation.records import Answer, Outcome
from tests.app.service_fakes import CITATION, answer

FIRST, SECOND = "年假有几天？", "病假工资怎么算？"
REQUEST = AnswerRequest(FIRST + SECOND, "c", (), None, None, None, None, "t")


class Answering:
    """Answers the questions it knows with their cited sentence; refuses the others."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.ends: dict[str, Outcome] = {}
        self.asked: list[AnswerRequest] = []
        self.closed = 0

    def __call__(self, request: AnswerRequest) -> Generator[AnswerEvent]:
        self.asked.append(request)
        text = self.known.get(request.question)
        outcome = self.ends.get(request.question, Outcome.ANSWERED if text else Outcome.REFUSED)
        said = text or f"没有找到{request.question}"
        cited = (CITATION,) if text else ()
        try:
            yield SentenceEvent(0, said, cited)
            end = answer("t", text=said, outcome=outcome)
            timings = {"search.total": 2.0, "first_sentence": 3.0, "total": 4.0}
            yield DoneEvent(replace(end, citations=cited, timings_ms=timings))
        finally:
            self.closed += 1


def ask(
    answering: Answering, request: AnswerRequest = REQUEST
) -> tuple[list[SentenceEvent], Answer]:
    *said, end = with_parts(answering)(request)
    assert isinstance(end, DoneEvent)
    return [one for one in said if isinstance(one, SentenceEvent)], end.answer


def test_parts_each_is_answered_with_its_own_citation() -> None:
    answering = Answering()
    answering.known = {FIRST: "五天。", SECOND: "按八成。"}
    said, end = ask(answering)
    assert [(one.index, one.text, one.citations[0].sentence) for one in said] == [
        (0, "五天。", 0),
        (1, "按八成。", 1),
    ]
    assert (end.outcome, end.text) == (Outcome.ANSWERED, "五天。按八成。")
    assert [one.sentence for one in end.citations] == [0, 1]
    assert end.timings_ms["search.total"] == 4.0
    assert [turn.content for turn in answering.asked[1].history] == [FIRST]
    assert [(one.is_part, one.has_begun) for one in answering.asked] == [
        (True, False),
        (True, True),
    ]


def test_parts_one_without_evidence_is_refused_by_itself_after_the_others() -> None:
    answering = Answering()
    answering.known = {SECOND: "按八成。"}
    said, end = ask(answering)
    assert [one.text for one in said] == ["按八成。", f"没有找到{FIRST}"]
    assert end.outcome is Outcome.ANSWERED
    assert [one.sentence for one in end.citations] == [0]


def test_parts_all_refused_the_whole_question_is_answered() -> None:
    answering = Answering()
    answering.known = {REQUEST.question: "见下。"}
    said, end = ask(answering)
    assert [one.text for one in said] == ["见下。"]
    assert [one.is_part for one in answering.asked] == [True, True, False]
    assert end.outcome is Outcome.ANSWERED


def test_parts_script_ends_the_answer() -> None:
    answering = Answering()
    answering.ends = {FIRST: Outcome.SCRIPT}
    said, end = ask(answering)
    assert ([one.text for one in said], end.outcome) == ([f"没有找到{FIRST}"], Outcome.SCRIPT)
    assert len(answering.asked) == 1


def test_parts_the_same_sentence_is_said_once() -> None:
    answering = Answering()
    answering.known = {FIRST: "五天。", SECOND: "五天。"}
    assert [one.text for one in ask(answering)[0]] == ["五天。"]


def test_parts_single_question_and_comparison_pass_through() -> None:
    for question in (FIRST, "抵押与质押有什么区别？"):
        answering = Answering()
        ask(answering, replace(REQUEST, question=question))
        assert [one.question for one in answering.asked] == [question]


def test_parts_left_early_closes_what_answers() -> None:
    answering = Answering()
    answering.known = {FIRST: "五天。", SECOND: "按八成。"}
    events = with_parts(answering)(REQUEST)
    next(events)
    events.close()  # type: ignore[attr-defined]  # an iterator by contract, a generator in fact
    assert answering.closed == 1
