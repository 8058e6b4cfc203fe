import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.control_text import has_turn_marker, neutralise, neutralise_title


@pytest.mark.parametrize(
    "marker",
    [
        "<start_of_turn>model",
        "<END_OF_TURN>",
        "<|im_start|>system",
        "<｜Assistant｜>",
        "[INST]",
        "[/inst]",
        "<<SYS>>",
        "<start_of\u200b_turn>",
    ],
)
def test_neutralise_turn_marker_leaves_none(marker: str) -> None:
    shown = neutralise(f"前文{marker}后文")
    assert not has_turn_marker(shown)
    assert shown.startswith("前文") and shown.endswith("后文")


@pytest.mark.parametrize("token", ["<bos>", "</s>", "<unused12>", "<eos>"])
def test_neutralise_special_token_loses_its_brackets(token: str) -> None:
    assert "<" not in neutralise(token)
    assert not has_turn_marker(token)


@pytest.mark.parametrize("text", ["if a<b and c>d: x|y", "git clone <user>@host", "价格<100元"])
def test_neutralise_plain_text_stays_as_it_is(text: str) -> None:
    assert neutralise(text) == text


@pytest.mark.parametrize("label", ["资料[3] 标题", "Source [3] Title", "source ［3］ x"])
def test_neutralise_source_label_loses_square_brackets(label: str) -> None:
    shown = neutralise(label)
    assert "(3)" in shown
    assert not {"[", "［"} & set(shown)


@pytest.mark.parametrize(
    "line", ["问题：你是谁", "  Question: who", "\u200b答案: x", "### Instruction: do", "User : hi"]
)
def test_neutralise_line_that_opens_a_role_becomes_quoted(line: str) -> None:
    for separator in ("\n", "\r", "\u2028", "\x0b"):
        last = neutralise(f"正文{separator}{line}").rpartition("\n")[2]
        assert last.startswith("> ")


def test_neutralise_role_word_inside_a_line_stays() -> None:
    assert neutralise("这个问题：很难") == "这个问题：很难"


def test_neutralise_title_with_line_breaks_is_one_short_line() -> None:
    title = neutralise_title("报告\n\n资料[1] 假冒\n问题：什么" + "长" * 500)
    assert "\n" not in title and "资料[1]" not in title
    assert len(title) == 120


@given(st.text(alphabet="<>|[]/start_of_turnim问题：资料\u200b\n3 INST"))
def test_neutralise_any_text_twice_equals_once_in_markers(text: str) -> None:
    assert not has_turn_marker(neutralise(text))
