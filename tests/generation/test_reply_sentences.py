from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.reply_sentences import is_looping, join_sentences, sentence_spans, split_stream


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("成立于2020年。资本3.5亿元！", ["成立于2020年。", "资本3.5亿元！"]),
        ("他说：“你好。”然后走了。", ["他说：“你好。”", "然后走了。"]),
        (
            "他看了《你好！》这部电影。好看？！是的",
            ["他看了《你好！》这部电影。", "好看？！", "是的"],
        ),
        ("Dr. Smith paid $3.5 in the U.S. market. Then he left.", None),
        ("See Art. 5 and J. Smith et al. for more. It ends.", None),
        ('He said "Stop." She did not.', None),
        ("1. First thing. 2. Second thing.", ["1. First thing.", "2. Second thing."]),
        ("Use version 1.2.3 now! Visit a.com/?q=1 today. Done", None),
        ("第一行\n第二行\n\n第三行", ["第一行", "第二行", "第三行"]),
        ("a line that\ngoes on here. New", ["a line that\ngoes on here.", "New"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentence_spans_of_text_cuts_at_true_ends(text: str, expected: list[str] | None) -> None:
    found = sentences(text)
    if expected is None:
        assert len(found) == 2 + text.endswith("Done")
    else:
        assert found == expected


@given(st.text(alphabet='你好a B.3!?。！”"》\n ,;；U.S'))
def test_sentence_spans_any_text_covers_all_but_white_space(text: str) -> None:
    spans = sentence_spans(text)
    assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(text.split())
    assert all(left[1] <= right[0] for left, right in pairwise(spans))


@given(st.text(alphabet='你好aB.3!?。！”"》\n 的在', max_size=60), st.integers(1, 7))
def test_split_stream_in_any_pieces_gives_what_the_whole_gives(text: str, size: int) -> None:
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    streamed = list(split_stream(iter(pieces)))
    whole = list(split_stream(iter([text])))
    assert streamed == whole


@given(
    st.lists(
        st.sampled_from(["今天是星期一。", "Rain fell. ", "价格3.5元！", "好的，", "\n"]),
        unique=True,
    )
)
def test_split_stream_without_repeats_loses_nothing(parts: list[str]) -> None:
    text = "".join(parts)
    assert "".join("".join(split_stream(iter(text))).split()) == "".join(text.split())


def test_split_stream_yields_before_the_stream_ends() -> None:
    seen: list[str] = []

    def pieces() -> Iterator[str]:
        yield "第一句。"
        yield "第"
        seen.append("asked on")
        yield "二句。"

    stream = split_stream(pieces())
    assert next(stream) == "第一句。"
    assert not seen


def test_split_stream_of_ngram_loop_stops_and_closes_the_source() -> None:
    closed: list[bool] = []

    def pieces() -> Iterator[str]:
        try:
            yield "答案是三年。"
            while True:
                yield "因为所以"
        finally:
            closed.append(True)

    source = pieces()  # held, so that it is not closed just by being forgotten
    assert list(split_stream(source)) == ["答案是三年。"]
    assert closed == [True]


def test_split_stream_of_repeated_sentence_gives_it_once() -> None:
    assert list(split_stream(iter("有效期为三年整。有效期为三年整。其他。"))) == [
        "有效期为三年整。"
    ]


def test_split_stream_closed_early_closes_the_source() -> None:
    closed: list[bool] = []

    def pieces() -> Iterator[str]:
        try:
            yield "一句。二"
            yield "句。"
        finally:
            closed.append(True)

    source = pieces()
    stream = split_stream(source)
    next(stream)
    stream.close()  # type: ignore[attr-defined]  # the iterator is a generator
    assert closed == [True]


@pytest.mark.parametrize(
    "text", ["1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", "哈哈哈哈", "", "ab" * 19]
)
def test_is_looping_of_honest_text_is_false(text: str) -> None:
    assert not is_looping(text)


@pytest.mark.parametrize("text", ["是" * 40, "好的。" + "我不知道啊" * 8, " the cat sat" * 4])
def test_is_looping_of_repeats_is_true(text: str) -> None:
    assert is_looping(text)


def test_join_sentences_puts_spaces_between_latin_only() -> None:
    assert join_sentences(["It is.", "So.", "是的。", "好。", "Yes."]) == "It is. So.是的。好。Yes."


def test_join_sentences_parts_words_that_have_no_end_of_their_own() -> None:
    assert join_sentences(["六个月", "二倍", "完。"]) == "六个月；二倍；完。"
    assert join_sentences(["forty", "six"]) == "forty; six"
    assert join_sentences(["300%", "两人", "5"]) == "300%两人；5"
