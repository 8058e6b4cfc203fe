import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.rules.personal_data import masked, personal_data
from generation.rules.records import PersonalKind

ALL = frozenset(PersonalKind)


def hidden(text: str, kinds: frozenset[PersonalKind] = ALL) -> str:
    shown = text
    for item in personal_data(text, kinds):
        shown = shown[: item.start] + masked(text, item) + shown[item.end :]
    return shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("电话13912345678。", "电话139****5678。"),
        ("+86 139-1234-5678", "+86 139-****-5678"),
        ("证号11010519491231002X", "证号110**************X"),
        ("4111-1111-1111-1111", "****-****-****-1111"),
        ("010-87654321", "010-8*******"),
        ("写信到li.na@example.com。", "写信到**.**@*******.***。"),
        ("a@b.cn, c@d.cn", "*@*.**, *@*.**"),
        ("zhang (at) example (dot) com", "***** (**) ******* (***) ***"),
        ("li dot na at example dot com", "** *** ** ** ******* *** ***"),
        ("zhang＠example．com", "*****＠*******．***"),
        ("护照号E12345678", "护照号E******78"),
        ("沪A8K926", "沪A*****"),
        ("粤B·12345D", "粤B·******"),
        ("10.0.12.7", "**.*.**.*"),
    ],
)
def test_masked_item_shows_little_of_it(text: str, shown: str) -> None:
    assert hidden(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "版本10.2",
        "苏AAAAAA级景区",
        "编号E12345678",
        "look at example dot",
        "沪A12345678",
        "we met at noon. com",
        "@user",
    ],
)
def test_personal_data_of_other_text_finds_none(text: str) -> None:
    assert personal_data(text, ALL - {PersonalKind.IPV4}) == []


def test_personal_data_of_same_item_written_otherwise_has_one_value() -> None:
    values = {
        item.value
        for text in ("138-1234-5678", "13812345678", "一三八一二三四五六七八")
        for item in personal_data(text, ALL)
    }
    assert values == {"13812345678"}
    mails = {
        item.value
        for text in ("a.b@c.com", "A.B＠c.com", "a.b(at)c(dot)com")
        for item in personal_data(text, ALL)
    }
    assert mails == {"a.b@c.com"}


@given(st.text(alphabet="0123456789１Xx -+86á你@.ac") | st.text())
def test_masked_text_keeps_its_length_and_hides_completely(text: str) -> None:
    once = hidden(text)
    assert len(once) == len(text)
    assert personal_data(once, ALL) == []


@pytest.mark.parametrize("piece", ["a@a.", "ab", "a.", "a at ", "沪A", "1.", "@"])
def test_personal_data_of_hostile_text_takes_linear_time(piece: str) -> None:
    def seconds(size: int) -> float:
        started = time.process_time()
        personal_data((piece * size)[:size] + "@", ALL)
        return time.process_time() - started

    seconds(1_000)
    # Quadratic work would take a hundred times as long: 40 leaves room for a busy machine.
    assert seconds(100_000) < 40 * max(seconds(10_000), 0.02)
