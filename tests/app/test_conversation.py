from collections.abc import Generator, Iterator
from dataclasses import replace

from app.answer_events import AnswerEvent, AnswerRequest, DoneEvent, SentenceEvent
from app.conversation import with_sessions
from generation.records import Turn
from ingestion.store.catalog import Catalog
from tests.app.service_fakes import answer


def asked(question: str, *, session: str | None = "s1", collection: str = "a") -> AnswerRequest:
    return AnswerRequest(question, collection, (), session, None, None, None, "t")


class Answering:
    """Notes what reaches the answering path, and says every question back."""

    def __init__(self) -> None:
        self.histories: list[tuple[Turn, ...]] = []
        self.closed = 0

    def __call__(self, request: AnswerRequest) -> Generator[AnswerEvent]:
        self.histories.append(request.history)
        try:
            yield SentenceEvent(0, "一。", ())
            yield DoneEvent(answer("t", text=f"答{request.question}"))
        finally:
            self.closed += 1


def turns(*pairs: str) -> tuple[Turn, ...]:
    return tuple(
        turn for pair in pairs for turn in (Turn("user", pair), Turn("assistant", f"答{pair}"))
    )


def test_session_second_question_comes_with_the_first(catalog: Catalog) -> None:
    answering = Answering()
    say = with_sessions(catalog.sessions, answering)
    list(say(asked("甲")))
    list(say(asked("乙")))
    assert answering.histories == [(), turns("甲")]


def test_session_same_id_in_another_collection_knows_nothing(catalog: Catalog) -> None:
    answering = Answering()
    say = with_sessions(catalog.sessions, answering)
    list(say(asked("甲")))
    list(say(asked("乙", collection="b")))
    list(say(asked("丙", session="s2")))
    assert answering.histories == [(), (), ()]


def test_session_history_sent_along_replaces_the_stored_one(catalog: Catalog) -> None:
    answering = Answering()
    say = with_sessions(catalog.sessions, answering)
    list(say(asked("甲")))
    list(say(replace(asked("乙"), history=turns("丁"))))
    assert answering.histories[1] == turns("丁")


def test_session_long_conversation_keeps_the_last_ten_turns(catalog: Catalog) -> None:
    answering = Answering()
    say = with_sessions(catalog.sessions, answering)
    for number in range(8):
        list(say(asked(f"{number}")))
    assert answering.histories[-1] == turns("2", "3", "4", "5", "6")


def test_no_session_nothing_is_stored(catalog: Catalog) -> None:
    answering = Answering()
    say = with_sessions(catalog.sessions, answering)
    list(say(asked("甲", session=None)))
    list(say(asked("乙", session=None)))
    assert answering.histories == [(), ()]


def test_session_answer_left_early_is_closed_and_not_stored(catalog: Catalog) -> None:
    answering = Answering()
    events: Iterator[AnswerEvent] = with_sessions(catalog.sessions, answering)(asked("甲"))
    next(events)
    assert isinstance(events, Generator)
    events.close()
    assert answering.closed == 1
    assert catalog.sessions.latest("a\ns1", 10) == []
