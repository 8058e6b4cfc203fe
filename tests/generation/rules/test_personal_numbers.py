import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.rules.personal_numbers import personal_numbers
from generation.rules.records import PersonalKind

ALL = frozenset(PersonalKind)


def found(text: str) -> list[tuple[str, str]]:
    return [(one.kind.value, one.digits) for one in personal_numbers(text, ALL)]


@pytest.mark.parametrize(
    ("text", "kind", "digits"),
    [
        ("13912345678", "mobile", "13912345678"),
        ("+86 139-1234-5678", "mobile", "13912345678"),
        ("0086 13912345678", "mobile", "13912345678"),
        ("139.1234.5678", "mobile", "13912345678"),
        ("1 3 9 1 2 3 4 5 6 7 8", "mobile", "13912345678"),
        ("一三九一二三四五六七八", "mobile", "13912345678"),
        ("幺三九一二三四五六七八", "mobile", "13912345678"),
        ("壹叁玖壹贰叁肆伍陆柒捌", "mobile", "13912345678"),
        ("①③⑨①②③④⑤⑥⑦⑧", "mobile", "13912345678"),
        ("139一二三四5678", "mobile", "13912345678"),
        ("one three nine one two three four five six seven eight", "mobile", "13912345678"),
        ("139\u200b1234\u200b5678", "mobile", "13912345678"),
        ("11010519491231002X", "identity_card", "11010519491231002X"),
        ("110105 19491231 002x", "identity_card", "11010519491231002X"),
        ("身份证110105491231002", "identity_card", "110105491231002"),
        ("4111 1111 1111 1111", "bank_card", "4111111111111111"),
        ("378282246310005", "bank_card", "378282246310005"),
        ("6222021234567890128", "bank_card", "6222021234567890128"),
        ("010-87654321", "landline", "01087654321"),
        ("电话01087654321", "landline", "01087654321"),
        ("(0755) 26543210", "landline", "075526543210"),
        ("+44 7911 654321", "mobile", "447911654321"),
        ("＋1 (415) 555-0132", "mobile", "14155550132"),
    ],
)
def test_personal_numbers_of_written_forms_finds_them(text: str, kind: str, digits: str) -> None:
    assert found(text) == [(kind, digits)]


@pytest.mark.parametrize(
    "text",
    [
        "12912345678",
        "110105194912310021",  # a wrong check digit
        "110105491231002",  # fifteen digits, and nothing says what they are
        "4111111111111112",
        "0000000000000000",
        "2020年8月11日共12345人",
        "138123456789012345678901",
        "1 2 3 4 5 6 7 8 9 10 11",
        "13,812,345,678",
        "400-820-8820",
        "编号01087654321",
        "二〇二四年一月一日至二〇二五年三月",
        "3.14159265358979",
        "03 08 15 22 27 31",
        "+1.2.3",
        "44 7911 654321",
        "+0123456789",
        "+12345678901234567",
    ],
)
def test_personal_numbers_of_other_numbers_finds_none(text: str) -> None:
    assert found(text) == []


def test_personal_numbers_finds_several_and_only_wanted_kinds() -> None:
    text = "13912345678 4111111111111111"
    assert [kind for kind, _ in found(text)] == ["mobile", "bank_card"]
    only = personal_numbers(text, frozenset({PersonalKind.BANK_CARD}))
    assert [one.kind for one in only] == [PersonalKind.BANK_CARD]


@given(st.text(alphabet="0123456789Xx 一二三-.+") | st.text())
def test_personal_numbers_of_any_text_lie_in_order_inside_it(text: str) -> None:
    end = 0
    for one in personal_numbers(text, ALL):
        assert end <= one.start < one.end <= len(text)
        assert len(one.places) == len(one.digits)
        end = one.end


@pytest.mark.parametrize("piece", ["1", "1 ", "138", "一三八", "one ", "13,"])
def test_personal_numbers_of_hostile_text_take_linear_time(piece: str) -> None:
    def seconds(size: int) -> float:
        text = (piece * size)[:size]

        def once() -> float:
            started = time.process_time()
            list(personal_numbers(text, ALL))
            return time.process_time() - started

        # The best of three: beside a large heap a collection of garbage takes longer than this.
        return min(once() for _ in range(3))

    seconds(1_000)
    # Quadratic work would take a hundred times as long: 40 leaves room for a busy machine.
    assert seconds(100_000) < 40 * max(seconds(10_000), 0.02)
