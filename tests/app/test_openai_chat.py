from dataclasses import replace
from typing import Any

import pytest

from app.answer_events import SentenceEvent
from app.errors import InvalidForm, ModelNotFound
from app.openai_chat import Marking, collection_of, model_of, question_of
from app.openai_schemas import ChatBody
from tests.app.service_fakes import CITATION

FIRST = CITATION
SECOND = replace(CITATION, start=20, end=24)
OTHER_REVISION = replace(CITATION, revision="r2")


def conversation(*messages: tuple[str, Any]) -> ChatBody:
    told = [{"role": role, "content": content} for role, content in messages]
    return ChatBody.model_validate({"model": "youju", "messages": told})


def marked(*sentences: SentenceEvent) -> list[str]:
    marking = Marking()
    return [marking.continued(sentence) for sentence in sentences]


def test_collection_of_finds_what_model_of_named() -> None:
    assert collection_of(model_of("法规"), ["hr", "法规"]) == "法规"


def test_collection_of_takes_a_decomposed_name() -> None:
    assert collection_of("youju/cafe\u0301", ["caf\u00e9"]) == "caf\u00e9"


@pytest.mark.parametrize(
    "model", ["hr", "youju/", "youju/sales", "youju/hr/", "Youju/hr", "gpt-4o"]
)
def test_collection_of_unknown_model_raises(model: str) -> None:
    with pytest.raises(ModelNotFound):
        collection_of(model, ["hr"])


def test_question_of_takes_the_last_user_message_and_what_was_said_before() -> None:
    body = conversation(
        ("system", "You are a pirate."),
        ("user", "你好"),
        ("assistant", "您好。"),
        ("developer", "Be brief."),
        ("user", " 试用期多长？\n"),
        ("assistant", "一个"),
    )
    asked = question_of(body, "法规")
    assert asked.question == "试用期多长？"
    assert asked.collection == "法规"
    assert [(turn.role, turn.content) for turn in asked.history] == [
        ("user", "你好"),
        ("assistant", "您好。"),
    ]
    assert (asked.session_id, asked.strategy, asked.top_k) == (None, None, None)


def test_question_of_leaves_empty_messages_out_of_the_history() -> None:
    body = conversation(("user", "一"), ("assistant", None), ("assistant", ""), ("user", "二"))
    assert [turn.content for turn in question_of(body, None).history] == ["一"]


def test_question_of_a_long_conversation_keeps_the_latest_fifty_messages() -> None:
    body = conversation(*(("user", str(number)) for number in range(60)))
    asked = question_of(body, None)
    assert asked.question == "59"
    assert [turn.content for turn in asked.history] == [str(number) for number in range(9, 59)]


@pytest.mark.parametrize(
    ("messages", "place"),
    [
        ([("user", "一"), ("system", "x"), ("user", "问" * 2001)], 2),
        ([("user", None)], 0),
        ([("user", "好"), ("user", " \u3000\n")], 1),
        ([("user", "a\0b")], 0),
        ([("system", "x"), ("assistant", "答" * 8001), ("user", "?")], 1),
        ([("system", "x"), ("assistant", ""), ("user", "a\0b"), ("user", "?")], 2),
    ],
)
def test_question_of_a_message_out_of_bounds_names_it(
    messages: list[tuple[str, Any]], place: int
) -> None:
    with pytest.raises(InvalidForm) as caught:
        question_of(conversation(*messages), None)
    (complaint,) = caught.value.complaints
    assert complaint.loc == ("body", "messages", place, "content")


def test_question_of_a_conversation_without_a_user_raises() -> None:
    with pytest.raises(InvalidForm) as caught:
        question_of(conversation(("system", "x"), ("assistant", "y")), None)
    assert caught.value.complaints[0].loc == ("body", "messages")


def test_marking_numbers_spans_by_first_use() -> None:
    assert marked(
        SentenceEvent(0, "一。", (SECOND,)),
        SentenceEvent(1, "二。", (FIRST, SECOND)),
        SentenceEvent(2, "三。", (OTHER_REVISION, OTHER_REVISION)),
    ) == ["一。 [1]", " 二。 [2][1]", " 三。 [3]"]


def test_marking_spaces_sentences_without_marks_as_the_answer_does() -> None:
    assert marked(SentenceEvent(0, "一。", ()), SentenceEvent(1, "二。", ())) == ["一。", "二。"]
    assert marked(SentenceEvent(0, "One.", ()), SentenceEvent(1, "Two.", ())) == ["One.", " Two."]


def test_marking_keeps_every_citation_with_its_number() -> None:
    marking = Marking()
    marking.continued(SentenceEvent(0, "一。", (FIRST, SECOND)))
    marking.continued(SentenceEvent(1, "二。", (replace(FIRST, sentence=1),)))
    assert [(one.sentence, one.start, one.number) for one in marking.citations] == [
        (0, 10, 1),
        (0, 20, 2),
        (1, 10, 1),
    ]
