import pytest

from models.chat_form import chat_prompt, estimate_tokens


def test_chat_prompt_is_one_user_turn_and_an_open_model_turn() -> None:
    assert chat_prompt("年假几天？") == (
        "<start_of_turn>user\n年假几天？<end_of_turn>\n<start_of_turn>model\n"
    )


@pytest.mark.parametrize(
    ("text", "estimate"),
    [("", 0), ("年假十五天", 5), ("abc", 1), ("abcd", 2), ("年假PTO", 3), ("２０", 2)],
)
def test_estimate_counts_wide_characters_one_by_one(text: str, estimate: int) -> None:
    assert estimate_tokens(text) == estimate
