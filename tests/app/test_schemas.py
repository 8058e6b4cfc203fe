import pytest
from pydantic import ValidationError

from app.schemas import AskBody, collection_name, plain_text


@pytest.mark.parametrize("name", ["default", "法规", "a.b-c_d", "9", "é" * 64])
def test_collection_name_letters_of_any_script_are_kept(name: str) -> None:
    assert collection_name(name) == name


@pytest.mark.parametrize("name", ["", " ", "-a", ".a", "a b", "a/b", "a\n", "a" * 65, "a\0"])
def test_collection_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="must"):
        collection_name(name)


def test_collection_name_two_ways_of_writing_are_one() -> None:
    assert collection_name("e\u0301") == "\u00e9"


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_plain_text_that_no_store_can_keep_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must not contain"):
        plain_text(text)


def test_ask_body_question_is_stripped_before_it_is_measured() -> None:
    assert AskBody(question="  谁？\n").question == "谁？"
    with pytest.raises(ValidationError):
        AskBody(question=" \n ")


def test_ask_body_misspelt_member_is_refused() -> None:
    with pytest.raises(ValidationError, match="colection"):
        AskBody.model_validate({"question": "谁？", "colection": "a"})
